#include "base/try.h"
#include "node/feeds/feed_host.h"

#include <set>
#include <utility>

// The part of FeedHost that deals in receipts: gives those of a mirror, keeps those of an own feed's mirrors.
namespace shoal::node {
namespace {

/// What came meanwhile is written together.
constexpr base::MonoTime kSaveInterval = std::chrono::seconds(1);

}  // namespace

Result<void> FeedHost::open_receipts() {
  ReceivedReceipts::Parts received;
  if (own()) received.store = parts_.stores.heads;
  received.feed = log_->number();
  received.is_named = parts_.is_named_mirror;
  SHOAL_TRY(receipts_, ReceivedReceipts::open(std::move(received)));
  if (own()) {
    if (parts_.online) ask_receipts(replication::ReceiptDemand::wanted);
    return {};
  }
  ReceiptGiver::Parts giver;
  giver.log = log_.get();
  giver.mirror = mirror_.get();
  giver.strand = parts_.strand.get();
  giver.flusher = parts_.flusher;
  giver.clock = parts_.clock;
  giver.sink = parts_.log;
  giver.holding = [this] { return holding(); };
  giver.sign = parts_.sign_receipt;
  giver.give = [this](const feed::Receipt& receipt) { replicator_->give_receipt(receipt); };
  SHOAL_TRY(giver_, ReceiptGiver::open(std::move(giver)));
  return {};
}

/// Nothing is promised that is kept only as long as somebody reads.
std::optional<ReceiptGiver::Holding> FeedHost::holding() const {
  const auto options = mirror_options();
  if (!options || closed()) return std::nullopt;
  ReceiptGiver::Holding holding;
  holding.oldest = oldest_wanted();
  if (options->topics.empty()) return holding;
  const topic::TopicFilter filter{options->topics, std::nullopt};
  const auto views = reader_.topics();
  if (!views) return std::nullopt;
  std::set<std::string> topics;
  for (const feed::TopicView& view : *views) {
    if (filter.selects(view.stream)) topics.insert(view.stream.topic);
  }
  holding.topics.assign(topics.begin(), topics.end());
  feed::fit_receipt_topics(holding.topics);
  // An empty list would promise all of them.
  if (holding.topics.empty()) return std::nullopt;
  return holding;
}

void FeedHost::on_receipts_asked(replication::ReceiptDemand demand) {
  if (giver_) giver_->on_demand(demand);
}

void FeedHost::ask_receipts(replication::ReceiptDemand demand) {
  post([this, demand] { replicator_->ask_receipts(demand); });
}

void FeedHost::on_receipts(std::function<void()> callback) {
  const std::lock_guard lock(mutex_);
  on_receipts_ = std::move(callback);
}

void FeedHost::on_receipt(const feed::Receipt& receipt) {
  receipts_->put(receipt);
  std::function<void()> callback;
  {
    const std::lock_guard lock(mutex_);
    callback = on_receipts_;
  }
  if (callback) callback();
  notify();
  if (!own() || std::exchange(receipts_save_planned_, true)) return;
  parts_.strand->post_after(kSaveInterval, [this] {
    receipts_save_planned_ = false;
    save_receipts();
  });
}

void FeedHost::save_receipts() {
  {
    const std::lock_guard lock(mutex_);
    if (removed_) return;  // its rows do not come back
  }
  if (const auto saved = receipts_->save(); !saved) {
    parts_.log->log(base::LogLevel::error, "feed", saved.error().message);
  }
}

}  // namespace shoal::node
