#pragma once

#include <shoal/result.h>

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>

namespace shoal::doors {

/// How many streams of readers run at a time. They stay for hours: without a bound of their own they would take every
/// connection, and whoever publishes would be turned away. Thread-safe.
class StreamPlaces {
 public:
  explicit StreamPlaces(std::size_t places) : places_(places) {}

  /// A place, until the returned object goes, which this object outlives. Code::limit_exceeded.
  [[nodiscard]] Result<std::shared_ptr<void>> take() {
    if (taken_.fetch_add(1) < places_) return std::shared_ptr<void>(&taken_, [this](void*) { taken_.fetch_sub(1); });
    taken_.fetch_sub(1);
    return Error{Code::limit_exceeded, std::to_string(places_) + " readers follow feeds through this node already",
                 "end some of them, or read with a node of your own (another --data)"};
  }

 private:
  const std::size_t places_;
  std::atomic<std::size_t> taken_{0};
};

}  // namespace shoal::doors
