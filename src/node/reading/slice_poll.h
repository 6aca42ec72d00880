#pragma once

#include "topic/slice.h"

#include <shoal/subscription.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace shoal::node {

/// Makes polls of slices, wherever these come from: gives at most as many records as were asked for, keeps the rest of
/// a slice for the next poll, and knows the cursor after each record of the newest one. Confined to its caller.
class SlicePoll {
 public:
  using Slices = std::vector<std::shared_ptr<const topic::Slice>>;
  /// The next slice; nullopt when there is none now.
  using Next = std::function<Result<std::optional<topic::Slice>>()>;

  /// One poll: call gather() until it says false or fails, then finish().
  void begin(const PollOptions& options);
  /// Adds the records of one slice. False when the poll is full or nothing more is there now. An error of `next`
  /// changes nothing: gather() or the next poll may go on.
  [[nodiscard]] Result<bool> gather(const Next& next);
  /// No record was gathered.
  [[nodiscard]] bool empty() const { return views_.empty(); }
  /// What was gathered, which is something.
  [[nodiscard]] Poll finish();

  /// The slice of which a part was given; null when there is none.
  [[nodiscard]] const topic::Slice* rest() const { return rest_.get(); }
  void drop_rest() { rest_.reset(); }
  /// Position after what was given last; set_cursor() says where it begins.
  [[nodiscard]] const std::string& cursor() const { return cursor_; }
  void set_cursor(std::string cursor) { cursor_ = std::move(cursor); }
  /// After a record of the newest poll.
  [[nodiscard]] std::string cursor_after(const RecordView& record) const;

 private:
  [[nodiscard]] bool full() const;

  PollOptions options_;
  std::vector<RecordView> views_;
  Slices owners_;
  std::size_t bytes_ = 0;
  std::shared_ptr<const topic::Slice> rest_;
  std::size_t next_ = 0;  ///< position in rest_->records
  Slices last_;           ///< of the newest poll
  std::string cursor_;
};

}  // namespace shoal::node
