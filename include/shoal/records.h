#pragma once

#include <shoal/types.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace shoal {

/// A record on its way into a feed. Null (nullopt) keys and values differ from empty ones, as in Kafka.
struct ProducerRecord {
  std::string topic = "default";
  std::optional<Partition> partition = {};  ///< nullopt: by murmur2 of the key, sticky without a key, as Kafka does
  std::optional<Bytes> key = {};
  std::optional<Bytes> value = {};
  std::vector<std::pair<std::string, std::optional<Bytes>>> headers = {};
  std::optional<UnixMs> time = {};  ///< nullopt: now
};

/// Where a record is in its feed.
struct Position {
  std::string topic;
  Partition partition{0};
  Offset offset{0};

  auto operator<=>(const Position&) const = default;
};

/// A verified record. The views live as long as the Poll or Fetched it came from.
struct RecordView {
  std::string_view topic;
  Partition partition{0};
  Offset offset{0};
  BlockIndex block{0};
  UnixMs time{0};
  UnixMs append_time{0};  ///< the producer's clock when the block was signed
  std::optional<ByteView> key;
  std::optional<ByteView> value;
  std::vector<std::pair<std::string_view, std::optional<ByteView>>> headers;
};

/// Records with what owns their bytes. Movable; cheap to move.
class Records {
 public:
  Records() = default;
  Records(std::vector<RecordView> views, std::shared_ptr<const void> owner)
      : views_(std::move(views)), owner_(std::move(owner)) {}

  [[nodiscard]] const std::vector<RecordView>& views() const { return views_; }
  [[nodiscard]] auto begin() const { return views_.begin(); }
  [[nodiscard]] auto end() const { return views_.end(); }
  [[nodiscard]] bool empty() const { return views_.empty(); }
  [[nodiscard]] std::size_t size() const { return views_.size(); }

 private:
  std::vector<RecordView> views_;
  std::shared_ptr<const void> owner_;
};

}  // namespace shoal
