#include "node/table/disk_budget.h"

#include "base/try.h"
#include "feed/read/prune_order.h"

#include <algorithm>
#include <limits>
#include <queue>

// A directory has to stay below its budget at every moment, while blocks come in on other threads and the store gives
// disk back late (a compaction first writes what it keeps). So there are two marks below the budget: above the high one
// payloads are dropped down to the low one, which leaves the rest to what a flush or a compaction writes at once.
// Between two calls each mirrored feed may store a share of the room only, its allowance; without it a fast peer would
// fill the disk before the next measurement. Dropping goes by append time over all feeds, so that each keeps the
// newest.
namespace shoal::node {
namespace {

using std::chrono::milliseconds;

/// Between two calls without a budget, or with one that cannot be kept.
constexpr milliseconds kIdle{1000};
/// Between two calls with a budget. Measuring takes about a microsecond a file.
constexpr milliseconds kWatching{50};
constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
/// Payloads dropped in one step: bounds how long a feed's strand is busy with it.
constexpr std::size_t kStep = 4096;
/// Attempts of one call to get below the high mark.
constexpr int kTries = 4;

/// Room that stays free below the budget, for blocks that come between two calls and for what a flush writes at once.
std::uint64_t slack(std::uint64_t budget) { return std::clamp(budget / 8, kMiB / 2, 64 * kMiB); }

std::string megabytes(std::uint64_t bytes) {
  const std::uint64_t tenths = bytes * 10 / kMiB;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " MiB";
}

/// One feed in the merge over all.
struct Walk {
  std::shared_ptr<FeedHost> host;
  feed::OldestPayloads payloads;
  std::vector<BlockIndex> chosen = {};
};

}  // namespace

milliseconds DiskBudget::keep() {
  std::uint64_t budget = 0;
  for (const auto& host : table_->open_hosts()) {
    const auto options = host->terms().options();
    if (options && options->max_bytes > 0)
      budget = budget == 0 ? options->max_bytes : std::min(budget, options->max_bytes);
  }
  const auto storage = table_->storage();
  if (!storage) return kIdle;
  if (budget == 0) {
    limit_scratch(**storage, std::numeric_limits<std::uint64_t>::max());
    report(0, std::nullopt);
    return kIdle;
  }
  if (const auto kept = keep_within(**storage, budget); !kept) {
    log_->log(base::LogLevel::error, "retention", "cannot keep the budget: " + kept.error().message);
    return kIdle;
  }
  return reported_ ? kIdle : kWatching;
}

Result<void> DiskBudget::keep_within(const Storage& storage, std::uint64_t budget) {
  const std::uint64_t high = budget - std::min(budget, slack(budget));
  const std::uint64_t low = high - std::min(high, slack(budget) / 2);
  // Rows that are only in memory come to the disk all at once.
  const auto measure = [&] { return storage.directory->disk_bytes() + storage.mirrored->waiting_bytes(); };
  limit_scratch(storage, slack(budget) / 2);
  std::uint64_t used = measure();
  bool nothing_left = false;
  for (int tries = 0; used > high && !nothing_left && tries < kTries; ++tries) {
    // Until whole tables hold nothing that is needed, or are mostly dead and written again.
    SHOAL_TRY(const std::uint64_t dropped, drop(used - low));
    used = measure();
    nothing_left = dropped == 0;
  }
  // A quarter of the room: a log has its rows once more, and a table lies there twice while it is written again.
  give_allowances((budget - std::min(budget, used)) / 4);
  std::optional<Error> problem;
  if (nothing_left && used > budget) {
    problem =
        Error{Code::no_space,
              "the budget of " + megabytes(budget) +
                  " is too small: without any payload of a mirrored feed the data directory takes " + megabytes(used),
              "give a larger --max-size, or make room with shoal rm"};
  }
  report(budget, problem);
  return {};
}

void DiskBudget::limit_scratch(const Storage& storage, std::uint64_t bytes) {
  storage.own->limit_scratch(bytes);
  storage.mirrored->limit_scratch(bytes);
}

void DiskBudget::give_allowances(std::uint64_t bytes) {
  std::vector<std::shared_ptr<FeedHost>> mirrored = table_->open_hosts();
  std::erase_if(mirrored, [](const auto& host) { return !host->terms().mirrored(); });
  for (const auto& host : mirrored) host->set_allowance(bytes / mirrored.size());
}

void DiskBudget::report(std::uint64_t budget, const std::optional<Error>& problem) {
  if (!problem && !reported_) return;
  if (problem && !reported_) log_->log(base::LogLevel::error, "retention", problem->message);
  reported_ = problem.has_value();
  for (const auto& host : table_->open_hosts()) {
    if (host->own()) continue;
    const bool concerned = budget > 0 && host->terms().options().has_value();
    host->set_budget_problem(concerned ? problem : std::nullopt);
  }
}

std::vector<std::shared_ptr<FeedHost>> DiskBudget::hosts() const {
  std::vector<std::shared_ptr<FeedHost>> out;
  const auto known = table_->known();
  if (!known) return out;
  for (const FeedReference& feed : *known) {
    if (feed.own) continue;
    if (auto host = table_->host(feed)) {
      out.push_back(*std::move(host));
    } else if (host.error().code != Code::closed) {
      log_->log(base::LogLevel::error, "retention", "feed " + feed.feed.hex() + ": " + host.error().message);
    }
  }
  return out;
}

Result<std::uint64_t> DiskBudget::drop(std::uint64_t bytes) {
  std::vector<Walk> walks;
  for (auto& host : hosts()) {
    feed::OldestPayloads payloads(host->reader());
    walks.push_back({std::move(host), std::move(payloads)});
  }
  using Entry = std::pair<UnixMs, std::size_t>;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> oldest;
  const auto push = [&](std::size_t i) {
    const auto next = walks[i].payloads.peek();
    if (next && *next) oldest.emplace((*next)->append_time, i);
    if (!next) log_->log(base::LogLevel::error, "retention", walks[i].host->id().hex() + ": " + next.error().message);
  };
  for (std::size_t i = 0; i < walks.size(); ++i) push(i);
  std::uint64_t chosen = 0;
  UnixMs newest = kNoTime;
  while (!oldest.empty() && chosen < bytes) {
    const std::size_t i = oldest.top().second;
    newest = std::max(newest, oldest.top().first);
    oldest.pop();
    const auto payload = walks[i].payloads.peek();
    chosen += (*payload)->bytes;
    walks[i].chosen.push_back((*payload)->block);
    walks[i].payloads.pop();
    push(i);
  }
  std::uint64_t dropped = 0;
  for (Walk& walk : walks) {
    // Also of feeds of which nothing is dropped now, older payloads would be fetched in vain.
    walk.host->terms().raise_floor(newest);
    for (std::size_t at = 0; at < walk.chosen.size(); at += kStep) {
      const auto end = walk.chosen.begin() + static_cast<std::ptrdiff_t>(std::min(walk.chosen.size(), at + kStep));
      const std::vector<BlockIndex> part(walk.chosen.begin() + static_cast<std::ptrdiff_t>(at), end);
      // The disk is given back on the feed's strand, so that nothing more is stored before there is room.
      const bool ran = walk.host->run([&] {
        const auto pruned = walk.host->prune(part);
        Result<void> done = pruned ? Result<void>{} : pruned.error();
        if (pruned) dropped += pruned->payloads;
        if (done && end == walk.chosen.end()) {
          done = walk.host->log().reclaim({walk.chosen.front(), walk.chosen.back() + 1});
        }
        if (!done) log_->log(base::LogLevel::error, "retention", walk.host->id().hex() + ": " + done.error().message);
      });
      if (!ran) break;
    }
  }
  return dropped;
}

}  // namespace shoal::node
