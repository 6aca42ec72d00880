#pragma once

#include "replication/block_fetcher.h"
#include "replication/overlap.h"

#include <functional>

namespace shoal::replication {

/// What is asked of peers for some topics: parts of the feed, each of one peer. A peer that has time takes over the end
/// of the part that will take longest, so that all get through together (docs/PROTOCOL.md, "Reading").
class StreamParts {
 public:
  struct Part {
    std::vector<TopicPartition> streams;  ///< sorted; 1 to kMaxWantStreams
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    bool headers_only = false;
    double bytes_per_block = 0;  ///< as far as known: that are to come for each block of the feed
  };
  /// The peer may be asked for the part.
  using Able = std::function<bool(PeerId, const Part&)>;

  StreamParts(ReplicatorCore& core, BlockFetcher& fetcher) : core_(core), fetcher_(fetcher) {}

  /// False when the peer cannot be asked.
  bool ask(PeerId id, Part part);
  /// Lets those of `ready`, peers to count on, that have nothing to do help the others.
  void share(const std::vector<PeerId>& ready, const Able& able);
  void clear();

  /// What somebody is about to bring of the stream.
  [[nodiscard]] HaveSet asked(const TopicPartition& stream) const;

  void on_run(const FetchWant& want, const Data& run);
  void on_payload(const FetchWant& want) { end_if_done(want); }
  /// What the want was to bring in the end; nullopt when it is none of these.
  std::optional<Part> on_end(const FetchWant& want);

 private:
  struct Asked {
    Part part;
    PeerId peer{0};
    std::uint64_t bytes = 0;  ///< that came
  };
  [[nodiscard]] static double bytes_per_block(const Asked& asked, const FetchWant& want);
  [[nodiscard]] std::vector<Outstanding> outstanding() const;
  void help(PeerId id, const Able& able);
  /// The rest is another peer's.
  void end_if_done(const FetchWant& want);

  ReplicatorCore& core_;
  BlockFetcher& fetcher_;
  std::map<std::uint64_t, Asked> asked_;  ///< by want
  base::MonoTime shared_at_{0};
};

}  // namespace shoal::replication
