#include "feed/mirror/feed_mirror.h"

#include "base/assert.h"
#include "base/try.h"
#include "feed/format/incoming_proof.h"
#include "feed/log/log_stage.h"
#include "feed/mirror/hidden_adoption.h"

#include <algorithm>
#include <deque>

// What a mirror believes rests on three checks, in this order. The head is signed by the feed's key. The head extends
// the accepted one, or is a prefix of it: by right edges that are known here, or by the hashes in the cover
// (merkle/subtree_cover). The blocks lead to the head's root, and when all of them are held, to the topic state that it
// signs. Only then anything is stored. Two signed heads of which neither is a prefix of the other are a fork: the proof
// is stored, and from then on only blocks are taken that both histories may share.
//
// Errors say whose fault it is: Code::unverified is the peer's, Code::fork the owner's, Code::corrupt this disk's.
// Peers are banned by them, so the kinds must not merge.
//
// Right edges of heads that were passed are kept (kMaxEdges): a peer that is a little behind sends runs that begin
// there, and without the edge they could not be verified.
namespace shoal::feed {
namespace {

Error bad(std::string_view what) { return Error{Code::unverified, std::string(what)}; }

/// Edges kept beside the prefix's and the head's: sizes of peers that are a little behind.
constexpr std::size_t kMaxEdges = 64;

enum class Relation { first, same, heartbeat, stale, older, growth };

}  // namespace

struct FeedMirror::Impl {
  Impl(FeedLog& the_log, base::LogSink& the_sink) : log(the_log), sink(the_sink), hidden(the_log, the_sink) {}

  Result<Relation> relate(const Checkpoint& head);
  Result<void> check_signature(const Checkpoint& head);
  Result<Relation> relate_equal_size(const Checkpoint& head, const Checkpoint& accepted);
  Result<Relation> relate_after_fork(const Checkpoint& head, const std::optional<Checkpoint>& accepted);
  /// After a fork no block that cannot be common to both histories is taken.
  Result<void> check_common(BlockIndex last) const;
  std::optional<std::uint64_t> fork_limit() const {
    return log.inspect([](const LogState& state) { return state.fork_limit; });
  }
  Error frozen() const { return Error{Code::fork, "feed " + log.id().hex() + " has forked; no more is taken from it"}; }
  Result<void> check_growth(const Checkpoint& head, const Checkpoint& accepted, const merkle::RightEdge& from,
                            const std::vector<DecodedBlock>& blocks, const merkle::CoverResult& proven);
  Result<void> check_older(const Checkpoint& head, const Checkpoint& accepted);
  Result<void> add_blocks(LogStage& stage, const std::vector<DecodedBlock>& blocks) const;
  Result<void> commit(LogStage stage, const std::optional<FeedLog::HeadUpdate>& update);
  Result<void> catch_up();
  Result<void> adopt_hidden(const std::vector<merkle::RightEdge::Completed>& proven);
  Error fork(const ForkProof& proof);
  void remember(merkle::RightEdge edge);
  std::optional<merkle::RightEdge> head_edge() const {
    return log.inspect([](const LogState& state) { return state.head_edge; });
  }

