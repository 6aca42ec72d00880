#include "feed/write/feed_writer.h"

#include "base/assert.h"
#include "base/bytes.h"
#include "base/try.h"
#include "crypto/signature.h"
#include "feed/log/log_stage.h"
#include "feed/write/commit_group.h"
#include "feed/write/own_check.h"
#include "feed/write/writer_start.h"
#include "record/batch_header.h"

#include <algorithm>

// The order of a commit is what makes a promise of it: build, sign, check what was signed against the bytes that will
// be stored, make it durable, show it. make_permanent() says what a crash leaves at each step; writer_start.cpp is the
// other half. A failure whose outcome is not known poisons the writer: signing on from a state that may not be on the
// disk would fork the feed.
namespace shoal::feed {
namespace {

/// Nothing was signed; a full disk passes.
Error refused(const Error& cause) {
  if (cause.code != Code::no_space) return cause;
  return Error{Code::no_space, "nothing was signed: " + cause.message,
               "free some space and publish again; the node goes on by itself"};
}

Error invalid(std::string_view what) { return Error{Code::invalid_argument, std::string(what)}; }

Result<void> check_unforked(const FeedLog& log) {
  if (!log.inspect([](const LogState& state) { return state.fork_limit.has_value(); })) return {};
  return Error{Code::unsafe_to_sign, "feed " + log.id().hex() + " has forked: it was signed twice",
               "nothing more is signed with this key in its present epoch"};
}

}  // namespace

struct FeedWriter::Impl {
  Impl(FeedLog& the_log, store::KvStore& the_store, store::Journal& the_journal, crypto::KeyPair the_key,
       const base::Clock& the_clock, base::LogSink& the_sink)
      : log(the_log),
        store(the_store),
        journal(the_journal),
        key(std::move(the_key)),
        clock(the_clock),
        sink(the_sink) {}

  struct Draft {
    BlockHeader header;
    Bytes header_bytes;
    Bytes payload;
  };

  Result<void> ready() const;
  const TopicState& topics() const {
    return *log.inspect([](const LogState& state) { return state.topics.get(); });
  }
  Result<void> check_batch(const PendingBatch& batch) const;
  BlockHeader next_header(BlockKind kind, const TopicPartition& stream, const TopicState& state) const;
  Result<void> add_draft(LogStage& stage, Draft& draft) const;
  Checkpoint sign_head(const LogStage& stage, UnixMs time) const;
  Result<void> verify_own(const Checkpoint& signed_head, const LogStage& stage,
                          const std::vector<GroupBlockView>& blocks) const;
  Result<CommitResult> commit_drafts(LogStage stage, std::vector<Draft> drafts);
  Result<void> make_permanent(LogStage stage, const Checkpoint& signed_head, const std::vector<GroupBlockView>& blocks);
  Result<bool> make_room(std::size_t size);
  Result<void> begin_history(UnixMs time);
  Error poison(const Error& cause);
  void refresh_head() { head = log.head(); }

