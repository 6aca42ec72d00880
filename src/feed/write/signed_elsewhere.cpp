#include "feed/write/signed_elsewhere.h"

#include "base/try.h"

#include <string>
#include <string_view>

namespace shoal::feed {
namespace {

constexpr std::string_view kElsewhereProperty = "writer/elsewhere";

/// nullopt when there is none. One that cannot be read is taken for none: who shows it will show it again.
Result<std::optional<Checkpoint>> noted_head(const FeedLog& log) {
  SHOAL_TRY(const auto stored, log.property(kElsewhereProperty));
  if (!stored) return std::optional<Checkpoint>{};
  const auto head = decode_checkpoint(*stored);
  return head && verify_checkpoint(log.id(), *head) ? std::optional(*head) : std::nullopt;
}

}  // namespace

bool goes_beyond(const Checkpoint& head, const std::optional<Checkpoint>& held) {
  if (!held) return head.tree_size > 0;
  return head.epoch == held->epoch ? head.tree_size > held->tree_size : head.epoch > held->epoch;
}

Result<void> note_signed_elsewhere(FeedLog& log, const Checkpoint& head) {
  SHOAL_TRY(const auto noted, noted_head(log));
  if (!goes_beyond(head, noted)) return {};
  SHOAL_CHECK(log.set_property(kElsewhereProperty, encode_checkpoint(head)));
  return log.make_durable();
}

Result<void> check_signed_elsewhere(const FeedLog& log) {
  SHOAL_TRY(const auto noted, noted_head(log));
  const auto held = log.head();
  if (!noted || !goes_beyond(*noted, held)) return {};
  return Error{
      Code::unsafe_to_sign,
      "feed " + log.id().hex() + " was signed elsewhere up to size " + std::to_string(noted->tree_size) +
          ", and here up to " + std::to_string(held ? held->tree_size : 0) +
          ": signing on would create a second history",
      "publish where that was signed, or put the newest copy of its data directory here; mirrors keep what was "
      "published"};
}

}  // namespace shoal::feed
