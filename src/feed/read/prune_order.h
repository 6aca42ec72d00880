#pragma once

#include "feed/read/feed_reader.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

/// Which payloads go first. Both walks give the oldest of each partition first, as FeedLog::prune() requires, and pass
/// over manifests. Confined to the thread that changes the log.
namespace shoal::feed {

/// The held payloads of a feed in the order of their blocks, as they were when the walk began. Blocks are appended one
/// after the other, so this is the order of their age.
class OldestPayloads {
 public:
  explicit OldestPayloads(const FeedReader& reader);

  struct Payload {
    BlockIndex block{0};
    UnixMs append_time{0};
    std::uint32_t bytes = 0;
  };
  /// The oldest one left; nullopt at the end.
  [[nodiscard]] Result<std::optional<Payload>> peek();
  /// Steps behind it.
  void pop();

 private:
  const FeedReader* reader_;
  std::vector<BlockRange> runs_;
  std::size_t run_ = 0;
  std::uint64_t next_ = 0;
  std::optional<Payload> found_;
};

/// Finds what is older than its topic may be, and remembers how far it looked: looking again while nothing has aged
/// costs no read.
class ExpiredPayloads {
 public:
  /// Nothing older than the time it gives stays; nullopt: everything does.
  using Cutoff = std::function<std::optional<UnixMs>(const TopicPartition&)>;

  /// At most `limit` blocks, ascending: payloads that are held, and such that were never fetched.
  [[nodiscard]] Result<std::vector<BlockIndex>> find(const FeedReader& reader, const Cutoff& cutoff, std::size_t limit);
  /// Looks at everything again: the cutoff is another one.
  void reset() { progress_.clear(); }

 private:
  /// How far the oldest payloads of one partition were looked at.
  struct Progress {
    std::optional<BlockIndex> passed;  ///< the last block that is gone
    std::optional<BlockIndex> oldest;  ///< the next one, when it is known
    UnixMs append_time{0};             ///< of `oldest`
    std::uint64_t headers = 0;         ///< held when nothing more was found
    bool begun = false;
  };
  [[nodiscard]] Result<void> walk(const FeedReader& reader, const TopicView& view, UnixMs cutoff, std::size_t limit,
                                  std::vector<BlockIndex>& out);

  std::map<TopicPartition, Progress> progress_;
  std::uint64_t headers_ = 0;  ///< held as find() began
};

}  // namespace shoal::feed
