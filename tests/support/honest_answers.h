#pragma once

#include "support/raw_peer.h"

#include <map>
#include <mutex>

namespace shoal::testing {

/// What an honest node would answer: asked of one, and kept. For liars who begin with the truth. Thread-safe.
class HonestAnswers {
 public:
  HonestAnswers(FeedId feed, std::string source) : feed_(feed), source_(std::move(source)) {}

  /// Meets the source; false when it does not answer or has no head.
  [[nodiscard]] bool start();
  [[nodiscard]] const feed::Checkpoint& head() const { return head_; }
  /// The true answer to a question or want; nullopt when there is none. The asker's name for it is in the answer.
  [[nodiscard]] std::optional<replication::Body> answer(const replication::Body& asked);

 private:
  [[nodiscard]] std::optional<feed::Checkpoint> meet();
  [[nodiscard]] std::optional<replication::Body> ask(const replication::Body& asked);
  [[nodiscard]] std::optional<replication::Message> next();

  FeedId feed_;
  std::string source_;
  feed::Checkpoint head_;
  std::mutex mutex_;
  RawPeer peer_;
  std::uint64_t names_ = 0;
  std::map<Bytes, replication::Body> known_;  ///< by the question without its name
};

}  // namespace shoal::testing
