#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace shoal::replication {

/// Memory bounds for peers: counts the bytes of messages that were received and not handled yet, of messages that
/// are queued to be sent, and of what is kept to serve the peer's wants, for each peer and for all peers of the
/// process. The buffers of libtorrent and the kernel are bounded elsewhere (swarm/libtorrent/session_settings). Without
/// it a peer that sends fast and reads nothing, or many peers together, exhaust the node's memory. Any thread.
class PeerMemory {
 public:
  struct Bounds {
    std::size_t stranger = std::size_t{16} << 10;  ///< one peer before it proved that it knows a feed id
    std::size_t peer = std::size_t{8} << 20;       ///< one peer after that: more than we grant it
    std::size_t kept = std::size_t{4} << 20;       ///< one peer's wants, beside its messages
    std::size_t all = std::size_t{512} << 20;
  };
  enum class Verdict : std::uint8_t { fits, peer_over, all_over };

  PeerMemory() = default;
  explicit PeerMemory(Bounds bounds) : bounds_(bounds) {}

  /// The bytes of one connection. The destructor releases all of them.
  class Account {
   public:
    explicit Account(std::shared_ptr<PeerMemory> memory) : memory_(std::move(memory)) {}
    ~Account() { memory_->total_ -= held(); }
    Account(const Account&) = delete;
    Account& operator=(const Account&) = delete;

    /// Counts one message of `size` bytes, also when a bound is exceeded; returns which one is.
    Verdict charge(std::size_t size);
    /// A message of `size` bytes was handled or sent.
    void release(std::size_t size);
    /// Counts what is kept for the peer's wants; false, and not counted, above a bound.
    [[nodiscard]] bool keep(std::size_t size);
    void drop(std::size_t size);
    /// The peer proved that it knows the feed id: Bounds::peer applies.
    void prove() { proven_ = true; }
    [[nodiscard]] std::size_t held() const { return held_ + kept_; }
    /// Number of verified blocks that this connection brought.
    void note_given(std::uint64_t blocks) { given_ = blocks; }
    [[nodiscard]] std::uint64_t given() const { return given_; }

   private:
    std::shared_ptr<PeerMemory> memory_;
    std::atomic<std::size_t> held_{0};  ///< of messages
    std::atomic<std::size_t> kept_{0};
    std::atomic<std::uint64_t> given_{0};
    std::atomic<bool> proven_{false};
  };

  [[nodiscard]] std::size_t total() const { return total_; }

  /// Memory of a waiting message in addition to its bytes: its task and its decoded form.
  static constexpr std::size_t kOverhead = 256;
  /// A peer that gave at least this many blocks is disconnected only when no other peer holds memory.
  static constexpr std::uint64_t kUseful = 64;
  /// The peer to disconnect when Bounds::all is exceeded: the one that holds most among those that gave fewer than
  /// kUseful blocks. Index into `accounts`; nullopt when none holds anything.
  [[nodiscard]] static std::optional<std::size_t> worst(const std::vector<std::shared_ptr<Account>>& accounts);

 private:
  Bounds bounds_;
  std::atomic<std::size_t> total_{0};
};

}  // namespace shoal::replication
