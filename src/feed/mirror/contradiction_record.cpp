#include "feed/mirror/contradiction_record.h"

#include <utility>

namespace shoal::feed {

Error ContradictionRecord::keep(Error error, const Checkpoint& head, std::optional<BlockIndex> block) {
  if (error.code != Code::contradiction) return error;
  const Contradiction note{head, block, std::move(error).message};
  if (const auto stored = log_->put_contradiction(note); !stored) return stored.error();
  Error told = contradiction_error(log_->id(), note);
  sink_->log(base::LogLevel::error, "feed", told.message);
  return told;
}

Result<void> ContradictionRecord::check() const {
  const auto note = log_->inspect([](const LogState& state) { return state.contradiction; });
  return note ? Result<void>(contradiction_error(log_->id(), *note)) : Result<void>();
}

}  // namespace shoal::feed
