#include "replication/peers/store_gate.h"

#include <algorithm>

namespace shoal::replication {
namespace {

constexpr base::MonoTime kFirstPause = std::chrono::seconds(1);
constexpr base::MonoTime kLongestPause = std::chrono::seconds(64);

}  // namespace

bool StoreGate::is_ours(Code code) { return code == Code::no_space || code == Code::io || code == Code::corrupt; }

std::optional<Error> StoreGate::closed(base::MonoTime now) const {
  if (mirror_ == nullptr) return std::nullopt;
  if (const Result<void> writable = mirror_->log().check_writable(); !writable) return writable.error();
  return now < until_ ? failure_ : std::nullopt;
}

bool StoreGate::failed(const Error& error, base::MonoTime now) {
  if (mirror_ == nullptr) return true;
  if (closed(now)) return false;
  const bool follows = failure_ && now < until_ + 2 * pause_;
  pause_ = follows ? std::min(2 * pause_, kLongestPause) : kFirstPause;
  until_ = now + pause_;
  failure_ = error;
  return !follows;
}

}  // namespace shoal::replication
