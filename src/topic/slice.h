#pragma once

#include "record/record_batch.h"
#include "topic/cursor.h"

#include <shoal/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace shoal::topic {

/// One block's record batch as it is stored, and which of its records a reader selected. The batch was not opened.
struct SelectedBatch {
  BlockIndex block{0};
  TopicPartition stream;
  UnixMs append_time{0};
  Bytes batch;
  Offset first{0};                    ///< only records with offset >= first
  std::optional<UnixMs> from = {};    ///< only records with time >= from
  std::optional<UnixMs> before = {};  ///< only records with time < before
  Cursor cursor;                      ///< after the whole batch
  bool ordered = true;                ///< of the selection it was read by
};

/// The selected records of one block.
struct Slice {
  BlockIndex block{0};
  TopicPartition stream;
  UnixMs append_time{0};
  std::shared_ptr<const record::DecodedBatch> batch;
  std::vector<std::uint32_t> records;  ///< positions in batch->records(), ascending
  Cursor cursor;                       ///< after the whole slice
  bool ordered = true;                 ///< of the selection it was read by

  /// Opens the batch; there may be no selected record in it. Code::unverified or Code::limit_exceeded as
  /// record::DecodedBatch::decode().
  [[nodiscard]] static Result<Slice> open(SelectedBatch selected);
  /// Cursor after the record at `position` of the batch.
  [[nodiscard]] Cursor cursor_after(std::uint32_t position) const;
};

}  // namespace shoal::topic
