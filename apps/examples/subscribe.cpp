/// Reads a feed that it knows by nothing but its id, each record proven against the owner's signed head.
///
///     subscribe DIR FEED HOST:PORT [COUNT]
///
/// HOST:PORT is a peer to dial beside those that are found. Prints a line per record: topic, offset, value. Ends at the
/// newest head, or with COUNT (which may be more than there are yet) after that many records.

#include <shoal/shoal.h>

#include <cstdio>
#include <cstdlib>
#include <string>

using namespace std::chrono_literals;

namespace {

int fail(const shoal::Error& error) {
  std::fprintf(stderr, "subscribe: %s\n%s\n", error.message.c_str(), error.hint.c_str());
  return 1;
}

std::string text(const std::optional<shoal::ByteView>& value) {
  return value ? std::string(value->begin(), value->end()) : std::string();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return std::fprintf(stderr, "usage: subscribe DIR FEED HOST:PORT [COUNT]\n"), 2;
  const auto id = shoal::FeedId::parse(argv[2]);
  if (!id) return fail(id.error());
  const long long wanted = argc > 4 ? std::strtoll(argv[4], nullptr, 10) : -1;

  auto node = shoal::Node::open({.data_dir = argv[1], .listen = {"127.0.0.1:0"}, .peers = {argv[3]}});
  if (!node) return fail(node.error());

  // A cursor by name is kept in the directory: the next run goes on where this one committed.
  shoal::SubscribeOptions options;
  options.start = shoal::Start::stored();
  options.cursor = "example";
  options.until_head = wanted < 0;
  auto subscription = node->subscribe(*id, options);
  if (!subscription) return fail(subscription.error());

  for (long long read = 0; read != wanted;) {
    shoal::PollOptions poll;
    poll.wait = {1s};
    if (wanted > 0) poll.max_records = static_cast<std::size_t>(wanted - read);
    const auto got = subscription->poll(poll);
    if (!got) return fail(got.error());
    if (got->status() == shoal::Poll::Status::end) break;
    for (const shoal::RecordView& record : got->records()) {
      std::printf("%.*s %lld %s\n", static_cast<int>(record.topic.size()), record.topic.data(),
                  static_cast<long long>(record.offset.value()), text(record.value).c_str());
    }
    read += static_cast<long long>(got->records().size());
    std::fflush(stdout);
    // What was printed is printed: never again.
    if (got->records().empty()) continue;
    if (const auto kept = subscription->commit(got->cursor()); !kept) return fail(kept.error());
  }
  return subscription->head_report().answered || wanted >= 0 ? 0 : 4;
}
