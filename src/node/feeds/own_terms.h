#pragma once

#include <shoal/result.h>
#include <shoal/retention.h>
#include <shoal/types.h>

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace shoal::node {

/// What to say of an own feed of which `held` blocks are here and `signed_size` were signed.
[[nodiscard]] inline Error lost_blocks(std::uint64_t held, std::uint64_t signed_size) {
  return {Code::corrupt,
          "blocks " + std::to_string(held) + " to " + std::to_string(signed_size - 1) +
              " of this feed were signed here and are lost",
          "put back the newest copy of this data directory; mirrors keep what was published"};
}

/// State of an own feed while it is open: whether it can be signed, and its retention. Pure state; thread-safe.
class OwnTerms {
 public:
  /// Why the feed cannot be signed; nullopt while it can, and for other people's.
  [[nodiscard]] std::optional<Error> writer_problem() const {
    const std::lock_guard lock(mutex_);
    return writer_problem_;
  }
  void set_writer_problem(std::optional<Error> problem) {
    const std::lock_guard lock(mutex_);
    writer_problem_ = std::move(problem);
  }
  /// Blocks that were signed, by the journal; 0 while the feed can be signed: then the log has them all.
  [[nodiscard]] std::uint64_t signed_size() const {
    const std::lock_guard lock(mutex_);
    return signed_size_;
  }
  void set_signed_size(std::uint64_t size) {
    const std::lock_guard lock(mutex_);
    signed_size_ = size;
  }
  /// When the feed was signed last before this process opened it; kNoTime: never.
  [[nodiscard]] UnixMs signed_before() const {
    const std::lock_guard lock(mutex_);
    return signed_before_;
  }
  void set_signed_before(UnixMs time) {
    const std::lock_guard lock(mutex_);
    signed_before_ = time;
  }
  /// nullopt: everything stays.
  [[nodiscard]] std::optional<Retention> retention() const {
    const std::lock_guard lock(mutex_);
    return retention_;
  }
  void set_retention(std::optional<Retention> retention) {
    const std::lock_guard lock(mutex_);
    retention_ = std::move(retention);
  }

 private:
  mutable std::mutex mutex_;
  std::optional<Error> writer_problem_;
  std::uint64_t signed_size_ = 0;
  UnixMs signed_before_ = kNoTime;
  std::optional<Retention> retention_;
};

}  // namespace shoal::node
