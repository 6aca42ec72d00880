#include "node/reading/slice_poll.h"

#include "base/try.h"
#include "node/reading/record_view.h"

#include <utility>

namespace shoal::node {
namespace {

std::size_t view_bytes(const RecordView& view) {
  return (view.key ? view.key->size() : 0) + (view.value ? view.value->size() : 0);
}

}  // namespace

void SlicePoll::begin(const PollOptions& options) {
  options_ = options;
  views_.clear();
  owners_.clear();
  bytes_ = 0;
}

bool SlicePoll::full() const {
  return views_.size() >= options_.max_records || (!views_.empty() && bytes_ >= options_.max_bytes);
}

Result<bool> SlicePoll::gather(const Next& next) {
  if (full()) return false;
  if (!rest_) {
    SHOAL_TRY(auto slice, next());
    if (!slice) return false;
    rest_ = std::make_shared<const topic::Slice>(std::move(*slice));
    next_ = 0;
  }
  owners_.push_back(rest_);
  while (next_ < rest_->records.size() && !full()) {
    const auto& record = rest_->batch->records()[rest_->records[next_++]];
    views_.push_back(to_view(rest_->stream, rest_->append_time, rest_->block, record));
    bytes_ += view_bytes(views_.back());
  }
  if (next_ == rest_->records.size()) rest_.reset();
  return true;
}

Poll SlicePoll::finish() {
  last_ = owners_;
  cursor_ = cursor_after(views_.back());
  auto owner = std::make_shared<Slices>(std::exchange(owners_, {}));
  return Poll(Poll::Status::records, Records(std::exchange(views_, {}), std::move(owner)), cursor_);
}

std::string SlicePoll::cursor_after(const RecordView& record) const {
  for (const auto& slice : last_) {
    if (slice->block != record.block) continue;
    const auto position = static_cast<std::uint32_t>(record.offset - slice->batch->info().base_offset);
    return topic::encode_cursor(slice->cursor_after(position));
  }
  return cursor_;
}

}  // namespace shoal::node
