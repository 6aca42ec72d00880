#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace shoal::node {

/// The result of a check; the worst last.
enum class Verdict : std::uint8_t {
  ok,
  warning,  ///< may be intended, or something else makes up for it
  problem,  ///< the reason that something does not work
};

/// One thing that was checked.
struct DoctorCheck {
  std::string name;  ///< fixed: `disk`, `dht`, ...
  Verdict verdict = Verdict::ok;
  std::string found;       ///< one sentence
  std::string hint;        ///< what to do; empty when there is nothing
  bool of_others = false;  ///< the problem is in the network or at other nodes, not in this machine

  auto operator<=>(const DoctorCheck&) const = default;
};

/// The checks of `shoal doctor`.
struct DoctorReport {
  std::vector<DoctorCheck> checks;

  [[nodiscard]] Verdict worst() const {
    Verdict verdict = Verdict::ok;
    for (const DoctorCheck& check : checks) verdict = std::max(verdict, check.verdict);
    return verdict;
  }
  /// At least one problem is in this machine.
  [[nodiscard]] bool ours() const {
    return std::any_of(checks.begin(), checks.end(),
                       [](const DoctorCheck& check) { return check.verdict == Verdict::problem && !check.of_others; });
  }
};

}  // namespace shoal::node
