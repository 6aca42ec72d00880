#include "node/feeds/sync_flush.h"

#include <algorithm>
#include <chrono>

namespace shoal::node {
namespace {

constexpr base::MonoTime kKeptInterval = std::chrono::milliseconds(250);
constexpr base::MonoTime kUnkeptInterval = std::chrono::seconds(2);

}  // namespace

void SyncFlush::on_synced(std::uint64_t tree_size) {
  unflushed_size_ = std::max(unflushed_size_, tree_size);
  plan();
}

void SyncFlush::on_follow_changed() {
  ++follow_;
  unflushed_size_ = 0;
  synced_size_ = 0;
}

void SyncFlush::plan() {
  if (std::exchange(planned_, true)) return;
  const base::MonoTime interval = context_.is_kept() ? kKeptInterval : kUnkeptInterval;
  const base::MonoTime since = context_.clock->mono_now() - last_flush_;
  if (since >= interval) return flush();
  context_.strand->post_after(interval - since, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->flush();
  });
}

void SyncFlush::flush() {
  last_flush_ = context_.clock->mono_now();
  context_.flusher->post([weak = weak_from_this(), follow = follow_, size = std::exchange(unflushed_size_, 0)] {
    const auto self = weak.lock();
    if (!self) return;
    auto flushed = self->context_.make_durable();
    self->context_.strand->post([weak, follow, size, flushed = std::move(flushed)] {
      if (const auto still = weak.lock()) still->on_flushed(follow, size, flushed);
    });
  });
}

void SyncFlush::on_flushed(std::uint64_t follow, std::uint64_t size, const Result<void>& flushed) {
  planned_ = false;
  if (!flushed && flushed.error().code == Code::no_space) {
    // It passes; DiskWatch says it.
    if (follow == follow_) unflushed_size_ = std::max(unflushed_size_, size);
  } else if (!flushed) {
    context_.log->log(base::LogLevel::error, "feed", flushed.error().message);
  } else if (follow == follow_) {
    synced_size_ = std::max(synced_size_.load(), size);
  }
  context_.on_flushed();
  if (unflushed_size_ > 0) plan();
}

}  // namespace shoal::node
