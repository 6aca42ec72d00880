#pragma once

#include "record/record_batch.h"

namespace shoal::record {

/// Writes the fixed header over the first kBatchHeaderSize bytes of a whole batch whose records section is in place:
/// magic 2, CreateTime, no producer id, last offset delta = count - 1, batch length and CRC-32C from the bytes. Base
/// offset and leader epoch come from `info`; last_offset_delta is not read.
void write_batch_header(Bytes& batch, const BatchInfo& info);

}  // namespace shoal::record
