#pragma once

#include <shoal/records.h>

#include "base/bytes.h"

/// Records for tests. The texts given must outlive them.
namespace shoal::command {

inline RecordView record_at(std::int64_t offset, std::string_view payload) {
  RecordView record;
  record.topic = "us";
  record.partition = Partition(2);
  record.offset = Offset(offset);
  record.time = UnixMs(1517616000000);
  record.append_time = UnixMs(1517616000500);
  record.value = base::as_bytes(payload);
  return record;
}

}  // namespace shoal::command
