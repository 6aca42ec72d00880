#pragma once

#include "base/log_sink.h"
#include "feed/feed_world.h"
#include "node/feeds/feed_host.h"
#include "node/runtime/worker_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What the tests of the node's network share: hosts of feeds in memory, a clock that is set by hand, a log that is
/// read.
namespace shoal::node::testing {

/// A clock that threads read while the test sets it.
class SetClock final : public base::Clock {
 public:
  [[nodiscard]] UnixMs wall_now() const override { return UnixMs{1'700'000'000'000 + now_ms_}; }
  [[nodiscard]] base::MonoTime mono_now() const override { return std::chrono::milliseconds(now_ms_); }
  void advance(std::chrono::milliseconds by) { now_ms_ += by.count(); }

 private:
  std::atomic<std::int64_t> now_ms_{1'000'000};
};

/// Keeps warnings. Thread-safe.
class WarningLog final : public base::LogSink {
 public:
  void log(base::LogLevel level, std::string_view, std::string_view message) override {
    const std::lock_guard lock(mutex_);
    if (level >= base::LogLevel::warning) lines_.emplace_back(message);
  }
  [[nodiscard]] std::vector<std::string> lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

/// A pool and an own feed with one record, served by a host; and a mirror of a feed of which nothing is here.
class NetworkWorld : public ::testing::Test {
 protected:
  NetworkWorld() : pool_(2) {
    EXPECT_TRUE(producer_.open().ok());
    commit(1);
    own_ = open(producer_.id(), true, *producer_.store);
    auto rows = store::open_rocks_store("foreign", store::Backing::memory, log_);
    EXPECT_TRUE(rows.ok());
    foreign_rows_ = *std::move(rows);
    foreign_ = open(foreign_owner_.id(), false, *foreign_rows_);
    warnings_at_start_ = log_.lines().size();
  }
  /// The warnings since the hosts were opened.
  [[nodiscard]] std::vector<std::string> warnings() const {
    auto lines = log_.lines();
    lines.erase(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(warnings_at_start_));
    return lines;
  }
  ~NetworkWorld() override {
    own_->close();
    foreign_->close();
    pool_.stop();
  }

  void commit(std::int64_t time) {
    EXPECT_TRUE(producer_.writer->commit({feed::testing::batch_of(feed::testing::stream("t"), {time})}).ok());
  }
  std::shared_ptr<FeedHost> open(const FeedId& feed, bool own, store::KvStore& rows) {
    FeedHost::Context context;
    context.stores = {&rows, &rows};
    context.strand = pool_.make_strand();
    context.flusher = pool_.make_strand();
    context.clock = &clock_;
    context.log = &log_;
    context.online = true;
    context.on_signed_elsewhere = [this](const feed::Checkpoint& head) { signed_elsewhere_ = head.tree_size; };
    auto host = FeedHost::open(feed, own, std::move(context));
    EXPECT_TRUE(host.ok());
    return *std::move(host);
  }

  SetClock clock_;
  WarningLog log_;
  std::atomic<std::uint64_t> signed_elsewhere_{0};  ///< up to which size an own feed was said to be
  WorkerPool pool_;
  feed::testing::Producer producer_;
  feed::testing::Producer foreign_owner_{{}, 8};  ///< not opened here: another node's feed
  std::unique_ptr<store::KvStore> foreign_rows_;
  std::shared_ptr<FeedHost> own_;
  std::shared_ptr<FeedHost> foreign_;
  std::size_t warnings_at_start_ = 0;
};

}  // namespace shoal::node::testing
