#include "topic/slice.h"

#include "base/try.h"

#include <utility>

namespace shoal::topic {

Result<Slice> Slice::open(SelectedBatch selected) {
  Slice slice;
  slice.block = selected.block;
  slice.stream = std::move(selected.stream);
  slice.append_time = selected.append_time;
  slice.cursor = std::move(selected.cursor);
  slice.ordered = selected.ordered;
  SHOAL_TRY(auto decoded, record::DecodedBatch::decode(std::move(selected.batch)));
  for (std::uint32_t i = 0; i < decoded.records().size(); ++i) {
    const record::RecordView& record = decoded.records()[i];
    if (record.offset < selected.first) continue;
    if (selected.from && record.timestamp < *selected.from) continue;
    if (selected.before && record.timestamp >= *selected.before) continue;
    slice.records.push_back(i);
  }
  slice.batch = std::make_shared<const record::DecodedBatch>(std::move(decoded));
  return slice;
}

Cursor Slice::cursor_after(std::uint32_t position) const {
  if (position + 1 >= batch->records().size()) return cursor;
  Cursor within = cursor;
  const Mark mark{block, position + 1};
  if (ordered) {
    within.common = mark;
  } else {
    within.ahead[stream] = mark;
  }
  return within;
}

}  // namespace shoal::topic
