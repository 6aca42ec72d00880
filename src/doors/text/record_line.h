#pragma once

#include "doors/text/json_reader.h"

#include <shoal/records.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Records as lines of a stream (docs/API.md, "Subscriptions" and "Producers").
namespace shoal::doors {

/// A record that owns its bytes.
struct RecordLine {
  Position position;
  BlockIndex block{0};
  UnixMs time{0};
  UnixMs append_time{0};
  std::optional<Bytes> key;
  std::optional<Bytes> value;
  std::vector<std::pair<std::string, std::optional<Bytes>>> headers;
  std::string cursor;  ///< position after this record; empty: the line has none

  /// Its views are valid as long as this object.
  [[nodiscard]] RecordView view() const;
};

/// Appends `{"record":{...}}` and LF. An empty cursor is left out.
void append_record_line(const RecordView& record, std::string_view cursor, std::string& out);
/// Reads the inner object.
[[nodiscard]] Result<RecordLine> read_record(JsonReader in);

/// Appends one line of a producer's body, LF included.
void append_producer_record_line(const ProducerRecord& record, std::string& out);
[[nodiscard]] Result<ProducerRecord> read_producer_record(JsonReader in);

}  // namespace shoal::doors
