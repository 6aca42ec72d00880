#pragma once

#include <shoal/subscription.h>
#include <shoal/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// Values of the calls that doors stand on: record batches as they are stored, where partitions begin and end, and the
/// positions of readers (docs/API.md, docs/FORMAT.md "Record batch").
namespace shoal::node {

/// One block's record batch, as it is stored: verified, not opened.
struct StoredBatch {
  BlockIndex block{0};
  TopicPartition stream;
  UnixMs append_time{0};
  Bytes bytes;
};

/// A batch that a subscription gave, and which of its records the subscription selects.
struct SelectedBatch {
  StoredBatch batch;
  Offset first{0};                    ///< only records with offset >= first
  std::optional<UnixMs> from = {};    ///< only records with time >= from
  std::optional<UnixMs> before = {};  ///< only records with time < before
  std::string cursor;                 ///< after the whole batch
  bool ordered = true;                ///< see SubscribeOptions
};

/// What one poll for batches gave; batches only with Poll::Status::records.
struct BatchPoll {
  Poll::Status status = Poll::Status::timeout;
  std::vector<SelectedBatch> batches;
  std::string cursor;  ///< after the last batch
};

/// Where one partition begins and ends, here and now.
struct StreamEnds {
  TopicPartition stream;
  Offset log_start{0};            ///< first offset held without a gap up to the high watermark
  Offset high_watermark{0};       ///< behind the last record that is held without a gap; of an own feed: durable
  Offset end{0};                  ///< behind the last record that is signed
  UnixMs largest_time = kNoTime;  ///< of all records signed so far
};

/// What is fetched of one partition.
struct FetchRequest {
  TopicPartition stream;
  Offset offset{0};                              ///< the batch that holds it comes first
  std::size_t max_bytes = std::size_t{1} << 20;  ///< the first batch comes even when it is larger
};

/// What fetch() gave: batches without gaps, and the ends that held when it began.
struct FetchedBatches {
  std::vector<StoredBatch> batches;
  StreamEnds ends;
};

/// A record's place and its time.
struct TimedOffset {
  Offset offset{0};
  UnixMs time{0};
};

/// A durable position and its name.
struct NamedCursor {
  std::string name;
  StoredCursor cursor;
};

/// Where a consumer group reads on in one partition.
struct GroupOffset {
  /// Most bytes of `metadata`.
  static constexpr std::size_t kMaxMetadata = 4096;

  TopicPartition stream;
  Offset offset{0};
  std::int32_t leader_epoch = -1;  ///< -1: unknown
  std::string metadata;            ///< any bytes of the consumer
  UnixMs time = kNoTime;           ///< when it was stored; given by the node
};

/// Tells of every change of one feed that a reader or a door may care for. Confined to one thread at a time, but
/// several watches of one feed are independent.
class WatchApi {
 public:
  virtual ~WatchApi() = default;
  /// For poll(2), epoll or an event loop: readable when something changed since version() was called last, and when
  /// nothing more will; at times for nothing. It stays the watch's: neither read nor close it.
  [[nodiscard]] virtual int descriptor() const = 0;
  /// A number that grows with every change. Never waits. Ask it before you look at what there is: what changes after
  /// the call makes the descriptor readable. Code::closed when the node is closed or the feed was removed.
  [[nodiscard]] virtual Result<std::uint64_t> version() = 0;
};

}  // namespace shoal::node
