#include "node/table/retention.h"

#include "base/try.h"
#include "node/feeds/payload_bytes.h"
#include "node/table/disk_budget.h"
#include "node/table/disk_watch.h"

#include <algorithm>

namespace shoal::node {
namespace {

/// Between two passes, unless wake() or a budget asks for one earlier.
constexpr std::chrono::milliseconds kInterval{1000};
/// Blocks dropped in one step: bounds how long a feed's own thread is busy with it.
constexpr std::size_t kOwnStep = 1024;
constexpr std::size_t kMirrorStep = 4096;
/// A clock that differs from signed times by this much more than is explained has jumped: a day.
constexpr std::int64_t kClockSlack = std::int64_t{24} * 3600 * 1000;

feed::BlockRange joined(const feed::BlockRange& a, const feed::BlockRange& b) {
  if (a.begin >= a.end) return b;
  if (b.begin >= b.end) return a;
  return {std::min(a.begin, b.begin), std::max(a.end, b.end)};
}

}  // namespace

RetentionThread::RetentionThread(FeedTable& table, CommitThread& commit_thread, const base::Clock& clock,
                                 base::LogSink& log)
    : table_(&table),
      commit_thread_(&commit_thread),
      clock_(&clock),
      log_(&log),
      started_(clock.mono_now()),
      thread_([this] { loop(); }) {}

RetentionThread::~RetentionThread() { stop(); }

void RetentionThread::wake() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  wake_.notify_one();
}

void RetentionThread::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void RetentionThread::loop() {
  DiskBudget budget(*table_, *log_);
  DiskWatch disk(*log_);
  std::chrono::milliseconds pause = kInterval;
  base::MonoTime last_pass{0};
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    wake_.wait_for(lock, pause, [&] { return woken_ || stopping_; });
    if (stopping_) return;
    const bool asked = woken_;
    woken_ = false;
    lock.unlock();
    const base::MonoTime now = clock_->mono_now();
    if (asked || now - last_pass >= kInterval) {
      last_pass = now;
      if (const auto storage = table_->storage()) disk.look(**storage);
      pass();
    }
    pause = std::min(kInterval, budget.keep());
    lock.lock();
  }
}

void RetentionThread::pass() {
  const std::lock_guard one(pass_);
  for (const auto& host : table_->open_hosts()) {
    if (host->news().closed()) {
      expired_.erase(host->id());
    } else {
      drop_expired(*host);
    }
  }
}

void RetentionThread::apply_own_retention() {
  const std::lock_guard one(pass_);
  for (const auto& host : table_->open_hosts()) {
    if (host->own() && host->own_terms().retention() && !host->news().closed()) drop_expired(*host);
  }
}

void RetentionThread::drop_expired(FeedHost& host) {
  if (!host.own()) {
    if (const auto done = drop_expired_mirrored(host); !done) report(host, done.error());
    return;
  }
  const auto retention = host.own_terms().retention();
  // A feed that may not be signed is not to be changed either.
  if (!retention || host.own_terms().writer_problem()) return;
  if (const auto done = drop_expired_own(host, *retention); !done) return report(host, done.error());
  if (retention->max_bytes == 0) return;
  if (const auto done = drop_surplus_own(host, retention->max_bytes); !done) report(host, done.error());
}

bool RetentionThread::trusts_clock(std::chrono::milliseconds keep) {
  // What this process signs itself proves nothing, since its times come from the same clock.
  const std::int64_t elapsed =
      std::chrono::duration_cast<std::chrono::milliseconds>(clock_->mono_now() - started_).count();
  UnixMs newest = kNoTime;
  for (const auto& host : table_->open_hosts()) {
    const auto head = host->reader().head();
    const UnixMs before = host->own_terms().signed_before();
    if (!host->own() && head) newest = std::max(newest, head->time);
    if (host->own() && before != kNoTime) newest = std::max(newest, before + elapsed);
  }
  const std::int64_t ahead = clock_->wall_now() - newest;
  const bool fits = newest == kNoTime || (ahead <= keep.count() + kClockSlack && ahead >= -kClockSlack);
  if (!fits && !clock_said_) {
    log_->log(base::LogLevel::error, "retention",
              std::string("nothing is dropped by age: this machine's clock is ") +
                  (ahead > 0 ? "later than everything that was ever signed here by more than is kept"
                             : "earlier than what was signed already") +
                  "; set it right, or fetch something newer, or publish and start again");
  }
  clock_said_ = !fits;
  return fits;
}

