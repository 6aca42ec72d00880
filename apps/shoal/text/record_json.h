#pragma once

#include <shoal/records.h>

#include <string>
#include <string_view>

namespace shoal::command {

/// One line, LF included: feed, topic, partition, offset, ts, append_ts, key, headers, payload, cursor. Keys and
/// payloads that are not UTF-8 become `key_b64` and `payload_b64`. `headers` is an object; a repeated name's value is
/// the array of its values; when a value is not UTF-8 the object is called `headers_b64` and all its values are base64.
void append_record_json(const RecordView& record, std::string_view feed, std::string_view cursor, std::string& out);

}  // namespace shoal::command
