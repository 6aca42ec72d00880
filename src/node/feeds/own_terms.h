#pragma once

#include <shoal/result.h>
#include <shoal/retention.h>

#include <mutex>
#include <optional>
#include <utility>

namespace shoal::node {

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
  std::optional<Retention> retention_;
};

}  // namespace shoal::node
