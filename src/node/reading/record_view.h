#pragma once

#include "record/record.h"

#include <shoal/records.h>
#include <shoal/types.h>

namespace shoal::node {

/// A decoded record as the public API shows it. The views point into `stream` and into the batch of `record`, which the
/// caller keeps alive together with them.
RecordView to_view(const TopicPartition& stream, UnixMs append_time, BlockIndex block,
                   const record::RecordView& record);

}  // namespace shoal::node
