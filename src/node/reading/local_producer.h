#pragma once

#include "node/api/producer_api.h"
#include "node/feeds/own_feed.h"

#include <functional>
#include <memory>
#include <utility>

namespace shoal::node {

/// One sender of an own feed.
class LocalProducer final : public ProducerApi {
 public:
  LocalProducer(std::shared_ptr<OwnFeed> feed, OwnFeed::Sender sender, std::shared_ptr<void> keep_alive)
      : keep_alive_(std::move(keep_alive)), feed_(std::move(feed)), sender_(sender) {}
  ~LocalProducer() override { feed_->end_producing(sender_); }
  LocalProducer(const LocalProducer&) = delete;
  LocalProducer& operator=(const LocalProducer&) = delete;

  void on_acked(std::function<void(const AckRun&)> callback) override { feed_->on_acked(sender_, std::move(callback)); }
  [[nodiscard]] Result<Position> send(const ProducerRecord& record, const Wait& wait) override {
    return feed_->send(sender_, record, wait);
  }
  [[nodiscard]] Result<Position> send_batch(const TopicPartition& stream, Bytes batch, const Wait& wait) override {
    return feed_->send_batch(sender_, stream, std::move(batch), wait);
  }
  [[nodiscard]] Result<void> flush(const Wait& wait) override { return feed_->flush(sender_, wait); }
  [[nodiscard]] Result<void> flush_here(const Wait& wait) override {
    return feed_->flush(sender_, wait, OwnFeed::Until::durable);
  }

 private:
  std::shared_ptr<void> keep_alive_;
  std::shared_ptr<OwnFeed> feed_;
  const OwnFeed::Sender sender_;
};

}  // namespace shoal::node
