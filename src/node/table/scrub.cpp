#include "node/table/scrub.h"

#include <algorithm>
#include <chrono>

namespace shoal::node {
namespace {

constexpr std::chrono::seconds kTick{1};
constexpr std::uint64_t kTicksOfWeek = std::uint64_t{7} * 24 * 3600;

}  // namespace

ScrubThread::ScrubThread(FeedTable& table) : table_(&table), thread_([this] { loop(); }) {}

ScrubThread::~ScrubThread() { stop(); }

void ScrubThread::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

std::uint64_t ScrubThread::step(std::uint64_t held) { return (held + kTicksOfWeek - 1) / kTicksOfWeek; }

void ScrubThread::loop() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, kTick, [&] { return stopping_; })) {
    lock.unlock();
    std::uint64_t held = 0;
    for (const auto& host : table_->open_hosts()) held += host->reader().held_payload_count();
    read(step(held));
    lock.lock();
  }
}

void ScrubThread::read(std::uint64_t blocks) {
  auto hosts = table_->open_hosts();
  std::sort(hosts.begin(), hosts.end(), [](const auto& a, const auto& b) { return a->id() < b->id(); });
  if (hosts.empty()) return;
  auto at = std::find_if(hosts.begin(), hosts.end(), [&](const auto& host) { return host->id() >= feed_; });
  // Once around at most.
  for (std::size_t turns = 0; blocks > 0 && turns <= hosts.size(); ++turns) {
    if (at == hosts.end()) at = hosts.begin();
    if ((*at)->id() != feed_) {
      feed_ = (*at)->id();
      block_ = BlockIndex{0};
    }
    for (const feed::BlockRange& run : (*at)->reader().held_payloads()) {
      for (BlockIndex block = std::max(block_, run.begin); block < run.end && blocks > 0; ++block, --blocks) {
        std::ignore = (*at)->reader().payload(block);  // damage goes to the feed
        block_ = block + 1;
      }
    }
    if (blocks == 0) return;
    if (++at == hosts.end()) at = hosts.begin();
    feed_ = (*at)->id();
    block_ = BlockIndex{0};
  }
}

}  // namespace shoal::node
