#include "node/feeds/damage_watch.h"

#include <string>
#include <utility>

namespace shoal::node {

DamageWatch::DamageWatch(Context context) : context_(std::move(context)) {
  context_.log->on_damage([this](BlockIndex block) { context_.change([this, block] { drop(block); }); });
}

void DamageWatch::drop(BlockIndex block) {
  const auto dropped = context_.log->drop_damaged(block);
  if (!dropped) return context_.sink->log(base::LogLevel::error, "feed", dropped.error().message);
  if (!*dropped) return;
  {
    const std::lock_guard lock(mutex_);
    dropped_.insert(block);
  }
  const auto header = context_.log->header(block);
  context_.sink->log(base::LogLevel::error, "feed",
                     "feed " + context_.log->id().hex() + ": " +
                         (header ? feed::describe_block(block, *header) : "block " + std::to_string(block.value())) +
                         " is damaged on this disk; " + context_.follows);
  context_.on_dropped(block);
}

bool DamageWatch::any_missing() {
  const std::lock_guard lock(mutex_);
  std::erase_if(dropped_, [&](BlockIndex block) {
    const auto held = context_.reader->has_payload(block);
    return held && *held;
  });
  return !dropped_.empty();
}

}  // namespace shoal::node
