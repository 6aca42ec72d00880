#pragma once

#include "simulation/checks/check.h"

namespace shoal::simulation {

/// Invariant 6: what waits for one peer is bounded (docs/PROTOCOL.md, "Limits"), dead and stalling peers included.
class BoundedMemory final : public Check {
 public:
  /// 192 KiB of blocks, the message that crossed the line, and what is urgent.
  static constexpr std::size_t kLimit = (std::size_t{192} + 72 + 64) << 10;

  [[nodiscard]] const char* name() const override { return "bounded memory"; }
  void on_waiting(NodeIndex from, NodeIndex to, std::size_t bytes, std::size_t) override {
    largest_ = bytes > largest_ ? bytes : largest_;
    if (bytes > kLimit) {
      fail("node " + std::to_string(from) + " keeps " + std::to_string(bytes) + " bytes for node " +
           std::to_string(to));
    }
  }
  [[nodiscard]] std::size_t largest() const { return largest_; }

 private:
  std::size_t largest_ = 0;
};

}  // namespace shoal::simulation
