#include "topic/encoded_batch.h"

#include "base/try.h"

#include <algorithm>
#include <utility>

namespace shoal::topic {

Result<EncodedBatch> EncodedBatch::encode(const std::vector<record::Record>& records, record::Codec codec) {
  EncodedBatch made;
  SHOAL_TRY(made.batch, record::encode_batch(records, codec));
  const auto by_time = [](const record::Record& a, const record::Record& b) { return a.timestamp < b.timestamp; };
  const auto [smallest, largest] = std::minmax_element(records.begin(), records.end(), by_time);
  made.record_count = static_cast<std::uint32_t>(records.size());
  made.smallest_time = smallest->timestamp;
  made.largest_time = largest->timestamp;
  return made;
}

Result<EncodedBatch> EncodedBatch::check(Bytes batch) {
  if (batch.size() > record::kMaxBatchSize) {
    return Error{Code::limit_exceeded, "a record batch may not be larger than 8 MiB", "send smaller batches"};
  }
  const auto times = record::validate_batch(batch);
  if (!times) {
    // Here the caller's mistake, not a peer's lie.
    const Code code = times.error().code == Code::limit_exceeded ? Code::limit_exceeded : Code::invalid_argument;
    return Error{code, times.error().message, times.error().hint};
  }
  if (times->smallest < kNoTime) {
    return Error{Code::invalid_argument, "a record's time may not lie before 1970", "put it into the value"};
  }
  SHOAL_TRY(const record::BatchInfo info, record::inspect_batch(batch));
  EncodedBatch made;
  made.batch = std::move(batch);
  made.record_count = info.record_count;
  made.smallest_time = times->smallest;
  made.largest_time = times->largest;
  return made;
}

}  // namespace shoal::topic
