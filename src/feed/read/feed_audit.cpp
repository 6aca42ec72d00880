#include "feed/read/feed_audit.h"

#include "base/try.h"
#include "feed/format/row_range.h"
#include "feed/log/time_index.h"
#include "feed/log/topic_index.h"
#include "merkle/subtree_cover.h"

#include <algorithm>

// Checks what is stored against the one thing that cannot rot unnoticed, the signed head. In the prefix without holes
// tree and topic state are built again from the headers and compared with what the head signs; beyond it every header
// is proven by the subtree roots that are stored for it. Payloads are hashed. Index rows are compared with the headers
// that they were made from, and counted, so that rows of no block are found too. The audit reads, it repairs nothing:
// what to do (fetch again, rebuild, restore) differs for mirrors and own feeds.
namespace shoal::feed {
namespace {

using Progress = std::function<bool(std::uint64_t, std::uint64_t)>;

constexpr std::uint64_t kProgressStep = 256;
constexpr std::size_t kMaxDamage = 1000;

/// One audit: state taken once, then everything in block order. One use.
class Audit {
 public:
  Audit(const FeedReader& reader, const FeedLog& log, const Progress& progress)
      : reader_(reader), log_(log), progress_(progress) {}

  Result<AuditReport> run() {
    const auto head = reader_.head();
    if (!head) return Error{Code::not_found, "no head was accepted yet"};
    report_.head = *head;
    if (!verify_checkpoint(log_.id(), *head)) damage("the accepted head is not signed by the feed's key");
    log_.inspect([&](const LogState& state) {
      prefix_ = std::min(state.tail.size(), head->tree_size);
      headers_ = state.headers;
      payloads_ = state.payloads;
      pruned_ = state.pruned;
      numbers_ = state.numbers;
    });
    for (const BlockRange& run : headers_.runs()) {
      for (BlockIndex block = run.begin; block < run.end; ++block) SHOAL_CHECK(check_block(block));
    }
    check_tree();
    check_topics();
    check_row_counts();
    find_holes();
    return std::move(report_);
  }

 private:
  void damage(std::string line) {
    if (report_.damage.size() < kMaxDamage) report_.damage.push_back(std::move(line));
  }

  static std::string name(BlockIndex block) { return "block " + std::to_string(block.value()); }

  Result<void> check_block(BlockIndex block) {
    if (progress_ && report_.headers_checked % kProgressStep == 0 &&
        !progress_(report_.headers_checked, headers_.count())) {
      return Error{Code::cancelled, "stopped"};
    }
    ++report_.headers_checked;
    manifest_.reset();
    const auto bytes = log_.header_bytes(block);
    if (!bytes) {
      log_.note_damage(block);
      damage(name(block) + ": " + bytes.error().message);
      topics_known_ = false;
      return {};
    }
    check_leaf(block, header_leaf(*bytes));
    const auto header = decode_header(*bytes);
    if (!header) {
      log_.note_damage(block);
      damage(name(block) + ": its header does not decode: " + header.error().message);
      topics_known_ = false;
      return {};
    }
    check_payload_of(block, *header);
    check_rows(block, *header);
    step_topics(block, *header);
    return {};
  }

  /// In the prefix the whole tree is built again; beyond it each header is proven by the subtree roots stored for it.
  void check_leaf(BlockIndex block, const Digest& leaf) {
    if (block.value() < prefix_) {
      if (edge_.size() == block.value()) edge_.append_leaf(leaf);
      const auto stored = log_.read({merkle::NodeId{0, block.value()}});
      if (!stored) {
        damage(name(block) + ": its place in the tree is damaged: " + stored.error().message);
      } else if (stored->front() != leaf) {
        damage(name(block) + ": its header and the stored tree contradict each other");
      }
      return;
    }
    if (block.value() >= report_.head.tree_size) {
      damage(name(block) + " lies beyond the accepted head");
      return;
    }
    const auto cover = merkle::build_cover(log_, 0, report_.head.tree_size, {block.value()});
    if (!cover) {
      damage(name(block) + ": the subtree roots that prove it are not there: " + cover.error().message);
    } else if (!merkle::verify_cover({}, report_.head.tree_size, report_.head.root, {{block.value(), leaf}}, *cover)) {
      damage(name(block) + ": its header does not prove against the accepted head");
    }
  }

