#pragma once

#include "record/record_batch.h"

#include <shoal/types.h>

#include <cstdint>
#include <vector>

namespace shoal::topic {

/// A record batch that is ready to be signed, and what the header of its block says of it. Base offset and leader epoch
/// are still to be patched.
struct EncodedBatch {
  Bytes batch;
  std::uint32_t record_count = 0;
  UnixMs smallest_time{0};
  UnixMs largest_time{0};

  /// Code::limit_exceeded and Code::invalid_argument as record::encode_batch().
  [[nodiscard]] static Result<EncodedBatch> encode(const std::vector<record::Record>& records, record::Codec codec);
  /// A batch that somebody else encoded: makes all twelve checks of docs/FORMAT.md ("Record batch").
  /// Code::invalid_argument says which one failed, also for a record time before kNoTime; Code::limit_exceeded above a
  /// limit. Costs one decompression.
  [[nodiscard]] static Result<EncodedBatch> check(Bytes batch);
};

}  // namespace shoal::topic