  FeedLog& log;
  store::KvStore& store;
  store::Journal& journal;
  crypto::KeyPair key;
  const base::Clock& clock;
  base::LogSink& sink;
  std::optional<Checkpoint> head;
  bool poisoned = false;
  std::optional<Error> stopped;
};

FeedWriter::FeedWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
FeedWriter::~FeedWriter() = default;

Result<std::unique_ptr<FeedWriter>> FeedWriter::open(FeedLog& log, store::KvStore& store, store::Journal& journal,
                                                     crypto::KeyPair key, const base::Clock& clock, base::LogSink& sink,
                                                     const WriterOptions& options) {
  if (key.public_key() != log.id().key) return Error{Code::bad_key, "the key is not the one of feed " + log.id().hex()};
  SHOAL_CHECK(check_unforked(log));
  SHOAL_CHECK(recover_journal_and_store(log, journal, sink, options));
  if (!log.head() && journal.feeds().size() >= store::Journal::kMaxFeeds) {
    return Error{Code::limit_exceeded, "the journal has no room for another own feed"};
  }
  auto impl = std::make_unique<Impl>(log, store, journal, std::move(key), clock, sink);
  impl->refresh_head();
  return std::unique_ptr<FeedWriter>(new FeedWriter(std::move(impl)));
}

Result<void> FeedWriter::Impl::ready() const {
  SHOAL_CHECK(check_unforked(log));
  if (stopped) return *stopped;
  if (poisoned) {
    return Error{Code::unknown_outcome, "an earlier commit may or may not have happened", "open the feed again"};
  }
  // What the journal will hold the store must be able to take.
  if (const auto writable = store.check_writable(); !writable) return refused(writable.error());
  return {};
}

Error FeedWriter::Impl::poison(const Error& cause) {
  poisoned = true;
  sink.log(base::LogLevel::error, "feed",
           "a commit of feed " + log.id().hex() + " has an unknown outcome: " + cause.message);
  return Error{Code::unknown_outcome, "the commit may or may not have happened: " + cause.message,
               "open the feed again: journal and store tell what is there"};
}

Result<void> FeedWriter::Impl::check_batch(const PendingBatch& batch) const {
  if (!is_legal_topic(batch.stream.topic)) return invalid("illegal topic name `" + batch.stream.topic + "`");
  const std::int32_t partition = batch.stream.partition.value();
  if (partition < 0 || static_cast<std::uint32_t>(partition) >= kMaxTopicPartitions)
    return invalid("illegal partition");
  if (batch.batch.size() > kMaxPayloadSize) return Error{Code::limit_exceeded, "a batch above 8 MiB"};
  const auto info = record::inspect_batch(batch.batch);
  if (!info) return invalid("a batch that is not sound: " + info.error().message);
  if (info->record_count != batch.record_count) return invalid("the batch holds another number of records than stated");
  if (info->max_timestamp != batch.largest_time || batch.smallest_time > batch.largest_time ||
      batch.smallest_time < kNoTime) {
    return invalid("the batch's timestamps are not those stated");
  }
  return {};
}

BlockHeader FeedWriter::Impl::next_header(BlockKind kind, const TopicPartition& stream, const TopicState& state) const {
  TopicStateEntry end{stream, Offset{0}, {}, kNoTime};
  if (const auto position = state.find(stream)) end = state.at(*position);
  BlockHeader header;
  header.kind = static_cast<std::uint8_t>(kind);
  header.stream = stream;
  header.previous = end.last_block;
  header.base_offset = end.next_offset;
  header.record_count = 1;
  header.append_time = std::max(clock.wall_now(), UnixMs{0});
  header.smallest_time = header.largest_time = kNoTime;
  header.running_largest_time = end.largest_time;
  return header;
}

Result<void> FeedWriter::Impl::add_draft(LogStage& stage, Draft& draft) const {
  draft.header.payload_size = static_cast<std::uint32_t>(draft.payload.size());
  draft.header.payload_root = payload_root(draft.payload);
  draft.header_bytes = encode_header(draft.header);
  const BlockIndex index{stage.edge().size()};
  if (index.value() + 1 >= merkle::kMaxTreeSize) return Error{Code::limit_exceeded, "the feed is full"};
  auto added = stage.add({index, draft.header, draft.header_bytes, ByteView(draft.payload)});
  // What does not continue the topic state is the caller's mistake here: nobody else made this header.
  if (!added && added.error().code == Code::unverified) return invalid(added.error().message);
  return added;
}

Checkpoint FeedWriter::Impl::sign_head(const LogStage& stage, UnixMs time) const {
  Checkpoint next;
  next.epoch = head ? head->epoch : Epoch{0};
  next.tree_size = stage.edge().size();
  next.root = stage.edge().root();
  next.time = time;
  next.topic_count = stage.topics().size();
  next.topic_root = stage.topics().root();
  next.signature = crypto::sign(key, base::as_bytes(note_text(log.id(), next)));
  return next;
}

Result<void> FeedWriter::Impl::verify_own(const Checkpoint& signed_head, const LogStage& stage,
                                          const std::vector<GroupBlockView>& blocks) const {
  const auto before = log.inspect([](const LogState& state) { return state.tail.edge(); });
  return check_own_group(log.id(), signed_head, before, blocks, stage.topics());
}

/// Makes room in the ring for `size` bytes when that can be had: what lies there must be durable in the store first.
Result<bool> FeedWriter::Impl::make_room(std::size_t size) {
  if (size > store::Journal::kMaxGroupSize) return false;
  if (journal.free_space() >= size) return true;
  SHOAL_CHECK(store.make_durable());
  journal.release();
  return journal.free_space() >= size;  // groups of feeds that were not opened yet keep theirs
}

/// After this the group is durable, or its outcome is unknown. Crash at each step: before the journal's fdatasync
/// nothing was acknowledged and the store has either nothing (small group) or a durable longer head that the next start
/// adopts (large group); after it the next start replays the slot.
Result<void> FeedWriter::Impl::make_permanent(LogStage stage, const Checkpoint& signed_head,
                                              const std::vector<GroupBlockView>& blocks) {
  const Bytes head_bytes = encode_checkpoint(signed_head);
  const FeedLog::HeadUpdate update{signed_head, {}};
  auto small = blocks.empty() ? Result<bool>{true} : make_room(group_size(blocks));
  if (!small) return small.error().code == Code::no_space ? refused(small.error()) : poison(small.error());
  if (!*small) {
    if (!head) SHOAL_CHECK(begin_history(signed_head.time));
    if (const auto made = log.commit(std::move(stage), update, store::Sync::yes); !made) {
      // A batch that the disk had no room for is not in the store, and the journal was not asked.
      return made.error().code == Code::no_space ? refused(made.error()) : poison(made.error());
    }
    if (const auto made = journal.commit(log.id(), head_bytes, {}); !made) return poison(made.error());
    return {};
  }
  const Bytes group =
      blocks.empty() ? Bytes{} : encode_group(signed_head.tree_size - blocks.size(), signed_head, blocks);
  if (const auto made = journal.commit(log.id(), head_bytes, group); !made) {
    // A full journal wrote nothing; after any other failure the group may or may not be there.
    return made.error().code == Code::limit_exceeded ? made.error() : poison(made.error());
  }
  // From here on it may be announced; the store can have it later.
  if (const auto made = log.commit(std::move(stage), update, store::Sync::deferred); !made) return poison(made.error());
  return {};
}

/// The journal knows a feed before the store does. Without this head of an empty tree a start could not tell a crash
/// inside the first large group from a journal that was lost, and would never sign again.
Result<void> FeedWriter::Impl::begin_history(UnixMs time) {
  const LogStage nothing = log.stage();
  const Checkpoint empty = sign_head(nothing, time);
  SHOAL_CHECK(verify_own(empty, nothing, {}));
  auto begun = journal.commit(log.id(), encode_checkpoint(empty), {});
  if (begun || begun.error().code == Code::limit_exceeded) return begun;
  return poison(begun.error());
}

Result<CommitResult> FeedWriter::Impl::commit_drafts(LogStage stage, std::vector<Draft> drafts) {
  const Checkpoint signed_head = sign_head(stage, std::max(clock.wall_now(), UnixMs{0}));
  std::vector<GroupBlockView> blocks;
  blocks.reserve(drafts.size());
  for (const Draft& draft : drafts) blocks.push_back({draft.header_bytes, draft.payload});
  SHOAL_CHECK(verify_own(signed_head, stage, blocks));
  SHOAL_CHECK(make_permanent(std::move(stage), signed_head, blocks));
  head = signed_head;
  CommitResult result{signed_head, {}};
  std::uint64_t index = signed_head.tree_size - drafts.size();
  for (Draft& draft : drafts) {
    result.blocks.push_back({BlockIndex{index++}, std::move(draft.header_bytes), std::move(draft.payload),
                             draft.header.stream, draft.header.base_offset, draft.header.record_count});
  }
  return result;
}

Result<CommitResult> FeedWriter::commit(std::vector<PendingBatch> group) {
  SHOAL_CHECK(impl_->ready());
  if (group.empty()) return invalid("an empty group");
  for (const PendingBatch& batch : group) SHOAL_CHECK(impl_->check_batch(batch));
  const Epoch epoch = impl_->head ? impl_->head->epoch : Epoch{0};
  LogStage stage = impl_->log.stage();
  std::vector<Impl::Draft> drafts(group.size());  // never grows: the stage keeps views of its bytes
  for (std::size_t i = 0; i < group.size(); ++i) {
    Impl::Draft& draft = drafts[i];
    draft.header = impl_->next_header(BlockKind::data, group[i].stream, stage.topics());
    draft.header.record_count = group[i].record_count;
    draft.header.smallest_time = group[i].smallest_time;
    draft.header.largest_time = group[i].largest_time;
    draft.header.running_largest_time = std::max(draft.header.running_largest_time, group[i].largest_time);
    draft.payload = std::move(group[i].batch);
    record::patch_batch(draft.payload, draft.header.base_offset, epoch.value());
    SHOAL_CHECK(impl_->add_draft(stage, draft));
  }
  return impl_->commit_drafts(std::move(stage), std::move(drafts));
}

Result<CommitResult> FeedWriter::commit_manifest(const Manifest& manifest) {
  SHOAL_CHECK(impl_->ready());
  const std::string json = encode_manifest(manifest);
  if (const auto readable = decode_manifest(base::as_bytes(json)); !readable) {
    return json.size() > kMaxManifestSize ? Error{Code::limit_exceeded, "a manifest above 64 KiB"}
                                          : invalid(readable.error().message);
  }
  LogStage stage = impl_->log.stage();
  std::vector<Impl::Draft> drafts(1);
  drafts[0].header = impl_->next_header(BlockKind::manifest, TopicPartition{}, stage.topics());
  drafts[0].payload.assign(json.begin(), json.end());
  SHOAL_CHECK(impl_->add_draft(stage, drafts[0]));
  return impl_->commit_drafts(std::move(stage), std::move(drafts));
}

Result<Checkpoint> FeedWriter::heartbeat() {
  SHOAL_CHECK(impl_->ready());
  if (!impl_->head) return invalid("the feed has no head yet");
  // Readers take an equal history only with a newer time.
  const UnixMs time = std::max(impl_->clock.wall_now(), impl_->head->time + 1);
  LogStage stage = impl_->log.stage();
  const Checkpoint signed_head = impl_->sign_head(stage, time);
  SHOAL_CHECK(impl_->verify_own(signed_head, stage, {}));
  SHOAL_CHECK(impl_->make_permanent(std::move(stage), signed_head, {}));
  impl_->head = signed_head;
  return signed_head;
}

void FeedWriter::stop(Error why) { impl_->stopped = std::move(why); }

Offset FeedWriter::next_offset(const TopicPartition& stream) const {
  const TopicState& topics = impl_->topics();
  const auto position = topics.find(stream);
  return position ? topics.at(*position).next_offset : Offset{0};
}

std::uint32_t FeedWriter::partitions(std::string_view topic) const { return impl_->topics().partitions(topic); }

const Checkpoint* FeedWriter::head() const { return impl_->head ? &*impl_->head : nullptr; }

}  // namespace shoal::feed
