#pragma once

#include "feed/format/block.h"
#include "record/record.h"

#include <shoal/records.h>

#include <string_view>

namespace shoal::node {

/// A decoded record as the public API shows it. The views point into `topic` and into the batch of `record`, which the
/// caller keeps alive together with them.
RecordView to_view(std::string_view topic, const feed::BlockHeader& header, BlockIndex block,
                   const record::RecordView& record);

}  // namespace shoal::node
