#include "node/feeds/receipt_giver.h"

#include "base/try.h"

#include <algorithm>

// A receipt promises that blocks are durable here, and an owner counts it as an acknowledgement. So the size is taken
// first, then everything is flushed, then that size is signed: signing what was merely written would acknowledge
// records that a power cut takes. Flushes are the price (each makes a file), so receipts come in intervals, and none
// comes while nobody asks. Sizes never go back within a process: a peer keeps the newest receipt only.
namespace shoal::node {
namespace {

using replication::ReceiptDemand;

constexpr std::string_view kReceiptRow = "receipt";
/// Each flush makes a file. A peer that waits for the receipt is worth more of them.
constexpr base::MonoTime kAwaitedInterval = std::chrono::milliseconds(100);
constexpr base::MonoTime kWantedInterval = std::chrono::seconds(1);
/// The same receipt is signed again after this, with a newer time.
constexpr base::MonoTime kRepeat = std::chrono::seconds(60);

/// `now` covers every topic that `before` covers; an empty list is all topics.
bool covers_all(const std::vector<std::string>& now, const std::vector<std::string>& before) {
  if (now.empty()) return true;
  return !before.empty() && std::includes(now.begin(), now.end(), before.begin(), before.end());
}

}  // namespace

Result<std::shared_ptr<ReceiptGiver>> ReceiptGiver::open(Context context) {
  std::shared_ptr<ReceiptGiver> giver(new ReceiptGiver(std::move(context)));
  SHOAL_TRY(const auto row, giver->context_.log->property(kReceiptRow));
  if (!row) return giver;
  const auto former = feed::decode_receipt(*row);
  if (!former) return Error{Code::corrupt, "the row of the newest receipt is malformed", ""};
  giver->check_former(*former);
  return giver;
}

void ReceiptGiver::check_former(const feed::Receipt& former) {
  const std::uint64_t held = reader_.block_prefix();
  if (former.topics.empty() && held < former.tree_size) {
    context_.sink->log(base::LogLevel::error, "feed",
                       "this node signed that it holds " + std::to_string(former.tree_size) + " blocks of feed " +
                           reader_.id().hex() + ", and only " + std::to_string(held) +
                           " of them are here: the directory was restored or damaged; they are fetched again");
    return;
  }
  newest_ = former;
}

void ReceiptGiver::on_demand(ReceiptDemand demand) {
  demand_ = demand;
  // The planned time is for the former demand: a peer that begins to wait gets its receipt sooner.
  ++plan_number_;
  planned_ = false;
  plan();
}

void ReceiptGiver::on_held() { plan(); }

void ReceiptGiver::on_lost() {
  given_size_ = 0;
  newest_.reset();
  synced_.reset();
  plan();
}

void ReceiptGiver::on_synced(const feed::Checkpoint& head) {
  synced_ = head;
  plan();
}

void ReceiptGiver::on_follow_changed() {
  synced_.reset();
  plan();
}

std::optional<ReceiptGiver::Candidate> ReceiptGiver::candidate() const {
  const auto head = reader_.head();
  if (!head || reader_.fork_proof() || reader_.contradicted()) return std::nullopt;
  auto kept = context_.kept_for_good();
  if (!kept) return std::nullopt;
  Candidate out;
  out.epoch = head->epoch;
  out.topics = std::move(kept->topics);
  if (out.topics.empty()) {
    out.tree_size = std::min(reader_.block_prefix(), head->tree_size);
  } else if (synced_ && synced_->epoch == head->epoch) {
    out.tree_size = synced_->tree_size;
  }
  if (out.tree_size == 0 || out.tree_size < given_size_) return std::nullopt;
  return out;
}

bool ReceiptGiver::is_said(const Candidate& candidate) const {
  return given_size_ == candidate.tree_size && newest_ && newest_->epoch == candidate.epoch &&
         newest_->topics == candidate.topics && context_.clock->mono_now() - given_at_ < kRepeat;
}

void ReceiptGiver::plan() {
  if (demand_ == ReceiptDemand::none || planned_ || flushing_ || failed_) return;
  const auto next = candidate();
  if (!next) return;
  const bool said = is_said(*next);
  const base::MonoTime pace = demand_ == ReceiptDemand::awaited ? kAwaitedInterval : kWantedInterval;
  // Flushes take a quarter of the time of a slow disk at most.
  const base::MonoTime interval = said ? kRepeat : std::max(pace, 4 * flush_took_);
  const base::MonoTime due = given_at_ + interval - context_.clock->mono_now();
  if (due.count() <= 0) return flush();
  // A repetition needs no timer: heartbeats of the feed bring us here often enough.
  if (said) return;
  planned_ = true;
  context_.strand->post_after(due, [weak = weak_from_this(), number = ++plan_number_] {
    const auto giver = weak.lock();
    if (!giver || giver->plan_number_ != number) return;
    giver->planned_ = false;
    giver->plan();
  });
}

void ReceiptGiver::flush() {
  const auto next = candidate();
  if (!next) return;
  flushing_ = true;
  given_at_ = context_.clock->mono_now();
  // What is written after this moment may be flushed too, but is not promised.
  context_.flusher->post([giver = shared_from_this(), candidate = *next] {
    auto flushed = giver->context_.log->make_durable();
    giver->context_.strand->post([giver, candidate, flushed = std::move(flushed)] {
      giver->flushing_ = false;
      giver->flush_took_ = giver->context_.clock->mono_now() - giver->given_at_;
      giver->on_durable(candidate, flushed);
      giver->plan();
    });
  });
}

void ReceiptGiver::on_durable(const Candidate& candidate, const Result<void>& flushed) {
  const auto report = [this](const Error& error) {
    if (error.code == Code::no_space) return;  // it passes; DiskWatch says it
    context_.sink->log(base::LogLevel::error, "feed", "no more receipts are signed: " + error.message);
    failed_ = true;
  };
  if (!flushed) return report(flushed.error());
  const auto kept = context_.kept_for_good();
  // Meanwhile less may be kept than was flushed.
  if (!kept || !covers_all(kept->topics, candidate.topics) || candidate.tree_size < given_size_) return;
  auto receipt = make(candidate, *kept);
  if (!receipt) return report(receipt.error());
  // For the next start only: what is promised does not depend on this row.
  if (const auto written = context_.log->set_property(kReceiptRow, feed::encode_receipt(*receipt)); !written) {
    return report(written.error());
  }
  newest_ = *receipt;
  given_size_ = receipt->tree_size;
  context_.give(*receipt);
}

Result<feed::Receipt> ReceiptGiver::make(const Candidate& candidate, const KeptForGood& kept) const {
  feed::Receipt receipt;
  receipt.feed = reader_.id();
  receipt.epoch = candidate.epoch;
  receipt.tree_size = candidate.tree_size;
  SHOAL_TRY(const auto edge, context_.mirror->edge_at(candidate.tree_size));
  receipt.root = edge.root();
  receipt.topics = candidate.topics;
  receipt.oldest = kept.oldest;
  if (const auto pruned = reader_.pruned_payloads(); !pruned.empty()) {
    SHOAL_TRY(const auto header, reader_.header(pruned.back().end - 1));
    receipt.oldest = std::max(receipt.oldest, header.append_time + 1);
  }
  receipt.time = context_.clock->wall_now();
  receipt.since = held_since(candidate, receipt.time);
  context_.sign(receipt);
  return receipt;
}

UnixMs ReceiptGiver::held_since(const Candidate& candidate, UnixMs now) const {
  const bool goes_on = newest_ && newest_->epoch == candidate.epoch && newest_->tree_size <= candidate.tree_size &&
                       covers_all(candidate.topics, newest_->topics);
  // The clock may have been set back.
  return goes_on ? std::min(newest_->since, now) : now;
}

}  // namespace shoal::node
