#pragma once

#include "base/executor.h"
#include "replication/replicator.h"
#include "replication/session/peer_memory.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace shoal::replication {

/// Bytes of one connection that wait to be sent. Any thread: the session and the feeds read it.
struct SendGauge {
  std::atomic<std::size_t> pending{0};               ///< in our own queues
  std::atomic<std::size_t> transport{0};             ///< in the transport's, as last seen
  std::shared_ptr<PeerMemory::Account> memory = {};  ///< counts what is in our own queues; may be null

  /// A message of this size enters our queues, or left them. add() is false when the peer's memory bound is exceeded.
  [[nodiscard]] bool add(std::size_t size);
  void remove(std::size_t size);
};

/// One feed on one session: carries messages between the session's executor and the feed's, in order in both
/// directions. Shared by the session and by the replicator, whose outbox it is.
class FeedChannel : public Outbox, public std::enable_shared_from_this<FeedChannel> {
 public:
  struct Context {
    Replicator* replicator = nullptr;
    base::Executor* feed_executor = nullptr;
    base::Executor* session_executor = nullptr;
    std::shared_ptr<void> keep = {};  ///< owner of the session's executor
    std::shared_ptr<SendGauge> gauge;
    std::function<std::shared_ptr<Outbox>(std::shared_ptr<Outbox>)> wrap;  ///< may be empty
    /// Called on the session's executor, also after the session ended.
    std::function<void(Message)> to_session;
    std::function<void(std::string)> close_session;
    std::function<void(std::uint64_t blocks)> note_given = {};  ///< may be empty
    bool further = false;  ///< the connection was made for another feed: closed again when this one has no room
  };
  /// Bound on the bytes that wait for the feed, in addition to the connection's memory account: above all credit that
  /// one peer may have of us (PeerCredit, live wants, and the floor of each want).
  static constexpr std::size_t kMaxInbound = PeerMemory::Bounds{}.peer;

  explicit FeedChannel(Context context) : context_(std::move(context)) {}

  // On the session's executor.
  void add(const PeerAddress& address, const PublicKey& node_key);
  /// False when too many bytes wait for the feed already: the session must end.
  [[nodiscard]] bool deliver(Message message);
  void writable();
  void violation(std::string what);
  void flood(std::string what);
  void remove();

  // On the feed's executor (Outbox).
  void send(Message message) override;
  [[nodiscard]] std::size_t queued() const override;
  void close(std::string_view reason) override;
  void note_given(std::uint64_t blocks) override;
  [[nodiscard]] bool keep(std::size_t bytes) override;
  void drop(std::size_t bytes) override;

 private:
  Context context_;
  std::atomic<std::size_t> inbound_{0};
  PeerId peer_{0};        ///< feed's executor only
  bool present_ = false;  ///< feed's executor only
};

}  // namespace shoal::replication
