/// Publishes numbered records to an own feed and stays to serve them.
///
///     publish DIR NAME COUNT [HOST:PORT]
///
/// DIR holds the key and the feed; NAME is made when it is new. Prints `feed HEX` and `listening HOST:PORT`, then
/// `acked FIRST LAST` for every run of records that is on disk, then serves until its input ends.

#include <shoal/shoal.h>

#include <cstdio>
#include <cstdlib>
#include <string>

using namespace std::chrono_literals;

namespace {

int fail(const shoal::Error& error) {
  std::fprintf(stderr, "publish: %s\n%s\n", error.message.c_str(), error.hint.c_str());
  return 1;
}

shoal::Bytes bytes(const std::string& text) { return {text.begin(), text.end()}; }

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return std::fprintf(stderr, "usage: publish DIR NAME COUNT [HOST:PORT]\n"), 2;
  const std::string listen = argc > 4 ? argv[4] : "127.0.0.1:0";

  // A node is a data directory that is open. Nothing else has to run.
  auto node = shoal::Node::open({.data_dir = argv[1], .listen = {listen}});
  if (!node) return fail(node.error());
  auto feed = node->open_feed(argv[2], {.create = true});
  if (!feed) return fail(feed.error());
  std::printf("feed %s\nlistening %s\n", feed->id().hex().c_str(), node->listening().c_str());
  std::fflush(stdout);

  auto producer = feed->producer({.linger = 20ms, .codec = shoal::Codec::zstd});
  if (!producer) return fail(producer.error());
  // Called on a thread of the node: these records survive a power cut from now on.
  producer->on_acked([](const shoal::AckRun& run) {
    std::printf("acked %lld %lld\n", static_cast<long long>(run.first.value()),
                static_cast<long long>(run.last.value()));
    std::fflush(stdout);
  });

  const int count = static_cast<int>(std::strtol(argv[3], nullptr, 10));
  for (int i = 0; i < count; ++i) {
    shoal::ProducerRecord record;
    record.topic = "numbers";
    record.key = bytes(std::to_string(i % 10));
    record.value = bytes("record " + std::to_string(i));
    // Gives the record's position at once; waits only while 32 MiB are on their way to the disk.
    const auto position = producer->send(record, {10s});
    if (!position) return fail(position.error());
  }
  if (const auto flushed = producer->flush({30s}); !flushed) return fail(flushed.error());
  std::printf("published %d\n", count);
  std::fflush(stdout);

  // The feed is served for as long as the node is open.
  while (std::getchar() != EOF) {
  }
  return 0;
}
