#include "replication/live/live_fetcher.h"

#include <algorithm>

namespace shoal::replication {
namespace {

std::optional<std::uint64_t> size_of(const std::optional<feed::Checkpoint>& head) {
  return head ? std::optional(head->tree_size) : std::nullopt;
}

}  // namespace

void LiveFetcher::start() { parent_.start(size_of(core_.reader().head())); }

void LiveFetcher::stop() {
  parent_.stop();
  act();
}

void LiveFetcher::plan() {
  // A reply that moves our head is due: a push from the old head would bring the same blocks again.
  if (hooks_.growing()) return;
  parent_.plan(core_.now());
  act();
}

void LiveFetcher::on_head(PeerId id) {
  parent_.on_announced(id, core_.now());
  act();
}

void LiveFetcher::on_run(const FetchWant& from) {
  if (!from.live()) return;
  parent_.on_pushed(from.ask().peer, from.ask().proof.tree_size, !from.unfinished_run(), core_.now());
  act();
}

void LiveFetcher::on_accepted() {
  const std::optional<feed::Checkpoint> ours = core_.reader().head();
  if (!ours) return;
  parent_.on_own_head(ours->tree_size, core_.now());
  act();
}

void LiveFetcher::on_end(const FetchWant& ended, std::optional<EndReason> reason) {
  const auto ours = wants_.find(ended.ask().peer);
  if (ours == wants_.end() || ours->second != ended.id()) return;  // we cancelled it
  wants_.erase(ours);
  parent_.on_ended(ended.ask().peer, reason, core_.now());
  act();
}

void LiveFetcher::forget(PeerId id) { parent_.forget(id); }

void LiveFetcher::note_progress() {
  for (const auto& [peer, name] : wants_) {
    if (const FetchWant* want = fetcher_.find(name)) {
      parent_.on_progress(peer, !want->unfinished_run(), want->progress());
    }
  }
}

void LiveFetcher::tick() {
  note_progress();
  parent_.tick(core_.now());
  act();
}

void LiveFetcher::act() {
  for (const TreeAction& action : parent_.take_actions()) {
    switch (action.kind) {
      case TreeAction::Kind::ask: ask(action.peer, action.urgency); break;
      case TreeAction::Kind::cancel: cancel(action.peer); break;
      case TreeAction::Kind::pull: hooks_.pull(action.peer); break;
    }
  }
  const std::optional<base::MonoTime> due = parent_.check_due();
  if (!due || std::exchange(check_armed_, true)) return;
  core_.after(std::max(base::MonoTime{0}, *due - core_.now()), [this] {
    check_armed_ = false;
    note_progress();
    parent_.check(core_.now());
    act();
  });
}

void LiveFetcher::ask(PeerId id, Urgency urgency) {
  const std::optional<feed::Checkpoint> ours = core_.reader().head();
  std::uint64_t want = 0;
  if (ours) {
    FetchWant::Ask ask;
    ask.peer = id;
    ask.purpose = Purpose::live;
    ask.proof = *ours;
    ask.base = ask.begin = ours->tree_size;
    ask.window = core_.options().credit_bytes / 4;
    ask.streams = hooks_.streams();
    ask.urgency = urgency;
    if (ask.streams.empty()) ask.push_limit = kPushLimit;
    want = fetcher_.ask(std::move(ask));
  }
  if (want == 0) return parent_.on_ended(id, std::nullopt, core_.now());
  wants_[id] = want;
}

void LiveFetcher::cancel(PeerId id) {
  const auto found = wants_.find(id);
  if (found == wants_.end()) return;
  const std::uint64_t want = found->second;
  wants_.erase(found);
  fetcher_.cancel(want);
}

}  // namespace shoal::replication
