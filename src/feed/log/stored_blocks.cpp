#include "feed/log/stored_blocks.h"

#include "base/try.h"

#include <string>
#include <string_view>
#include <utility>

namespace shoal::feed {
namespace {

Error about(Code code, std::string_view what, BlockIndex block, std::string_view says) {
  return Error{code, "the " + std::string(what) + " of block " + std::to_string(block.value()) + std::string(says)};
}

}  // namespace

Result<Bytes> StoredBlocks::header_bytes(BlockIndex block) const {
  if (!state_.inspect([&](const LogState& state) { return state.headers.contains(block.value()); })) {
    return about(Code::not_found, "header", block, " is not held");
  }
  SHOAL_TRY(auto row, rows_.stores.blocks->get(store::Column::headers, store::block_key(rows_.number, block)));
  if (!row) return about(Code::corrupt, "header", block, " is missing");
  return std::move(*row);
}

Result<BlockHeader> StoredBlocks::header(BlockIndex block) const {
  SHOAL_TRY(const Bytes bytes, header_bytes(block));
  auto header = decode_header(bytes);
  if (!header) return about(Code::corrupt, "header", block, " is damaged");
  return header;
}

Result<Bytes> StoredBlocks::payload(BlockIndex block) const {
  const auto find = [&](const LogState& state) {
    return std::pair{state.payloads.contains(block.value()), state.pruned.contains(block.value())};
  };
  const auto [held, pruned] = state_.inspect(find);
  if (!held && pruned) return about(Code::pruned, "payload", block, " was dropped here");
  if (!held) return about(Code::not_found, "payload", block, " is not held");
  SHOAL_TRY(auto row, rows_.stores.blocks->get(store::Column::payloads, store::block_key(rows_.number, block)));
  if (row) return std::move(*row);
  if (state_.inspect(find).second) return about(Code::pruned, "payload", block, " was dropped here");  // just now
  return about(Code::corrupt, "payload", block, " is missing");
}

Result<std::vector<Digest>> StoredBlocks::tree_nodes(const std::vector<merkle::NodeId>& nodes) const {
  const store::KvStore& store = *rows_.stores.blocks;
  const TreeTail tail = state_.inspect([](const LogState& state) { return state.tail; });
  std::vector<merkle::NodeId> inside;
  for (const merkle::NodeId& node : nodes) {
    if (node.end_leaf() <= tail.size()) inside.push_back(node);
  }
  SHOAL_TRY(std::vector<Digest> hashes, read_tree(store, rows_.number, tail, inside));
  if (inside.size() == nodes.size()) return hashes;
  std::vector<Digest> out;
  auto next = hashes.begin();
  for (const merkle::NodeId& node : nodes) {
    if (node.end_leaf() <= tail.size()) {
      out.push_back(*next++);
      continue;
    }
    SHOAL_TRY(const auto row, read_node(store, rows_.number, node));
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

}  // namespace shoal::feed
