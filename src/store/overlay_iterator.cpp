#include "store/overlay_iterator.h"

#include "base/assert.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <utility>

namespace shoal::store {
namespace {

enum class Side : std::uint8_t { none, above, below };

bool less(ByteView a, ByteView b) { return KeyOrder{}(a, b); }
bool equal(ByteView a, ByteView b) { return std::ranges::equal(a, b); }

/// Idea: the merge of two sorted sequences. Both stand at their first row in the direction of travel that was not given
/// yet; the nearer one is the current row. After a change of direction both are placed anew.
class OverlayIterator final : public KvIterator {
 public:
  OverlayIterator(BufferedRows above, std::unique_ptr<KvIterator> below)
      : rows_(std::move(above)), above_(rows_.end()), below_(std::move(below)) {}

  void seek(ByteView key) override {
    forward_ = true;
    above_ = rows_.lower_bound(key);
    below_->seek(key);
    choose();
  }
  void seek_for_prev(ByteView key) override {
    forward_ = false;
    above_ = rows_.upper_bound(key);
    step_above();
    below_->seek_for_prev(key);
    choose();
  }
  void next() override {
    SHOAL_ASSERT(valid());
    if (!forward_) {
      const Bytes here(key().begin(), key().end());
      seek(here);
    }
    pass();
    choose();
  }
  void prev() override {
    SHOAL_ASSERT(valid());
    if (forward_) {
      const Bytes here(key().begin(), key().end());
      seek_for_prev(here);
    }
    pass();
    choose();
  }
  [[nodiscard]] bool valid() const override { return current_ != Side::none; }
  [[nodiscard]] ByteView key() const override {
    SHOAL_ASSERT(valid());
    return current_ == Side::above ? ByteView(above_->first) : below_->key();
  }
  [[nodiscard]] ByteView value() const override {
    SHOAL_ASSERT(valid());
    return current_ == Side::above ? ByteView(*above_->second) : below_->value();
  }
  [[nodiscard]] Result<void> status() const override { return below_->status(); }

 private:
  /// One step in the direction of travel; before the first row and past the last are the same place.
  void step_above() {
    if (forward_) {
      ++above_;
    } else {
      above_ = above_ == rows_.begin() ? rows_.end() : std::prev(above_);
    }
  }
  void step_below() { forward_ ? below_->next() : below_->prev(); }

  /// Leaves the current row.
  void pass() {
    if (current_ == Side::below) return step_below();
    if (below_->valid() && equal(below_->key(), above_->first)) step_below();
    step_above();
  }

  void choose() {
    while (true) {
      current_ = nearer();
      if (current_ != Side::above || above_->second) return;
      pass();  // erased
    }
  }

  [[nodiscard]] Side nearer() const {
    // A failure below ends the walk: rows behind it would be missing.
    if (!below_->status().ok()) return Side::none;
    if (above_ == rows_.end()) return below_->valid() ? Side::below : Side::none;
    if (!below_->valid()) return Side::above;
    const bool below_first = forward_ ? less(below_->key(), above_->first) : less(above_->first, below_->key());
    return below_first ? Side::below : Side::above;
  }

  BufferedRows rows_;
  BufferedRows::const_iterator above_;
  std::unique_ptr<KvIterator> below_;
  bool forward_ = true;
  Side current_ = Side::none;
};

}  // namespace

std::unique_ptr<KvIterator> overlay(BufferedRows above, std::unique_ptr<KvIterator> below) {
  if (above.empty()) return below;
  return std::make_unique<OverlayIterator>(std::move(above), std::move(below));
}

}  // namespace shoal::store
