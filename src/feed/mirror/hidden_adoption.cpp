#include "feed/mirror/hidden_adoption.h"

#include "base/try.h"
#include "feed/log/log_stage.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <string>
#include <utility>

// Hidden blocks are proven as fetched ones are: the subtree roots that a cover proves, or the root of the accepted
// tree, are compared with those of the hidden headers. What is equal is held again; what is not, or cannot be read, is
// fetched like any other block.
namespace shoal::feed {
namespace {

/// Hidden blocks that are read or shown at a time.
constexpr std::uint64_t kAtOnce = 1024;

}  // namespace

HiddenAdoption::HiddenAdoption(FeedLog& log, base::LogSink& sink) : log_(log), sink_(sink) {
  log.inspect([this](const LogState& state) {
    hidden_ = state.hidden;
    for (const BlockRange& held : state.headers.runs()) hidden_.remove(held);
  });
}

Result<std::vector<Bytes>> HiddenAdoption::headers(std::uint64_t begin, std::uint64_t end) const {
  std::vector<Bytes> found;
  for (std::uint64_t block = begin; block < end; ++block) {
    SHOAL_TRY(auto row,
              log_.block_store().get(store::Column::headers, store::block_key(log_.number(), BlockIndex{block})));
    if (!row) return Error{Code::not_found, "a hidden header is gone"};
    found.push_back(std::move(*row));
  }
  return found;
}

Result<bool> HiddenAdoption::adopt(const std::vector<merkle::RightEdge::Completed>& proven) {
  if (hidden_.empty()) return false;
  const std::optional<Checkpoint> accepted = log_.head();
  const bool forked = log_.inspect([](const LogState& state) { return state.fork_limit.has_value(); });
  if (!accepted || forked) return false;
  bool shown = false;
  const merkle::RightEdge prefix = log_.inspect([](const LogState& state) { return state.tail.edge(); });
  if (hidden_.headers.contains(prefix.size(), accepted->tree_size)) {
    SHOAL_TRY(shown, adopt_range(prefix.size(), accepted->tree_size, prefix, accepted->root));
  }
  for (const auto& [node, hash] : proven) {
    if (!hidden_.headers.contains(node.first_leaf(), node.end_leaf())) continue;
    SHOAL_TRY(const bool adopted, adopt_range(node.first_leaf(), node.end_leaf(), {}, hash));
    shown = shown || adopted;
  }
  return shown;
}

Result<bool> HiddenAdoption::adopt_range(std::uint64_t begin, std::uint64_t end, merkle::RightEdge edge,
                                         const merkle::Digest& root) {
  for (std::uint64_t at = begin; at < end; at += kAtOnce) {
    const auto found = headers(at, std::min(end, at + kAtOnce));
    if (!found) return false;
    for (const Bytes& header : *found) edge.append_leaf(header_leaf(header));
  }
  if (edge.root() != root) return false;
  SHOAL_CHECK(show(begin, end));
  return true;
}

Result<void> HiddenAdoption::show(std::uint64_t begin, std::uint64_t end) {
  for (std::uint64_t at = begin; at < end; at += kAtOnce) {
    const std::uint64_t to = std::min(end, at + kAtOnce);
    SHOAL_TRY(const std::vector<Bytes> found, headers(at, to));
    std::deque<Bytes> manifests;  // the stage keeps views of them
    LogStage stage = log_.stage();
    for (std::uint64_t block = at; block < to; ++block) {
      const Bytes& bytes = found[block - at];
      SHOAL_TRY(BlockHeader header, decode_header(bytes));
      bool stored = hidden_.payloads.contains(block);
      std::optional<ByteView> payload;
      if (stored && header.is(BlockKind::manifest)) {  // the topic state needs what is in it
        auto row = log_.block_store().get(store::Column::payloads, store::block_key(log_.number(), BlockIndex{block}));
        stored = row && *row && verify_payload(header, **row);
        if (stored) payload = manifests.emplace_back(std::move(**row));
      }
      SHOAL_CHECK(stage.add({BlockIndex{block}, std::move(header), bytes, payload, stored}));
    }
    SHOAL_CHECK(stage.check_chains());
    if (const auto accepted = log_.head()) SHOAL_CHECK(stage.check_topics(*accepted));
    SHOAL_CHECK(log_.commit(std::move(stage), std::nullopt, store::Sync::deferred));
  }
  sink_.log(base::LogLevel::info, "feed",
            "feed " + log_.id().hex() + ": blocks " + std::to_string(begin) + " to " + std::to_string(end - 1) +
                ", which were kept without a head, are proven again");
  hidden_.remove({BlockIndex{begin}, BlockIndex{end}});
  return {};
}

}  // namespace shoal::feed
