#include "node/feeds/feed_follow.h"

#include <chrono>
#include <set>
#include <utility>

// A replicator follows exact topic names; handles may want patterns. The names that exist are signed in each head's
// topic state, which a reader of some topics does not hold: it asks peers for the entries when a head has more topics
// than were learned, and follows the matches. Until then "all that is followed is held" does not mean "all that is
// wanted is held": passed on, a mirror of `news.*` would report that it is synced without the newest topic.
namespace shoal::node {
namespace {

constexpr std::chrono::seconds kLearnTimeout{10};
/// After nobody answered.
constexpr std::chrono::seconds kLearnRetry{1};

}  // namespace

void FeedFollow::apply() {
  const FeedWants::Sum wanted = context_.wants->sum();
  if (wanted.empty() || !context_.has_room()) {
    following_.reset();
    context_.stop_following();
  } else if (wanted.everything) {
    replication::Follow all;
    // A budget drops the oldest first: if payloads were fetched in another order, those to be dropped would share their
    // files with those that stay.
    const bool in_order = wanted.in_order || context_.drops_oldest();
    all.order = in_order ? replication::FetchOrder::feed : replication::FetchOrder::rarest;
    follow(std::move(all));
  } else {
    follow(follow_of(wanted));
    learn_topics();
  }
  context_.wants->set_applied(wanted.change);
}

replication::Follow FeedFollow::follow_of(const FeedWants::Sum& wanted) const {
  std::set<TopicPartition> streams;
  for (const topic::TopicFilter& filter : wanted.filters) {
    if (!filter.names_only()) continue;
    for (const std::string& name : filter.topics) streams.insert({name, filter.partition.value_or(Partition(-1))});
  }
  if (const auto views = context_.reader->topics()) {
    for (const feed::TopicView& view : *views) {
      for (const topic::TopicFilter& filter : wanted.filters) {
        if (!filter.names_only() && filter.selects(view.stream)) streams.insert(view.stream);
      }
    }
  }
  replication::Follow follow;
  follow.everything = false;
  follow.topics.assign(streams.begin(), streams.end());
  return follow;
}

void FeedFollow::follow(replication::Follow follow) {
  // Following the same again would only interrupt what is in transit.
  if (following_ && following_->everything == follow.everything && following_->topics == follow.topics) {
    if (following_->order != follow.order) context_.set_order(follow.order);
    following_->order = follow.order;
    return;
  }
  following_ = follow;
  follow.oldest = context_.oldest;
  unmatched_sync_.reset();
  context_.on_changed();
  // Events of the former follow are already in the strand's queue, before this task.
  ++changes_under_way_;
  context_.strand->post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) --self->changes_under_way_;
  });
  context_.follow(std::move(follow));
}

void FeedFollow::on_synced(const feed::Checkpoint& head) {
  if (changes_under_way_ > 0) return;
  if (head.topic_count > learned_topic_count_ && context_.wants->sum().has_patterns()) {
    unmatched_sync_ = head;
    return;
  }
  context_.on_synced(head);
}

void FeedFollow::learn_topics() {
  const auto head = context_.reader->head();
  if (learning_ || !context_.wants->sum().has_patterns() || (head && head->topic_count == learned_topic_count_)) return;
  learning_ = true;
  const std::uint32_t asked_count = head ? head->topic_count : 0;
  context_.fetch_topics(kLearnTimeout, [weak = weak_from_this(), asked_count](const Result<void>& learned) {
    if (const auto self = weak.lock()) self->on_learned(learned, asked_count);
  });
}

void FeedFollow::on_learned(const Result<void>& learned, std::uint32_t asked_count) {
  learning_ = false;
  const auto head = context_.reader->head();
  if (learned && head) {
    // The head may have grown since: the answer need not have the topics that came with it.
    learned_topic_count_ = asked_count != 0 ? asked_count : head->topic_count;
    apply();
    // Nothing more is followed now, so what was held before the topics were known is all there is.
    if (const auto synced = std::exchange(unmatched_sync_, std::nullopt)) on_synced(*synced);
  } else {
    // No connected peer knows. One that has our head announces nothing that would bring us back here.
    context_.strand->post_after(kLearnRetry, [weak = weak_from_this()] {
      const auto self = weak.lock();
      if (self && !self->context_.news->closed()) self->learn_topics();
    });
  }
  context_.news->notify();
}

}  // namespace shoal::node
