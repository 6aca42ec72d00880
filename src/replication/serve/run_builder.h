#pragma once

#include "feed/read/feed_reader.h"
#include "replication/wire/message.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace shoal::replication {

/// Collects blocks into one data message of at most a given size.
///
/// The message also carries the hashes that prove the blocks (subtree cover, docs/adr/0009): the gaps between blocks,
/// and the rest of the tree behind the last one. Their number changes with each block, so it is computed before a block
/// is added; the size is exact, and neither the limit of a message nor the reader's credit is ever exceeded.
class RunBuilder {
 public:
  struct Frame {
    std::uint64_t base = 0;
    std::uint64_t tree_size = 0;
    std::size_t max_bytes = 0;  ///< of the whole message
    bool with_head = false;
    bool headers_only = false;
    std::uint32_t push_limit = kPushAll;  ///< larger payloads are left out
  };
  enum class Add : std::uint8_t {
    added,
    full,      ///< does not fit: the run ends before it
    last,      ///< added, and the run ends with it: its payload follows in pieces
    not_held,  ///< header or payload is not held here
  };

  RunBuilder(const feed::FeedReader& reader, Frame frame);

  /// Blocks are added in ascending order, from `base` on and below the tree size. An Error is damage of our own store.
  [[nodiscard]] Result<Add> add(BlockIndex block);
  [[nodiscard]] bool empty() const { return data_.blocks.empty(); }
  /// Size of the last block's payload, after Add::last.
  [[nodiscard]] std::uint32_t pieced_payload() const { return pieced_payload_; }
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
  std::uint32_t pieced_payload_ = 0;
};

}  // namespace shoal::replication
