#pragma once

#include "feed/write/feed_writer.h"
#include "simulation/map_store.h"
#include "simulation/virtual_time.h"

namespace shoal::simulation {

/// The owner's side of a feed on virtual time: store, journal, log and writer in memory.
class SimPublisher {
 public:
  /// Two publishers of one `key_seed` are one owner who lost control of the key.
  SimPublisher(VirtualTime& time, std::shared_ptr<SharedValues> values, std::uint8_t key_seed);

  /// One block with one record of about `bytes`, of one of three topics; `salt` makes histories differ.
  feed::CommitResult publish(std::size_t bytes, std::uint8_t salt = 0);
  [[nodiscard]] const feed::FeedLog& log() const { return *log_; }
  [[nodiscard]] FeedId id() const { return id_; }

 private:
  MapStore store_;
  std::unique_ptr<store::Journal> journal_;
  base::NullLogSink sink_;
  std::unique_ptr<feed::FeedLog> log_;
  std::unique_ptr<feed::FeedWriter> writer_;
  VirtualTime& time_;
  FeedId id_;
  std::uint64_t records_ = 0;
};

}  // namespace shoal::simulation
