#pragma once

#include <shoal/types.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace shoal {

/// A record on its way into a feed. Null (nullopt) keys and values differ from empty ones, as in Kafka.
struct ProducerRecord {
  std::string topic = "default";            ///< begins with its first record
  std::optional<Partition> partition = {};  ///< nullopt: by murmur2 of the key, sticky without a key, as Kafka does
  std::optional<Bytes> key = {};            ///< what records are partitioned by
  std::optional<Bytes> value = {};          ///< the payload
  std::vector<std::pair<std::string, std::optional<Bytes>>> headers = {};  ///< in this order; names may repeat
  std::optional<UnixMs> time = {};                                         ///< nullopt: now
};

/// Where a record is in its feed.
struct Position {
  std::string topic;       ///< never empty
  Partition partition{0};  ///< of that topic
  Offset offset{0};        ///< in that partition

  auto operator<=>(const Position&) const = default;  ///< by topic, partition, offset
};

/// A verified record. The views live as long as the Records it came from, or a copy of them.
struct RecordView {
  std::string_view topic;         ///< never empty
  Partition partition{0};         ///< of that topic
  Offset offset{0};               ///< in that partition
  BlockIndex block{0};            ///< that it came in
  UnixMs time{0};                 ///< as the producer gave it, in ms; may lie anywhere
  UnixMs append_time{0};          ///< the producer's clock when the block was signed
  std::optional<ByteView> key;    ///< nullopt: a null key, which is not an empty one
  std::optional<ByteView> value;  ///< nullopt: a null value
  std::vector<std::pair<std::string_view, std::optional<ByteView>>> headers;  ///< in the order of the producer
};

/// Records with what owns their bytes. Movable; cheap to move.
class Records {
 public:
  Records() = default;  ///< none
  /// `owner` keeps the bytes that `views` show. The library makes them.
  Records(std::vector<RecordView> views, std::shared_ptr<const void> owner)
      : views_(std::move(views)), owner_(std::move(owner)) {}

  /// In order; as long as this object or a copy of it lives.
  [[nodiscard]] const std::vector<RecordView>& views() const { return views_; }
  [[nodiscard]] auto begin() const { return views_.begin(); }       ///< for range loops
  [[nodiscard]] auto end() const { return views_.end(); }           ///< for range loops
  [[nodiscard]] bool empty() const { return views_.empty(); }       ///< no record
  [[nodiscard]] std::size_t size() const { return views_.size(); }  ///< number of records

 private:
  std::vector<RecordView> views_;
  std::shared_ptr<const void> owner_;
};

}  // namespace shoal
