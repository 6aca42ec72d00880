#pragma once

#include "feed/read/feed_reader.h"
#include "replication/wire/message.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace shoal::replication {

/// Collects blocks into one data message that fits a size, counting the hashes their proof will need.
class RunBuilder {
 public:
  struct Frame {
    std::uint64_t base = 0;
    std::uint64_t tree_size = 0;
    std::size_t max_bytes = 0;  ///< of the whole message
    bool with_head = false;
    bool headers_only = false;
    std::uint32_t push_limit = kPushAll;  ///< payloads above it stay away
  };
  enum class Add : std::uint8_t {
    added,
    full,      ///< it does not fit; the run ends before it
    last,      ///< added, and the run ends with it: its payload follows in pieces
    not_held,  ///< its header or payload is not here
  };

  RunBuilder(const feed::FeedReader& reader, Frame frame);

  /// Blocks come in ascending order, from `base` on and below the tree size. An Error is damage of our own.
  [[nodiscard]] Result<Add> add(BlockIndex block);
  [[nodiscard]] bool empty() const { return data_.blocks.empty(); }
  /// Size in pieces of the last block when add() said `last`.
  [[nodiscard]] std::uint32_t pieces() const { return pieces_; }
  /// The message with its cover; want and head are the caller's. Code::not_found when the tree is not held here.
  [[nodiscard]] Result<Data> finish();

 private:
  [[nodiscard]] std::size_t size_with(BlockIndex block, std::size_t block_bytes) const;

  const feed::FeedReader& reader_;
  Frame frame_;
  Data data_;
  std::vector<std::uint64_t> indices_;
  std::size_t bytes_ = 0;       // prefix, fixed fields and blocks so far
  std::size_t gap_hashes_ = 0;  // cover nodes before the last block
  std::uint64_t covered_ = 0;   // end of what blocks and gap hashes tile
  std::uint32_t pieces_ = 0;
};

}  // namespace shoal::replication
