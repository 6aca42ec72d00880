/// Somebody else's program: publishes in one directory and reads it there, through the node of that directory, and from
/// another node over the network.
///
///     outside DIR
///
/// Ends with 0 and prints `read N here, N beside, N there` when every record came as it was sent.

#include <shoal/shoal.h>

#include <cstdio>
#include <string>

using namespace std::chrono_literals;

namespace {

constexpr std::int64_t kRecords = 500;

shoal::Bytes bytes(const std::string& text) { return {text.begin(), text.end()}; }

[[noreturn]] void give_up(const char* what, const shoal::Error& error) {
  std::fprintf(stderr, "outside: %s: %s: %s\n", what, std::string(shoal::code_name(error.code)).c_str(),
               error.message.c_str());
  std::exit(1);
}

template <typename T>
T need(const char* what, shoal::Result<T> result) {
  if (!result) give_up(what, result.error());
  return std::move(*result);
}

std::string payload(std::int64_t number) { return "record " + std::to_string(number); }

/// Reads up to the newest head and counts the records that are what was sent.
std::int64_t read_all(shoal::Node& node, const shoal::FeedId& feed) {
  auto subscription = need("subscribe", node.subscribe(feed, {.topics = {"numb*"}, .until_head = true}));
  std::int64_t right = 0;
  for (;;) {
    const shoal::Poll poll = need("poll", subscription.poll({.wait = {30s}}));
    for (const shoal::RecordView& record : poll.records()) {
      const std::string text(record.value->begin(), record.value->end());
      if (record.offset.value() == right && text == payload(right)) ++right;
    }
    if (poll.status() != shoal::Poll::Status::records) return right;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return std::fprintf(stderr, "usage: outside DIR\n"), 2;
  const std::filesystem::path dir = argv[1];

  auto publisher = need("open", shoal::Node::open({.data_dir = dir / "publisher", .listen = {"127.0.0.1:0"}}));
  auto feed = need("open_feed", publisher.open_feed("numbers", {.create = true}));
  auto producer = need("producer", feed.producer());
  for (std::int64_t i = 0; i < kRecords; ++i) {
    const auto position = need("send", producer.send({.topic = "numbers", .value = bytes(payload(i))}, {10s}));
    if (position.offset.value() != i) return std::fprintf(stderr, "outside: wrong offset\n"), 1;
  }
  if (const auto flushed = producer.flush({30s}); !flushed) give_up("flush", flushed.error());

  // Errors cross the library's border as values.
  const auto nothing = publisher.open_feed("unknown");
  if (nothing.ok() || nothing.error().code != shoal::Code::not_found)
    return std::fprintf(stderr, "outside: found?\n"), 1;

  const std::int64_t here = read_all(publisher, feed.id());
  // The directory is open: the second handle works through the first one's node.
  auto attached = need("attach", shoal::Node::open({.data_dir = dir / "publisher"}));
  const std::int64_t beside = read_all(attached, feed.id());
  auto reader = need(
      "open",
      shoal::Node::open({.data_dir = dir / "reader", .listen = {"127.0.0.1:0"}, .peers = {publisher.listening()}}));
  const auto again = need("parse", shoal::FeedId::parse(feed.id().hex()));
  const std::int64_t there = read_all(reader, again);
  std::printf("read %lld here, %lld beside, %lld there\n", static_cast<long long>(here), static_cast<long long>(beside),
              static_cast<long long>(there));
  return here == kRecords && beside == kRecords && there == kRecords ? 0 : 1;
}
