#include "ack_ledger.h"

#include <algorithm>

namespace shoal::command {

void AckLedger::add(const AckRun& run) {
  const std::lock_guard lock(mutex_);
  records_ += static_cast<std::uint64_t>(run.last - run.first + 1);
  auto& last = last_.try_emplace({run.topic, run.partition}, run.last).first->second;
  last = std::max(last, run.last);
  if (!log_) return;
  // A closed stdout is reported by the flush at the end of the command.
  const auto written = out_.write("acked " + run.topic + " " + std::to_string(run.partition.value()) + " " +
                                  std::to_string(run.first.value()) + " " + std::to_string(run.last.value()) + "\n");
  if (written.ok()) static_cast<void>(out_.flush().ok());
}

std::uint64_t AckLedger::records() const {
  const std::lock_guard lock(mutex_);
  return records_;
}

std::string AckLedger::last_acknowledged() const {
  const std::lock_guard lock(mutex_);
  std::string text;
  for (const auto& [partition, last] : last_) {
    if (!text.empty()) text += ", ";
    text += partition.topic + " " + std::to_string(partition.partition.value()) + " " + std::to_string(last.value());
  }
  return text.empty() ? "nothing" : text;
}

}  // namespace shoal::command
