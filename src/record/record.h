#pragma once

#include <shoal/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace shoal::record {

/// A named value beside the record, as in Kafka; a null value differs from an empty one.
struct Header {
  std::string name;
  std::optional<Bytes> value;

  auto operator<=>(const Header&) const = default;
};

/// One record of a topic partition as a producer gives it. Null keys and values differ from empty ones, as in Kafka.
struct Record {
  UnixMs timestamp{0};
  std::optional<Bytes> key;
  std::optional<Bytes> value;
  std::vector<Header> headers;

  auto operator<=>(const Record&) const = default;
};

/// The smallest and the largest timestamp of some records.
struct TimestampRange {
  UnixMs smallest{0};
  UnixMs largest{0};
};

/// A record inside a decoded batch: views live as long as the batch they came from.
struct RecordView {
  Offset offset{0};
  UnixMs timestamp{0};
  std::optional<ByteView> key;
  std::optional<ByteView> value;

  struct HeaderView {
    std::string_view name;
    std::optional<ByteView> value;
  };
  std::vector<HeaderView> headers;

  [[nodiscard]] Record copy() const;
};

}  // namespace shoal::record
