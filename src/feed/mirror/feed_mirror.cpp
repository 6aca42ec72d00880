#include "feed/mirror/feed_mirror.h"

#include "base/assert.h"
#include "base/try.h"
#include "feed/format/incoming_proof.h"
#include "feed/log/log_stage.h"
#include "feed/mirror/contradiction_record.h"
#include "feed/mirror/hidden_adoption.h"
#include "feed/mirror/known_edges.h"

#include <algorithm>

// What a mirror believes rests on three checks, in this order. The head is signed by the feed's key. The head extends
// the accepted one, or is a prefix of it: by right edges that are known here, or by the hashes in the cover
// (merkle/subtree_cover). The blocks lead to the head's root, and when all of them are held, to the topic state that it
// signs. Only then anything is stored. Two signed heads of which neither is a prefix of the other are a fork: the proof
// is stored, and from then on only blocks are taken that both histories may share.
//
// Errors say whose fault it is: Code::unverified is the peer's, Code::fork and Code::contradiction the owner's,
// Code::corrupt this disk's. Peers are banned by them, so the kinds must not merge. So everything is first proven to be
// in a tree that the owner signed, or it is the peer's lie; what is wrong with it after that is the owner's, whoever
// brought it. A contradiction is kept (feed/format/contradiction), and from then on nothing is taken. Otherwise an
// owner who signs a wrong topic state would have each reader ban the honest mirror that brings the last block, one
// after the other.
namespace shoal::feed {
namespace {

Error bad(std::string_view what) { return Error{Code::unverified, std::string(what)}; }

/// The owner signed the head, so whoever passes it on is honest; and nothing shows yet which history the epoch goes on
/// from. Of two readers who each took another one as their first head, none would ever see the fork.
Error unproven_epoch(Epoch epoch) {
  return Error{Code::unsupported,
               "a head of epoch " + std::to_string(epoch.value()) + ": no proof is known of what that epoch continues",
               "this version takes heads of the epoch it holds, and of epoch 0 first"};
}

enum class Relation { first, same, heartbeat, stale, older, growth };

}  // namespace

struct FeedMirror::Impl {
  Impl(FeedLog& the_log, base::LogSink& the_sink)
      : log(the_log), sink(the_sink), edges(the_log), contradictions(the_log, the_sink), hidden(the_log, the_sink) {}

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
                            const std::vector<merkle::Leaf>& leaves, const merkle::CoverResult& proven);
  Result<std::vector<DecodedBlock>> decode_blocks(const Checkpoint& head, const std::vector<IncomingBlock>& blocks,
                                                  const std::vector<merkle::Leaf>& leaves);
  Result<void> add_blocks(LogStage& stage, const Checkpoint& head, const std::vector<DecodedBlock>& blocks);
  Result<void> check_topics(const LogStage& stage, const Checkpoint& head);
  Result<void> commit(LogStage stage, const std::optional<FeedLog::HeadUpdate>& update);
  Result<void> catch_up();
  Result<void> adopt_hidden(const std::vector<merkle::RightEdge::Completed>& proven);
  Error fork(const ForkProof& proof);

  FeedLog& log;
  base::LogSink& sink;
  KnownEdges edges;
  ContradictionRecord contradictions;
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
  if (impl->contradictions.check()) {
    // A crash may have come between two steps over stored headers.
    if (const auto done = impl->catch_up(); !done && done.error().code != Code::contradiction) return done.error();
  }
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
  if (head.epoch != (accepted ? accepted->epoch : Epoch{0})) return unproven_epoch(head.epoch);
  if (!accepted) return Relation::first;
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
                                            const merkle::RightEdge& from, const std::vector<merkle::Leaf>& leaves,
                                            const merkle::CoverResult& proven) {
  if (from.size() == accepted.tree_size && from.root() == accepted.root) return {};
  const auto found = find_fork(log.id(), accepted, head, ProvenNodes(from, leaves, proven));
  if (!found) {
    if (found.error().code != Code::not_found) return found.error();
    return bad("the cover does not show that the accepted head is a prefix of the new one");
  }
  return *found ? fork(**found) : Result<void>{};
}

/// Of blocks that are proven under `head`.
Result<std::vector<DecodedBlock>> FeedMirror::Impl::decode_blocks(const Checkpoint& head,
                                                                  const std::vector<IncomingBlock>& blocks,
                                                                  const std::vector<merkle::Leaf>& leaves) {
  std::vector<DecodedBlock> out;
  out.reserve(blocks.size());
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    auto decoded = decode_proven(head, blocks[i], leaves[i].hash);
    if (!decoded) return contradictions.keep(std::move(decoded).error(), head, blocks[i].index);
    out.push_back(*std::move(decoded));
  }
  return out;
}

