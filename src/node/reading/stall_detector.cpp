#include "node/reading/stall_detector.h"

namespace shoal::node {

bool StallDetector::stalled(std::uint64_t headers, std::uint64_t payloads, Time now) {
  if (!unchanged_since_ || headers != headers_ || payloads != payloads_) {
    headers_ = headers;
    payloads_ = payloads;
    unchanged_since_ = now;
  }
  return now - *unchanged_since_ > timeout_;
}

std::optional<std::chrono::milliseconds> StallDetector::next_check(Time now) {
  if (!unchanged_since_ || now < next_check_) return std::nullopt;
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(*unchanged_since_ + timeout_ - now) + std::chrono::milliseconds(1);
  next_check_ = now + left;
  return left;
}

}  // namespace shoal::node
