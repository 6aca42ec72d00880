#pragma once

#include "replication/fetch/block_fetcher.h"
#include "replication/fetch/endgame.h"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

namespace shoal::replication {

/// What is asked of peers for some topics: parts of the feed, each of one peer, as much as it brings in about half a
/// second once it is known how densely the topics lie there. At the end a peer that has time takes over some of the
/// part that will take longest, so that all get through together (docs/PROTOCOL.md, "Reading").
class StreamParts {
 public:
  struct Part {
    std::vector<TopicPartition> streams;  ///< sorted; 1 to kMaxWantStreams
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    bool headers_only = false;
    double bytes_per_block = 0;  ///< that are to come for each block of the feed; 0 unknown
  };
  /// The peer may be asked for the part.
  using Able = std::function<bool(PeerId, const Part&)>;

  StreamParts(ReplicatorCore& core, BlockFetcher& fetcher) : core_(core), fetcher_(fetcher) {}

  /// Asks for the part's beginning, as much as suits the peer, that will bring about such a share of it (to
  /// 1). Returns where that ends; nullopt: it cannot be asked.
  std::optional<std::uint64_t> ask(PeerId id, Part part, double share);
  /// Lets those of `ready`, peers to count on, that have nothing to do help the others.
  void share(const std::vector<PeerId>& ready, const Able& able);
  void clear();

  /// What somebody is about to bring of the stream.
  [[nodiscard]] HaveSet asked(const TopicPartition& stream) const;

  /// Blocks came. Returns the part when it proves to be more than suits its peer: it ends sooner now.
  std::optional<Part> on_run(const FetchWant& want, const Data& run);
  void on_payload(const FetchWant& want) { end_if_done(want); }
  /// What the want was to bring in the end; nullopt when it is none of these.
  std::optional<Part> on_end(const FetchWant& want);

 private:
  struct Asked {
    Part part;
    PeerId peer{0};
    std::uint64_t bytes = 0;  ///< that came
  };
  bool send(PeerId id, const Part& part);
  /// Where the part's beginning ends that suits the peer.
  [[nodiscard]] std::uint64_t suitable_end(PeerId id, const Part& part, std::uint64_t most_bytes) const;
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
