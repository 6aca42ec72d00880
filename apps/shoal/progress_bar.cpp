#include "progress_bar.h"

#include <algorithm>
#include <memory>

namespace shoal::command {
namespace {

constexpr std::size_t kBarWidth = 30;
/// Before that the remaining time is a guess.
constexpr std::chrono::milliseconds kTellsTimeAfter{1000};

std::string time_left(std::uint64_t done, std::uint64_t total, std::chrono::milliseconds elapsed) {
  if (done == 0 || done >= total || elapsed < kTellsTimeAfter) return {};
  const double all = static_cast<double>(elapsed.count()) * static_cast<double>(total) / static_cast<double>(done);
  const auto seconds = static_cast<std::uint64_t>((all - static_cast<double>(elapsed.count())) / 1000) + 1;
  if (seconds < 120) return ", " + std::to_string(seconds) + " s left";
  if (seconds < 7200) return ", " + std::to_string(seconds / 60) + " min left";
  return ", " + std::to_string(seconds / 3600) + " h left";
}

/// Exact and without overflow for any two sizes.
std::uint64_t percent_of(std::uint64_t done, std::uint64_t total) {
  if (done >= total) return 100;
  return static_cast<std::uint64_t>(static_cast<double>(done) * 100 / static_cast<double>(total));
}

}  // namespace

std::string progress_line(const std::string& what, std::uint64_t done, std::uint64_t total,
                          std::chrono::milliseconds elapsed, std::size_t columns) {
  if (total == 0) return (what + " " + std::to_string(done >> 20) + " MiB").substr(0, columns);
  const std::uint64_t percent = percent_of(done, total);
  const std::size_t filled = kBarWidth * percent / 100;
  const std::string number = std::to_string(percent) + " %" + time_left(done, total, elapsed);
  const std::string bar = " [" + std::string(filled, '#') + std::string(kBarWidth - filled, '-') + "] ";
  if (what.size() + bar.size() + number.size() <= columns) return what + bar + number;
  return (what + " " + number).substr(0, columns);
}

ProgressReport progress_of(Messages& messages, std::string what, std::function<bool()> stopped) {
  using Clock = std::chrono::steady_clock;
  struct State {
    Clock::time_point start = Clock::now();
    std::uint64_t shown = ~std::uint64_t{0};
  };
  auto state = std::make_shared<State>();
  return [&messages, what = std::move(what), stopped = std::move(stopped), state](std::uint64_t done,
                                                                                  std::uint64_t total) {
    const std::uint64_t step = total == 0 ? done >> 20 : percent_of(done, total);
    if (total > 0 && done >= total) {
      messages.end_progress();
    } else if (step != state->shown) {
      const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - state->start);
      messages.progress([&](std::size_t columns) { return progress_line(what, done, total, elapsed, columns); });
    }
    state->shown = step;
    return !stopped();
  };
}

}  // namespace shoal::command
