#pragma once

#include "node/api/producer_api.h"
#include "node/feeds/own_feed.h"

#include <functional>
#include <memory>

namespace shoal::node {

/// The one producer of an own feed in this process.
class LocalProducer final : public ProducerApi {
 public:
  LocalProducer(std::shared_ptr<OwnFeed> feed, std::shared_ptr<void> keep_alive)
      : keep_alive_(std::move(keep_alive)), feed_(std::move(feed)) {}
  ~LocalProducer() override { feed_->end_producing(); }
  LocalProducer(const LocalProducer&) = delete;
  LocalProducer& operator=(const LocalProducer&) = delete;

  void on_acked(std::function<void(const AckRun&)> callback) override { feed_->on_acked(std::move(callback)); }
  [[nodiscard]] Result<Position> send(const ProducerRecord& record, const Wait& wait) override {
    return feed_->send(record, wait);
  }
  [[nodiscard]] Result<void> flush(const Wait& wait) override { return feed_->flush(wait); }
  [[nodiscard]] Result<void> flush_here(const Wait& wait) override {
    return feed_->flush(wait, OwnFeed::Until::durable);
  }

 private:
  std::shared_ptr<void> keep_alive_;
  std::shared_ptr<OwnFeed> feed_;
};

}  // namespace shoal::node
