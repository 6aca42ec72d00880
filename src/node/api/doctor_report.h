#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace shoal::node {

/// What a check means for the one who asks; the worst last.
enum class Verdict : std::uint8_t {
  ok,
  warning,  ///< it may be meant so, or others make up for it
  problem,  ///< this is why something does not work
};

/// One thing that was looked at.
struct DoctorCheck {
  std::string name;  ///< fixed: `disk`, `dht`, ...
  Verdict verdict = Verdict::ok;
  std::string found;       ///< one sentence
  std::string hint;        ///< what to do; empty when there is nothing
  bool of_others = false;  ///< a problem lies with the network or with others, not with this machine

  auto operator<=>(const DoctorCheck&) const = default;
};

/// Why nothing is found, or that all is well.
struct DoctorReport {
  std::vector<DoctorCheck> checks;

  [[nodiscard]] Verdict worst() const {
    Verdict verdict = Verdict::ok;
    for (const DoctorCheck& check : checks) verdict = std::max(verdict, check.verdict);
    return verdict;
  }
  /// There is a problem of this machine.
  [[nodiscard]] bool ours() const {
    return std::any_of(checks.begin(), checks.end(),
                       [](const DoctorCheck& check) { return check.verdict == Verdict::problem && !check.of_others; });
  }
};

}  // namespace shoal::node
