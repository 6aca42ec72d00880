#pragma once

#include "replication/fetch/block_fetcher.h"
#include "replication/fetch/endgame.h"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

namespace shoal::replication {

/// The requests for blocks of some topics that peers have not finished yet, for SparseFollower.
///
/// A request names a range of the feed and some streams; how many blocks of the range belong to them is not known
/// before they come. So the first requests of a stream cover the whole range; once its density is measured, a request
/// is cut to what its peer brings in about half a second, and the rest is requested from whichever peer is free. At the
/// end of the transfer a peer without work takes over the end of the request that will take longest (endgame.h,
/// pick_split). Without the cut one slow peer would hold all blocks of a topic; without the takeover the transfer would
/// end at its speed (docs/PROTOCOL.md, "Reading").
class StreamRequests {
 public:
  /// Blocks [begin, end) of some streams.
  struct Request {
    std::vector<TopicPartition> streams;  ///< sorted; 1 to kMaxWantStreams
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    bool headers_only = false;
    double bytes_per_block = 0;  ///< expected bytes of these streams for each block of the feed; 0: unknown
  };
  /// Whether the peer may be asked for the request.
  using Able = std::function<bool(PeerId, const Request&)>;

  StreamRequests(ReplicatorCore& core, BlockFetcher& fetcher) : core_(core), fetcher_(fetcher) {}

  /// Requests the beginning of `request`: as much as suits the peer's rate and, near the end of a transfer, its `share`
  /// (0 to 1) of all rates. Returns where that ends; nullopt when nothing could be sent.
  std::optional<std::uint64_t> ask(PeerId id, Request request, double share);
  /// Lets peers without work take over ends of other peers' requests. `ready`: peers that are not slow.
  void share(const std::vector<PeerId>& ready, const Able& able);
  void clear();

  /// The blocks of the stream that peers were asked for and have not brought.
  [[nodiscard]] RangeSet pending(const TopicPartition& stream) const;

  /// Blocks came. Returns the shortened request when it turned out to be too much for its peer.
  std::optional<Request> on_run(const FetchWant& want, const Data& run);
  void on_payload(const FetchWant& want) { end_if_done(want); }
  /// Forgets the want's request and returns it as it was last cut; nullopt when the want is not one of these.
  std::optional<Request> on_end(const FetchWant& want);

 private:
  struct Sent {
    Request request;
    PeerId peer{0};
    std::uint64_t bytes = 0;  ///< received
  };
  bool send(PeerId id, const Request& request);
  /// End of the part of `request` that the peer brings in about half a second, and that has at most `most_bytes`.
  [[nodiscard]] std::uint64_t suitable_end(PeerId id, const Request& request, std::uint64_t most_bytes) const;
  [[nodiscard]] static double bytes_per_block(const Sent& sent, const FetchWant& want);
  [[nodiscard]] std::vector<Outstanding> outstanding() const;
  void help(PeerId id, const Able& able);
  /// Cancels the want once all that its cut request names is here.
  void end_if_done(const FetchWant& want);

  ReplicatorCore& core_;
  BlockFetcher& fetcher_;
  std::map<std::uint64_t, Sent> sent_;  ///< by want
  base::MonoTime shared_at_{0};
};

}  // namespace shoal::replication
