#include "node/runtime/strand_calls.h"

#include <utility>

namespace shoal::node {

bool StrandCalls::run(std::function<void()> task) {
  const auto stage = std::make_shared<Stage>(Stage::waiting);
  strand_->post([state = state_, stage, task = std::move(task)] {
    {
      const std::lock_guard lock(state->mutex);
      if (state->closed) return;
      *stage = Stage::running;
    }
    task();
    {
      const std::lock_guard lock(state->mutex);
      *stage = Stage::done;
    }
    state->changed.notify_all();
  });
  std::unique_lock lock(state_->mutex);
  state_->changed.wait(lock, [&] { return *stage == Stage::done || (state_->closed && *stage == Stage::waiting); });
  return *stage == Stage::done;
}

void StrandCalls::close() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->closed = true;
  }
  state_->changed.notify_all();
}

}  // namespace shoal::node
