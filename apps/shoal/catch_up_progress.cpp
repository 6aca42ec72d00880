#include "catch_up_progress.h"

#include "progress_bar.h"
#include "terminal.h"

#include <unistd.h>
#include <condition_variable>
#include <mutex>

namespace shoal::command {
namespace {

constexpr std::chrono::milliseconds kLookEvery{500};

/// Blocks held and known of, over all feeds.
std::pair<std::uint64_t, std::uint64_t> count_blocks(NodeSession& session,
                                                     const std::vector<node::FeedReference>& feeds) {
  std::uint64_t held = 0;
  std::uint64_t known = 0;
  for (const node::FeedReference& feed : feeds) {
    const auto info = session->reading().info(feed, {});
    if (!info.ok()) continue;
    held += info->held_blocks;
    known += info->tree_size;
  }
  return {held, known};
}

void show(const std::stop_token& stop, Messages& messages, NodeSession& session,
          const std::vector<node::FeedReference>& feeds) {
  std::mutex mutex;
  std::condition_variable_any woken;
  std::uint64_t before = count_blocks(session, feeds).first;
  auto start = std::chrono::steady_clock::now();
  std::uint64_t at_start = before;
  while (true) {
    std::unique_lock lock(mutex);
    if (woken.wait_for(lock, stop, kLookEvery, [&stop] { return stop.stop_requested(); })) break;
    const auto [held, known] = count_blocks(session, feeds);
    const auto now = std::chrono::steady_clock::now();
    // Blocks that no peer sends, or that are not wanted, would stop the bar for ever: remove it.
    if (held > before && held < known) {
      const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(now - start);
      const std::uint64_t done = held - at_start;
      const std::uint64_t total = known - at_start;
      messages.progress([=](std::size_t columns) { return progress_line("mirroring", done, total, elapsed, columns); });
    } else {
      messages.end_progress();
      start = now;
      at_start = held;
    }
    before = held;
  }
  messages.end_progress();
}

}  // namespace

CatchUpProgress::CatchUpProgress(Messages& messages, NodeSession& session, std::vector<node::FeedReference> feeds) {
  if (messages.quiet() || !terminal_of(STDERR_FILENO).redraws) return;
  thread_ = std::jthread([&messages, &session, feeds = std::move(feeds)](const std::stop_token& stop) {
    show(stop, messages, session, feeds);
  });
}

}  // namespace shoal::command
