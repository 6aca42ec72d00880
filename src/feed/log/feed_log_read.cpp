#include "base/try.h"
#include "feed/log/feed_log.h"

// The reading half of FeedLog: any thread.
namespace shoal::feed {
namespace {

Error not_held(BlockIndex block, std::string_view what) {
  return Error{Code::not_found,
               "the " + std::string(what) + " of block " + std::to_string(block.value()) + " is not held"};
}

}  // namespace

std::optional<Checkpoint> FeedLog::head() const {
  return inspect([](const LogState& state) { return state.head; });
}

std::uint64_t FeedLog::header_prefix() const {
  return inspect([](const LogState& state) { return state.tail.size(); });
}

Result<Bytes> FeedLog::header_bytes(BlockIndex block) const {
  if (!inspect([&](const LogState& state) { return state.headers.contains(block.value()); })) {
    return not_held(block, "header");
  }
  SHOAL_TRY(auto row, stores_.blocks->get(store::Column::headers, store::block_key(number_, block)));
  if (!row) return Error{Code::corrupt, "the header of block " + std::to_string(block.value()) + " is missing"};
  return std::move(*row);
}

Result<BlockHeader> FeedLog::header(BlockIndex block) const {
  SHOAL_TRY(const Bytes bytes, header_bytes(block));
  auto header = decode_header(bytes);
  if (!header) return Error{Code::corrupt, "the header of block " + std::to_string(block.value()) + " is damaged"};
  return header;
}

Result<Bytes> FeedLog::stored_payload(BlockIndex block) const {
  const auto [held, pruned] = inspect([&](const LogState& state) {
    return std::pair{state.payloads.contains(block.value()), state.pruned.contains(block.value())};
  });
  if (pruned && !held)
    return Error{Code::pruned, "the payload of block " + std::to_string(block.value()) + " was dropped here"};
  if (!held) return not_held(block, "payload");
  SHOAL_TRY(auto row, stores_.blocks->get(store::Column::payloads, store::block_key(number_, block)));
  if (row) return std::move(*row);
  if (inspect([&](const LogState& state) { return state.pruned.contains(block.value()); })) {  // just now
    return Error{Code::pruned, "the payload of block " + std::to_string(block.value()) + " was dropped here"};
  }
  return Error{Code::corrupt, "the payload of block " + std::to_string(block.value()) + " is missing"};
}

Result<std::vector<Digest>> FeedLog::read(const std::vector<merkle::NodeId>& nodes) const {
  const TreeTail tail = inspect([](const LogState& state) { return state.tail; });
  std::vector<merkle::NodeId> inside;
  for (const merkle::NodeId& node : nodes) {
    if (node.end_leaf() <= tail.size()) inside.push_back(node);
  }
  SHOAL_TRY(std::vector<Digest> hashes, read_tree(*stores_.blocks, number_, tail, inside));
  if (inside.size() == nodes.size()) return hashes;
  std::vector<Digest> out;
  auto next = hashes.begin();
  for (const merkle::NodeId& node : nodes) {
    if (node.end_leaf() <= tail.size()) {
      out.push_back(*next++);
      continue;
    }
    SHOAL_TRY(const auto row, read_node(*stores_.blocks, number_, node));
    if (row) {
      out.push_back(*row);
    } else if (node.level == 0) {
      SHOAL_TRY(const Bytes header, header_bytes(BlockIndex{node.index}));
      out.push_back(header_leaf(header));
    } else {
      return Error{Code::not_found, "a tree node beyond the held blocks is not known here"};
    }
  }
  return out;
}

Result<std::optional<Bytes>> FeedLog::property(std::string_view name) const {
  return stores_.heads->get(store::Column::meta, store::feed_property_key(number_, name));
}

}  // namespace shoal::feed
