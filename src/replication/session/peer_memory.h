#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace shoal::replication {

/// Counts the bytes that wait here from and for all peers of this process, and bounds them for each and for all. Any
/// thread. What counts: messages that came and were not handled yet, messages that are queued to be sent. libtorrent's
/// own buffers and the kernel's are bounded elsewhere.
class PeerMemory {
 public:
  struct Bounds {
    std::size_t stranger = std::size_t{16} << 10;  ///< one peer, before it proved that it knows a feed of ours
    std::size_t peer = std::size_t{4} << 20;       ///< one peer, after
    std::size_t all = std::size_t{512} << 20;
  };
  enum class Verdict : std::uint8_t { fits, peer_over, all_over };

  PeerMemory() = default;
  explicit PeerMemory(Bounds bounds) : bounds_(bounds) {}

  /// What one connection holds. Gives all of it back when it goes.
  class Account {
   public:
    explicit Account(std::shared_ptr<PeerMemory> memory) : memory_(std::move(memory)) {}
    ~Account() { memory_->total_ -= held_; }
    Account(const Account&) = delete;
    Account& operator=(const Account&) = delete;

    /// Counts one message of `size` bytes, in any case; says which bound is broken now.
    Verdict charge(std::size_t size);
    /// That message is handled or sent.
    void release(std::size_t size);
    /// The peer proved that it knows the feed.
    void prove() { proven_ = true; }
    [[nodiscard]] std::size_t held() const { return held_; }
    /// Verified blocks that this connection brought.
    void note_given(std::uint64_t blocks) { given_ = blocks; }
    [[nodiscard]] std::uint64_t given() const { return given_; }

   private:
    std::shared_ptr<PeerMemory> memory_;
    std::atomic<std::size_t> held_{0};
    std::atomic<std::uint64_t> given_{0};
    std::atomic<bool> proven_{false};
  };

  [[nodiscard]] std::size_t total() const { return total_; }

  /// Beside its bytes a message that waits costs this much: the task that carries it, its decoded form.
  static constexpr std::size_t kOverhead = 256;
  /// Who gave so many blocks is ended for the others' sake only when nobody else holds anything.
  static constexpr std::uint64_t kUseful = 64;
  /// Whom to end when all peers together hold too much: who holds most among those of little use. Index into
  /// `accounts`; nullopt when nobody holds anything.
  [[nodiscard]] static std::optional<std::size_t> worst(const std::vector<std::shared_ptr<Account>>& accounts);

 private:
  Bounds bounds_;
  std::atomic<std::size_t> total_{0};
};

}  // namespace shoal::replication