  FeedLog& log;
  base::LogSink& sink;
  std::deque<merkle::RightEdge> edges;  // learned, newest last
  HiddenAdoption hidden;
  std::optional<Checkpoint> last_verified;  // its signature is good: runs of blocks come under one head
};

FeedMirror::FeedMirror(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
FeedMirror::~FeedMirror() = default;

const FeedLog& FeedMirror::log() const { return impl_->log; }

Result<std::unique_ptr<FeedMirror>> FeedMirror::open(FeedLog& log, base::LogSink& sink) {
  if (!log.dropped_at_open().empty()) {
    sink.log(base::LogLevel::warning, "feed", "feed " + log.id().hex() + ": dropped " + log.dropped_at_open());
  }
  if (!log.healed_at_open().empty()) {
    sink.log(base::LogLevel::warning, "feed", "feed " + log.id().hex() + ": " + log.healed_at_open());
  }
  auto impl = std::make_unique<Impl>(log, sink);
  SHOAL_CHECK(impl->catch_up());  // a crash may have come between two steps over stored headers
  return std::unique_ptr<FeedMirror>(new FeedMirror(std::move(impl)));
}

Error FeedMirror::Impl::fork(const ForkProof& proof) {
  if (const auto stored = log.put_fork_proof(proof); !stored) return stored.error();
  sink.log(base::LogLevel::error, "feed", "feed " + log.id().hex() + " has forked: its owner signed two histories");
  return Error{Code::fork, "the owner of feed " + log.id().hex() + " signed two histories",
               "the common prefix stays readable; the proof is kept and passed on"};
}

Result<void> FeedMirror::Impl::check_signature(const Checkpoint& head) {
  if (last_verified == head) return {};
  SHOAL_CHECK(verify_checkpoint(log.id(), head));
  last_verified = head;
  return {};
}

Result<Relation> FeedMirror::Impl::relate(const Checkpoint& head) {
  const std::optional<Checkpoint> accepted = log.head();
  if (fork_limit()) return relate_after_fork(head, accepted);
  if (accepted != head) SHOAL_CHECK(check_signature(head));
  if (!accepted) return Relation::first;
  if (head.epoch != accepted->epoch) {
    return Error{Code::unsupported, "a head of epoch " + std::to_string(head.epoch.value()) + " beside one of epoch " +
                                        std::to_string(accepted->epoch.value())};
  }
  if (head.tree_size == accepted->tree_size) return relate_equal_size(head, *accepted);
  return head.tree_size > accepted->tree_size ? Relation::growth : Relation::older;
}

/// The accepted head stays, and goes on to prove what it covers.
Result<Relation> FeedMirror::Impl::relate_after_fork(const Checkpoint& head,
                                                     const std::optional<Checkpoint>& accepted) {
  if (!accepted || head.epoch != accepted->epoch) return frozen();
  if (head.same_history(*accepted)) return Relation::same;
  if (head.tree_size >= accepted->tree_size) return frozen();
  SHOAL_CHECK(check_signature(head));
  return Relation::older;
}

Result<void> FeedMirror::Impl::check_common(BlockIndex last) const {
  const auto limit = fork_limit();
  return limit && last.value() >= *limit ? Result<void>(frozen()) : Result<void>();
}

Result<Relation> FeedMirror::Impl::relate_equal_size(const Checkpoint& head, const Checkpoint& accepted) {
  if (head.same_history(accepted)) {
    if (head.time > accepted.time) return Relation::heartbeat;
    return head.time == accepted.time ? Relation::same : Relation::stale;
  }
  SHOAL_TRY(const auto proof, find_fork(log.id(), head, accepted, log));
  if (!proof) return bad("a head that contradicts the accepted one");
  return fork(*proof);
}

/// The accepted tree must be a prefix of the one just proven.
Result<void> FeedMirror::Impl::check_growth(const Checkpoint& head, const Checkpoint& accepted,
                                            const merkle::RightEdge& from, const std::vector<DecodedBlock>& blocks,
                                            const merkle::CoverResult& proven) {
  if (from.size() == accepted.tree_size && from.root() == accepted.root) return {};
  const auto found = find_fork(log.id(), accepted, head, ProvenNodes(from, blocks, proven));
  if (!found) {
    if (found.error().code != Code::not_found) return found.error();
    return bad("the cover does not show that the accepted head is a prefix of the new one");
  }
  return *found ? fork(**found) : Result<void>{};
}

/// An older head must be a prefix of the accepted tree.
Result<void> FeedMirror::Impl::check_older(const Checkpoint& head, const Checkpoint& accepted) {
  SHOAL_TRY(const auto proof, find_fork(log.id(), head, accepted, log));
  return proof ? fork(*proof) : Result<void>{};
}

Result<void> FeedMirror::Impl::add_blocks(LogStage& stage, const std::vector<DecodedBlock>& blocks) const {
  for (const DecodedBlock& block : blocks) {
    const auto held = log.header_bytes(block.incoming->index);
    if (!held && held.error().code != Code::not_found && held.error().code != Code::corrupt) return held.error();
    // What the head proves takes the place of what rotted.
    const bool heals = held ? !std::ranges::equal(*held, block.incoming->header) : held.error().code == Code::corrupt;
    SHOAL_CHECK(stage.add({block.incoming->index, block.header, block.incoming->header, block.incoming->payload,
                           block.incoming->stored, heals}));
  }
  return stage.check_chains();
}

Result<void> FeedMirror::Impl::commit(LogStage stage, const std::optional<FeedLog::HeadUpdate>& update) {
  const std::optional<merkle::RightEdge> before = head_edge();
  SHOAL_CHECK(log.commit(std::move(stage), update, store::Sync::deferred));
  if (update && before && before->size() < update->head.tree_size) remember(*before);
  return catch_up();
}

/// Steps over headers that were held beyond a hole, a bounded number at a time.
Result<void> FeedMirror::Impl::catch_up() {
  while (true) {
    const auto [waiting, prefix, applied] = log.inspect([](const LogState& state) {
      return std::tuple{state.headers.contains(state.tail.size()) || state.applied < state.tail.size(),
                        state.tail.size(), state.applied};
    });
    if (!waiting) return {};
    LogStage stage = log.stage();
    SHOAL_CHECK(stage.advance());
    if (stage.edge().size() == prefix && stage.applied() == applied) return {};
    const std::optional<Checkpoint> accepted = log.head();
    if (accepted) SHOAL_CHECK(stage.check_topics(*accepted));
    SHOAL_CHECK(log.commit(std::move(stage), std::nullopt, store::Sync::deferred));
  }
}

Result<void> FeedMirror::Impl::adopt_hidden(const std::vector<merkle::RightEdge::Completed>& proven) {
  SHOAL_TRY(const bool shown, hidden.adopt(proven));
  return shown ? catch_up() : Result<void>{};
}

void FeedMirror::Impl::remember(merkle::RightEdge edge) {
  const std::uint64_t size = edge.size();
  if (std::any_of(edges.begin(), edges.end(), [&](const merkle::RightEdge& known) { return known.size() == size; }))
    return;
  if (edges.size() == kMaxEdges) edges.pop_front();
  edges.push_back(std::move(edge));
}

Result<AcceptResult> FeedMirror::accept(const Checkpoint& head, std::uint64_t base,
                                        const std::vector<IncomingBlock>& blocks,
                                        const std::vector<merkle::Digest>& cover) {
  Impl& self = *impl_;
  SHOAL_CHECK(self.log.check_writable());
  SHOAL_TRY(const Relation relation, self.relate(head));
  const std::optional<Checkpoint> accepted = self.log.head();
  const bool unproven = blocks.empty() && cover.empty();
  const bool takes_head =
      relation == Relation::first || relation == Relation::growth || relation == Relation::heartbeat;
  if (unproven && relation != Relation::growth && relation != Relation::older) {
    // Nothing to prove: a first head, a heartbeat, or news that is none.
    if (!takes_head && self.fork_limit()) return self.frozen();
    if (!takes_head) return AcceptResult{};
    SHOAL_CHECK(self.commit(self.log.stage(), FeedLog::HeadUpdate{head, accepted ? self.head_edge() : std::nullopt}));
    SHOAL_CHECK(self.adopt_hidden({}));
    return AcceptResult{.head_advanced = true};
  }
  if (relation == Relation::older) {
    if (unproven && !knows_edge(head.tree_size)) return AcceptResult{};
    SHOAL_TRY(const merkle::RightEdge edge, edge_at(head.tree_size));
    if (edge.root() != head.root) {
      SHOAL_CHECK(self.check_older(head, *accepted));
      return bad("a head that contradicts the accepted one");
    }
  }
  if (base > head.tree_size) return bad("blocks outside their head");
  if (!blocks.empty()) SHOAL_CHECK(self.check_common(blocks.back().index));
  SHOAL_TRY(const std::vector<DecodedBlock> decoded, check_blocks(head, base, blocks));
  std::vector<merkle::Leaf> leaves;
  leaves.reserve(decoded.size());
  for (const DecodedBlock& block : decoded) leaves.push_back({block.incoming->index.value(), block.leaf});
  SHOAL_TRY(const merkle::RightEdge from, edge_at(base));
  SHOAL_TRY(const merkle::CoverResult proven, merkle::verify_cover(from, head.tree_size, head.root, leaves, cover));
  if (relation == Relation::growth) SHOAL_CHECK(self.check_growth(head, *accepted, from, decoded, proven));

  LogStage stage = self.log.stage();
  SHOAL_CHECK(self.add_blocks(stage, decoded));
  for (const auto& [node, hash] : proven.verified) stage.add_node(node, hash);
  SHOAL_CHECK(stage.check_topics(takes_head ? head : *accepted));
  AcceptResult result{takes_head, stage.new_headers(), stage.new_payloads()};
  std::optional<FeedLog::HeadUpdate> update;
  if (takes_head) {
    update = FeedLog::HeadUpdate{head, proven.edge};
  } else if (relation != Relation::older && !self.head_edge()) {
    update = FeedLog::HeadUpdate{*accepted, proven.edge};  // the edge of a head taken on its signature alone
  }
  SHOAL_CHECK(self.commit(std::move(stage), update));
  SHOAL_CHECK(self.adopt_hidden(proven.verified));
  return result;
}

bool FeedMirror::complete_at(std::uint64_t size) const {
  return impl_->log.inspect([size](const LogState& state) {
    return state.head && state.head->tree_size == size && state.tail.size() == size && state.applied == size;
  });
}

Result<FeedMirror::Expanded> FeedMirror::accept_compact(const CompactRun& run) {
  Impl& self = *impl_;
  SHOAL_CHECK(self.log.check_writable());
  const std::optional<Checkpoint> accepted = self.log.head();
  SHOAL_ASSERT(accepted && complete_at(accepted->tree_size));
  if (run.blocks.empty()) return bad("growth without blocks");
  if (self.log.inspect([](const LogState& state) { return state.fork_proof.has_value(); })) {
    return Error{Code::fork, "feed " + self.log.id().hex() + " has forked; nothing more is taken from it"};
  }
  Expanded out{*accepted, {}};
  out.headers.reserve(run.blocks.size());  // the stage keeps views of what is in there
  LogStage stage = self.log.stage();
  for (const CompactBlock& block : run.blocks) {
    SHOAL_TRY(const BlockHeader header, expand_header(block, stage.topics(), run.time, accepted->epoch));
    out.headers.push_back(encode_header(header));
    SHOAL_CHECK(stage.add({BlockIndex{stage.edge().size()}, header, out.headers.back(), block.payload}));
  }
  out.head.tree_size = stage.edge().size();
  out.head.root = stage.edge().root();
  out.head.time = run.time;
  out.head.topic_count = stage.topics().size();
  out.head.topic_root = stage.topics().root();
  out.head.signature = run.signature;
  SHOAL_CHECK(self.check_signature(out.head));
  SHOAL_CHECK(self.commit(std::move(stage), FeedLog::HeadUpdate{out.head, std::nullopt}));
  return out;
}

Result<void> FeedMirror::add_payload(BlockIndex block, ByteView payload) {
  Impl& self = *impl_;
  SHOAL_CHECK(self.log.check_writable());
  const std::optional<Checkpoint> accepted = self.log.head();
  if (!accepted) return Error{Code::not_found, "no head was accepted yet"};
  SHOAL_CHECK(self.check_common(block));
  SHOAL_TRY(const Bytes bytes, self.log.header_bytes(block));
  SHOAL_TRY(BlockHeader header, self.log.header(block));
  SHOAL_CHECK(check_payload(header, accepted->epoch, payload));
  LogStage stage = self.log.stage();
  SHOAL_CHECK(stage.add({block, std::move(header), bytes, payload}));
  SHOAL_CHECK(stage.check_topics(*accepted));
  return self.commit(std::move(stage), std::nullopt);
}

Result<Pruned> FeedMirror::prune(const std::vector<BlockIndex>& blocks) { return impl_->log.prune(blocks); }

Result<void> FeedMirror::add_topic_entry(const TopicStateEntry& entry, std::uint32_t position,
                                         const std::vector<merkle::Digest>& path) {
  const std::optional<Checkpoint> head = impl_->log.head();
  if (!head) return Error{Code::not_found, "no head was accepted yet"};
  SHOAL_CHECK(verify_topic_entry(entry, position, head->topic_count, head->topic_root, path));
  if (entry.last_block && entry.last_block->value() >= head->tree_size) return bad("a topic's end beyond the head");
  SHOAL_CHECK(impl_->log.inspect([&](const LogState& state) -> Result<void> {
    const auto number = state.number_of(entry.stream);
    const auto place = state.places.find(position);
    if (place != state.places.end() && state.partitions[place->second].stream != entry.stream) {
      return bad("two topics at one place of the topic state");
    }
    if (!number) return {};
    const PartitionState& partition = state.partitions[*number];
    if (partition.place().value_or(position) != position) return bad("a topic at two places of the topic state");
    if (entry.next_offset < partition.held_end) return bad("a signed end before blocks that are held");
    if (partition.learned && entry.next_offset < partition.learned->entry.next_offset) {
      return bad("a signed end that went back");
    }
    return {};
  }));
  LogStage stage = impl_->log.stage();
  stage.learn(LearnedEntry{entry, position, head->topic_count, head->topic_root, path});
  return impl_->commit(std::move(stage), std::nullopt);
}

bool FeedMirror::knows_edge(std::uint64_t size) const {
  if (size <= impl_->log.header_prefix()) return true;
  const auto head_edge = impl_->head_edge();
  if (head_edge && head_edge->size() == size) return true;
  return std::any_of(impl_->edges.begin(), impl_->edges.end(),
                     [&](const merkle::RightEdge& edge) { return edge.size() == size; });
}

Result<merkle::RightEdge> FeedMirror::edge_at(std::uint64_t size) const {
  if (size == 0) return merkle::RightEdge{};
  if (size > impl_->log.header_prefix()) {
    if (auto edge = impl_->head_edge(); edge && edge->size() == size) return std::move(*edge);
    for (const merkle::RightEdge& edge : impl_->edges) {
      if (edge.size() == size) return edge;
    }
    return Error{Code::not_found, "the right edge at size " + std::to_string(size) + " is not known here"};
  }
  SHOAL_TRY(std::vector<Digest> hashes, impl_->log.read(merkle::cover(0, size)));
  return merkle::RightEdge::from_hashes(size, std::move(hashes));
}

Result<void> FeedMirror::learn_edge(std::uint64_t size, std::vector<merkle::Digest> edge,
                                    const std::vector<merkle::Digest>& cover) {
  const std::optional<Checkpoint> head = impl_->log.head();
  if (!head || size == 0 || size >= head->tree_size) {
    return Error{Code::invalid_argument, "an edge is learned below the accepted head"};
  }
  auto from = merkle::RightEdge::from_hashes(size, std::move(edge));
  if (!from) return bad("a right edge of the wrong size");
  SHOAL_TRY(const merkle::CoverResult proven, merkle::verify_cover(*from, head->tree_size, head->root, {}, cover));
  LogStage stage = impl_->log.stage();
  const std::vector<merkle::NodeId> nodes = merkle::cover(0, size);
  for (std::size_t i = 0; i < nodes.size(); ++i) stage.add_node(nodes[i], from->hashes()[i]);
  for (const auto& [node, hash] : proven.verified) stage.add_node(node, hash);
  std::optional<FeedLog::HeadUpdate> update;
  if (!impl_->head_edge()) update = FeedLog::HeadUpdate{*head, proven.edge};
  SHOAL_CHECK(impl_->commit(std::move(stage), update));
  impl_->remember(*std::move(from));
  return {};
}

Result<void> FeedMirror::add_fork_proof(const ForkProof& proof) {
  if (proof.feed != impl_->log.id()) return bad("a fork proof of another feed");
  SHOAL_CHECK(verify_fork_proof(proof));
  if (impl_->fork_limit()) return {};
  const Error stored = impl_->fork(proof);
  return stored.code == Code::fork ? Result<void>{} : stored;
}

Result<void> FeedMirror::flush() { return impl_->log.make_durable(); }

}  // namespace shoal::feed