/// One feed's trouble never ends the others.
void RetentionThread::report(const FeedHost& host, const Error& error) {
  if (error.code == Code::closed) return;
  log_->log(base::LogLevel::error, "retention", "feed " + host.id().hex() + ": " + error.message);
}

Result<void> RetentionThread::drop_expired_own(FeedHost& host, const Retention& retention) {
  const UnixMs now = clock_->wall_now();
  const auto cutoff = [&](const TopicPartition& stream) -> std::optional<UnixMs> {
    const auto own = retention.keep_topics.find(stream.topic);
    const auto keep = own == retention.keep_topics.end() ? retention.keep : own->second;
    return keep.count() > 0 ? std::optional(now - keep.count()) : std::nullopt;
  };
  std::chrono::milliseconds longest = retention.keep;
  for (const auto& [topic, keep] : retention.keep_topics) longest = std::max(longest, keep);
  if (longest.count() == 0 || !trusts_clock(longest)) return {};
  feed::ExpiredPayloads& expired = expired_[host.id()];
  feed::BlockRange span;
  for (std::size_t found = kOwnStep; found >= kOwnStep;) {
    SHOAL_TRY(const auto blocks, expired.find(host.reader(), cutoff, kOwnStep));
    found = blocks.size();
    if (blocks.empty()) break;
    SHOAL_CHECK(commit_thread_->run([&]() -> Result<void> {
      SHOAL_TRY(const feed::Pruned pruned, host.prune(blocks));
      span = joined(span, pruned.span);
      return {};
    }));
  }
  return host.log().reclaim(span);
}

Result<void> RetentionThread::drop_surplus_own(FeedHost& host, std::uint64_t max_bytes) {
  feed::BlockRange span;
  for (std::uint64_t held = payload_bytes(host.log()); held > max_bytes; held = payload_bytes(host.log())) {
    feed::OldestPayloads oldest(host.reader());
    std::vector<BlockIndex> blocks;
    while (held > max_bytes && blocks.size() < kOwnStep) {
      SHOAL_TRY(const auto next, oldest.peek());
      if (!next) break;
      held -= std::min<std::uint64_t>(held, next->bytes);
      blocks.push_back(next->block);
      oldest.pop();
    }
    if (blocks.empty()) break;
    SHOAL_CHECK(commit_thread_->run([&]() -> Result<void> {
      SHOAL_TRY(const feed::Pruned pruned, host.prune(blocks));
      span = joined(span, pruned.span);
      return {};
    }));
  }
  return host.log().reclaim(span);
}

Result<void> RetentionThread::drop_expired_mirrored(FeedHost& host) {
  const auto options = host.terms().options();
  if (!options || options->keep.count() == 0 || !trusts_clock(options->keep)) return {};
  const UnixMs oldest = host.terms().oldest_kept();
  feed::ExpiredPayloads& expired = expired_[host.id()];
  feed::BlockRange span;
  Result<void> done;
  for (std::size_t found = kMirrorStep; found >= kMirrorStep && done;) {
    SHOAL_TRY(const auto blocks, expired.find(
                                     host.reader(), [&](const TopicPartition&) { return oldest; }, kMirrorStep));
    found = blocks.size();
    if (blocks.empty()) break;
    const bool ran = host.run([&] {
      const auto pruned = host.prune(blocks);
      if (pruned) {
        span = joined(span, pruned->span);
      } else {
        done = pruned.error();
      }
    });
    if (!ran) return {};
  }
  SHOAL_CHECK(done);
  return host.log().reclaim(span);
}

}  // namespace shoal::node