/// Blocks that are proven under `head`.
Result<void> FeedMirror::Impl::add_blocks(LogStage& stage, const Checkpoint& head,
                                          const std::vector<DecodedBlock>& blocks) {
  for (const DecodedBlock& block : blocks) {
    const auto held = log.header_bytes(block.incoming->index);
    if (!held && held.error().code != Code::not_found && held.error().code != Code::corrupt) return held.error();
    // What the head proves takes the place of what rotted.
    const bool heals = held ? !std::ranges::equal(*held, block.incoming->header) : held.error().code == Code::corrupt;
    auto added = stage.add({block.incoming->index, block.header, block.incoming->header, block.incoming->payload,
                            block.incoming->stored, heals});
    if (!added) return contradictions.keep(of_owner(std::move(added).error()), head, block.incoming->index);
  }
  if (auto fit = stage.check_chains(); !fit) {
    return contradictions.keep(of_owner(std::move(fit).error()), head, blocks.back().incoming->index);
  }
  return {};
}

Result<void> FeedMirror::Impl::check_topics(const LogStage& stage, const Checkpoint& head) {
  auto signed_state = stage.check_topics(head);
  return signed_state ? Result<void>{}
                      : contradictions.keep(of_owner(std::move(signed_state).error()), head, std::nullopt);
}

Result<void> FeedMirror::Impl::commit(LogStage stage, const std::optional<FeedLog::HeadUpdate>& update) {
  const std::optional<merkle::RightEdge> before = edges.of_head();
  SHOAL_CHECK(log.commit(std::move(stage), update, store::Sync::deferred));
  if (update && before && before->size() < update->head.tree_size) edges.remember(*before);
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
    const std::optional<Checkpoint> accepted = log.head();
    if (auto stepped = stage.advance(); !stepped) {
      if (!accepted) return stepped;
      return contradictions.keep(of_owner(std::move(stepped).error()), *accepted, BlockIndex{stage.applied()});
    }
    if (stage.edge().size() == prefix && stage.applied() == applied) return {};
    if (accepted) SHOAL_CHECK(check_topics(stage, *accepted));
    SHOAL_CHECK(log.commit(std::move(stage), std::nullopt, store::Sync::deferred));
  }
}

Result<void> FeedMirror::Impl::adopt_hidden(const std::vector<merkle::RightEdge::Completed>& proven) {
  auto shown = hidden.adopt(proven);
  if (!shown) return contradictions.keep(of_owner(std::move(shown).error()), log.head().value(), std::nullopt);
  return *shown ? catch_up() : Result<void>{};
}

