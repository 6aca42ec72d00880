#include "feed_world.h"

#include <unistd.h>

#include <cstdlib>
#include <string>

// endless_publisher DIRECTORY SEED: publishes for ever; prints `head HEX` for each acknowledged head, in one write.
// What feed_crash_test.cpp kills.

using namespace shoal;
using namespace shoal::feed;
using namespace shoal::feed::testing;

namespace {

/// A heartbeat now and then, else one to three batches.
Result<Checkpoint> publish_next(FeedWriter& writer, base::SeededRandom& random, std::int64_t time) {
  if (writer.head() != nullptr && random.below(10) == 0) return writer.heartbeat();
  std::vector<PendingBatch> group;
  const std::uint64_t batches = 1 + random.below(3);
  for (std::uint64_t i = 0; i < batches; ++i) {
    // Now and then above 256 KiB: the other order of journal and store.
    const std::size_t value = random.below(12) == 0 ? std::size_t{300} << 10 : 1 + random.below(3000);
    group.push_back(batch_of(stream(i % 2 == 0 ? "even" : "odd"), {time, time + 1}, value));
  }
  const auto done = writer.commit(std::move(group));
  if (!done) return done.error();
  return done->head;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  Producer producer(argv[1]);
  if (!producer.open().ok()) return 3;
  base::SeededRandom random(std::strtoull(argv[2], nullptr, 10));
  for (std::int64_t time = 0;; ++time) {
    const auto head = publish_next(*producer.writer, random, time);
    if (!head) return 4;
    const std::string line = "head " + base::to_hex(encode_checkpoint(*head)) + "\n";
    if (::write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size())) return 5;
  }
}