  void check_payload_of(BlockIndex block, const BlockHeader& header) {
    if (!payloads_.contains(block.value())) {
      if (pruned_.contains(block.value())) ++report_.payloads_pruned;
      return;
    }
    ++report_.payloads_checked;
    const auto payload = log_.stored_payload(block);
    if (!payload) {
      if (payload.error().code != Code::pruned && payload.error().code != Code::not_found) {
        log_.note_damage(block);
        damage(describe_block(block, header) + ": " + payload.error().message);
      }
    } else if (const auto verified = verify_payload(header, *payload); !verified) {
      log_.note_damage(block);
      damage(describe_block(block, header) + ": " + verified.error().message);
    } else if (header.is(BlockKind::manifest)) {
      auto manifest = decode_manifest(*payload);
      if (manifest) manifest_ = *std::move(manifest);
    }
  }

  void check_rows(BlockIndex block, const BlockHeader& header) {
    const auto found = numbers_.find(header.stream);
    if (found == numbers_.end()) {
      damage(name(block) + ": its topic has no row");
      return;
    }
    const store::TopicNumber topic{found->second};
    ++rows_expected_;
    const auto offset = find_offset(log_.block_store(), log_.number(), topic, header.base_offset);
    if (!offset || !*offset || (*offset)->block != block || (*offset)->base != header.base_offset) {
      damage(name(block) + ": its row in the offset index is missing or wrong");
    }
    TimeIndex times(log_.block_store(), log_.number(), topic);
    const auto time = times.at_or_after(block);
    if (!time || !*time || (*time)->block != block || (*time)->smallest != header.smallest_time ||
        (*time)->largest != header.largest_time || (*time)->running_largest != header.running_largest_time) {
      damage(name(block) + ": its row in the time index is missing or wrong");
    }
  }

  void step_topics(BlockIndex block, const BlockHeader& header) {
    if (block.value() != applied_ || block.value() >= prefix_ || !topics_known_) return;
    const bool is_manifest = header.is(BlockKind::manifest);
    if (is_manifest && !manifest_) {
      topics_known_ = false;  // its payload is missing: the partitions it makes are not known
      return;
    }
    if (const auto stepped = topics_.apply(header, block, is_manifest ? &*manifest_ : nullptr); !stepped) {
      damage(name(block) + ": " + stepped.error().message);
      topics_known_ = false;
    }
    manifest_.reset();
    ++applied_;
  }

  void check_tree() {
    if (edge_.size() != prefix_) {
      damage("the tree could be built again only up to block " + std::to_string(edge_.size()));
    } else if (prefix_ == report_.head.tree_size && edge_.root() != report_.head.root) {
      damage("the headers give another root than the signed head");
    }
    const auto stored = log_.inspect([](const LogState& state) { return state.tail.edge(); });
    if (edge_.size() == stored.size() && edge_ != stored)
      damage("headers and the stored right edge contradict each other");
  }

  void check_topics() {
    if (!topics_known_ || applied_ != report_.head.tree_size) return;
    if (topics_.size() != report_.head.topic_count || topics_.root() != report_.head.topic_root) {
      damage("the headers give another topic state than the signed head");
    }
  }

  /// Every held block has its two rows (checked above); so a surplus row is one of no block.
  void check_row_counts() {
    const store::KeyRange range = store::feed_range(log_.number());
    for (const auto& [column, what] : {std::pair{store::Column::offsets, "offset"}, {store::Column::times, "time"}}) {
      const auto rows = log_.block_store().iterate(column);
      std::uint64_t count = 0;
      for (rows->seek(range.begin); rows->valid() && in_range(range, rows->key()); rows->next()) ++count;
      if (!rows->status()) damage(std::string("the ") + what + " index cannot be read");
      if (count > rows_expected_) damage(std::string("the ") + what + " index has rows of blocks that are not held");
    }
  }

  void find_holes() {
    const std::uint64_t size = report_.head.tree_size;
    RangeSet missing;
    missing.add(0, size);
    for (const BlockRange& run : headers_.runs()) missing.remove(run);
    report_.missing_headers = missing.runs();
    RangeSet bare = headers_;
    for (const BlockRange& run : payloads_.runs()) bare.remove(run);
    for (const BlockRange& run : pruned_.runs()) bare.remove(run);
    report_.missing_payloads = bare.runs();
  }

  const FeedReader& reader_;
  const FeedLog& log_;
  const Progress& progress_;
  AuditReport report_;
  std::uint64_t prefix_ = 0;
  RangeSet headers_;
  RangeSet payloads_;
  RangeSet pruned_;
  std::map<TopicPartition, std::uint32_t> numbers_;
  merkle::RightEdge edge_;
  TopicState topics_;
  bool topics_known_ = true;
  std::uint64_t applied_ = 0;
  std::optional<Manifest> manifest_;  // of the block at hand
  std::uint64_t rows_expected_ = 0;
};

}  // namespace

Result<AuditReport> audit(const FeedReader& reader, const Progress& progress) {
  return Audit(reader, reader.log(), progress).run();
}

}  // namespace shoal::feed