Result<AcceptResult> FeedMirror::accept(const Checkpoint& head, std::uint64_t base,
                                        const std::vector<IncomingBlock>& blocks,
                                        const std::vector<merkle::Digest>& cover) {
  Impl& self = *impl_;
  SHOAL_CHECK(self.log.check_writable());
  SHOAL_CHECK(self.contradictions.check());
  SHOAL_TRY(const Relation relation, self.relate(head));
  const std::optional<Checkpoint> accepted = self.log.head();
  const bool unproven = blocks.empty() && cover.empty();
  const bool takes_head =
      relation == Relation::first || relation == Relation::growth || relation == Relation::heartbeat;
  if (unproven && relation != Relation::growth && relation != Relation::older) {
    // Nothing to prove: a first head, a heartbeat, or news that is none.
    if (!takes_head && self.fork_limit()) return self.frozen();
    if (!takes_head) return AcceptResult{};
    SHOAL_CHECK(
        self.commit(self.log.stage(), FeedLog::HeadUpdate{head, accepted ? self.edges.of_head() : std::nullopt}));
    SHOAL_CHECK(self.adopt_hidden({}));
    return AcceptResult{.head_advanced = true};
  }
  if (relation == Relation::older) {
    if (unproven && !knows_edge(head.tree_size)) return AcceptResult{};
    SHOAL_TRY(const merkle::RightEdge edge, edge_at(head.tree_size));
    if (edge.root() != head.root) {
      SHOAL_TRY(const auto proof, find_fork(self.log.id(), head, *accepted, self.log));
      return proof ? self.fork(*proof) : bad("a head that contradicts the accepted one");
    }
  }
  if (base > head.tree_size) return bad("blocks outside their head");
  if (!blocks.empty()) SHOAL_CHECK(self.check_common(blocks.back().index));
  SHOAL_TRY(const std::vector<merkle::Leaf> leaves, leaves_of(head, base, blocks));
  SHOAL_TRY(const merkle::RightEdge from, edge_at(base));
  SHOAL_TRY(const merkle::CoverResult proven, merkle::verify_cover(from, head.tree_size, head.root, leaves, cover));
  if (relation == Relation::growth) SHOAL_CHECK(self.check_growth(head, *accepted, from, leaves, proven));

  // From here on the headers are what the owner signed.
  SHOAL_TRY(const std::vector<DecodedBlock> decoded, self.decode_blocks(head, blocks, leaves));
  LogStage stage = self.log.stage();
  SHOAL_CHECK(self.add_blocks(stage, head, decoded));
  for (const auto& [node, hash] : proven.verified) stage.add_node(node, hash);
  SHOAL_CHECK(self.check_topics(stage, takes_head ? head : *accepted));
  AcceptResult result{takes_head, stage.new_headers(), stage.new_payloads()};
  std::optional<FeedLog::HeadUpdate> update;
  if (takes_head) {
    update = FeedLog::HeadUpdate{head, proven.edge};
  } else if (relation != Relation::older && !self.edges.of_head()) {
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
  SHOAL_CHECK(self.contradictions.check());
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
  SHOAL_CHECK(self.contradictions.check());
  SHOAL_CHECK(self.check_common(block));
  SHOAL_TRY(const Bytes bytes, self.log.header_bytes(block));
  SHOAL_TRY(BlockHeader header, self.log.header(block));
  if (auto good = check_payload(header, accepted->epoch, payload); !good) {
    return self.contradictions.keep(std::move(good).error(), *accepted, block);
  }
  LogStage stage = self.log.stage();
  if (auto added = stage.add({block, std::move(header), bytes, payload}); !added) {
    return self.contradictions.keep(of_owner(std::move(added).error()), *accepted, block);
  }
  SHOAL_CHECK(self.check_topics(stage, *accepted));
  return self.commit(std::move(stage), std::nullopt);
}

Result<Pruned> FeedMirror::prune(const std::vector<BlockIndex>& blocks) { return impl_->log.prune(blocks); }

Result<void> FeedMirror::add_topic_entry(const TopicStateEntry& entry, std::uint32_t position,
                                         const std::vector<merkle::Digest>& path) {
  const std::optional<Checkpoint> head = impl_->log.head();
  if (!head) return Error{Code::not_found, "no head was accepted yet"};
  SHOAL_CHECK(impl_->contradictions.check());
  if (auto good = verify_topic_entry(entry, position, head->topic_count, head->topic_root, path); !good) {
    return impl_->contradictions.keep(std::move(good).error(), *head, std::nullopt);
  }
  // From here on it is what the owner signed.
  const Result<void> fits = impl_->log.inspect([&](const LogState& state) -> Result<void> {
    if (entry.last_block && entry.last_block->value() >= head->tree_size) return bad("a topic's end beyond the head");
    const auto number = state.number_of(entry.stream);
    const auto place = state.places.find(position);
    if (place != state.places.end() && state.partitions[place->second].stream != entry.stream) {
      return bad("two topics at one place of the topic state");
    }
    if (!number) return {};
    const PartitionState& partition = state.partitions[*number];
    if (partition.place().value_or(position) != position) return bad("a topic at two places of the topic state");
    if (entry.next_offset < partition.held_end) return bad("a signed end before blocks that are held");
    if (!partition.learned) return {};
    const TopicStateEntry& before = partition.learned->entry;
    // What a head signed that was lost here may lie beyond the accepted one.
    const bool below = before.last_block && before.last_block->value() < head->tree_size;
    if (below && entry.next_offset < before.next_offset) return bad("a signed end that went back");
    return {};
  });
  if (!fits) return impl_->contradictions.keep(of_owner(fits.error()), *head, std::nullopt);
  LogStage stage = impl_->log.stage();
  stage.learn(LearnedEntry{entry, position, head->topic_count, head->topic_root, path});
  return impl_->commit(std::move(stage), std::nullopt);
}

bool FeedMirror::knows_edge(std::uint64_t size) const { return impl_->edges.knows(size); }

Result<merkle::RightEdge> FeedMirror::edge_at(std::uint64_t size) const { return impl_->edges.at(size); }

Result<void> FeedMirror::learn_edge(std::uint64_t size, std::vector<merkle::Digest> edge,
                                    const std::vector<merkle::Digest>& cover) {
  const std::optional<Checkpoint> head = impl_->log.head();
  if (!head || size == 0 || size >= head->tree_size) {
    return Error{Code::invalid_argument, "an edge is learned below the accepted head"};
  }
  SHOAL_CHECK(impl_->contradictions.check());
  auto from = merkle::RightEdge::from_hashes(size, std::move(edge));
  if (!from) return bad("a right edge of the wrong size");
  SHOAL_TRY(const merkle::CoverResult proven, merkle::verify_cover(*from, head->tree_size, head->root, {}, cover));
  LogStage stage = impl_->log.stage();
  const std::vector<merkle::NodeId> nodes = merkle::cover(0, size);
  for (std::size_t i = 0; i < nodes.size(); ++i) stage.add_node(nodes[i], from->hashes()[i]);
  for (const auto& [node, hash] : proven.verified) stage.add_node(node, hash);
  std::optional<FeedLog::HeadUpdate> update;
  if (!impl_->edges.of_head()) update = FeedLog::HeadUpdate{*head, proven.edge};
  SHOAL_CHECK(impl_->commit(std::move(stage), update));
  impl_->edges.remember(*std::move(from));
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
