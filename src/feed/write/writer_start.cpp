#include "feed/write/writer_start.h"

#include "base/bytes.h"
#include "base/try.h"
#include "feed/format/directory_marker.h"
#include "feed/write/commit_group.h"
#include "feed/write/signed_elsewhere.h"

#include <algorithm>

// Before a feed's key signs again, two records of what it signed last must agree: the journal (one synced write per
// commit, FORMAT.md "Journal") and the accepted head in the store. A signer that goes on from an older state signs a
// second history of the same sizes, and every reader takes that for a fork: it cannot be undone. So each way in which
// the two records can differ is one of three:
//   - a crash explains it, and what is missing is at hand: replay groups from the journal, or adopt the store's head
//     (after a flush: the journal must not vouch for blocks that a power cut can still take);
//   - the owner asserted the head by hand: adopt it;
//   - anything else (a restored backup, a copied directory, rot, other epochs): Code::unsafe_to_sign.
namespace shoal::feed {
namespace {

constexpr std::string_view kPlaceProperty = "writer/place";

std::string describe(const std::optional<Checkpoint>& head) {
  if (!head) return "nothing";
  return "size " + std::to_string(head->tree_size) + " root " + head->root.hex();
}

class Start {
 public:
  Start(FeedLog& log, store::Journal& journal, base::LogSink& sink, const WriterOptions& options)
      : log_(log), journal_(journal), sink_(sink), options_(options) {}

  Result<void> run() {
    if (asserted()) {
      // Groups of the history that the owner disowns must not be replayed at a later start.
      SHOAL_CHECK(journal_.forget(log_.id()));
      return adopt_store("the owner asserted the head");
    }
    if (options_.recovered) return take_recovered();
    SHOAL_CHECK(read_journal());
    SHOAL_CHECK(check_place());
    SHOAL_CHECK(check_mark());
    SHOAL_CHECK(compare());
    SHOAL_CHECK(check_signed_elsewhere(log_));
    if (slot_is_behind_) SHOAL_CHECK(adopt_store("its newest head slot was lost"));
    if (options_.asserted) return unsafe("the asserted head is not the newest one that is held here");
    return remember_place();
  }

 private:
  [[nodiscard]] Error unsafe(std::string_view what) const {
    return Error{
        Code::unsafe_to_sign,
        "signing on could create a second history of feed " + log_.id().hex() + ": " + std::string(what) +
            " (journal: " + describe(signed_) + "; store: " + describe(log_.head()) + ")",
        "publish while a mirror can be reached: what was signed last is asked for and taken back first (shoal "
        "recover); or put back the newest copy of this data directory, in its old place; when nothing was signed "
        "elsewhere, shoal recover --assert-head with size and root hash of shoal info"};
  }

  /// Tree and topic state are known up to the head: what the next one grows from.
  [[nodiscard]] bool complete(const Checkpoint& head) const {
    return log_.inspect(
        [&](const LogState& state) { return state.tail.size() == head.tree_size && state.applied == head.tree_size; });
  }

  /// A word that the mark beside the key proves wrong is not taken.
  [[nodiscard]] bool asserted() const {
    const std::optional<Checkpoint> held = log_.head();
    if (options_.asserted && options_.marked && options_.marked->size > options_.asserted->tree_size) return false;
    return options_.asserted && held && complete(*held) && held->tree_size == options_.asserted->tree_size &&
           held->root == options_.asserted->root;
  }

  Result<void> read_journal() {
    const auto bytes = journal_.last_head(log_.id());
    if (!bytes) {
      if (bytes.error().code == Code::corrupt) return unsafe("the journal's record of the last head is damaged");
      return bytes.error();
    }
    if (!*bytes) return {};
    const auto head = decode_checkpoint(**bytes);
    if (!head || !verify_checkpoint(log_.id(), *head).ok()) {
      return unsafe("the journal's record of the last head is not signed by this feed's key");
    }
    signed_ = *head;
    return read_groups();
  }

  /// A group in the ring that is newer than the head slot was signed too: the crash, or rot, hit the slot.
  Result<void> read_groups() {
    SHOAL_TRY(const std::vector<Bytes> slots, journal_.groups(log_.id()));
    for (const Bytes& slot : slots) {
      auto group = decode_group(slot);
      if (!group || group->blocks.empty() || !verify_checkpoint(log_.id(), group->head).ok()) continue;
      if (group->head.epoch == signed_->epoch && group->head.tree_size > signed_->tree_size) {
        signed_ = group->head;
        slot_is_behind_ = true;
      }
      groups_.push_back(std::move(group).value());
    }
    std::stable_sort(groups_.begin(), groups_.end(),
                     [](const CommitGroup& a, const CommitGroup& b) { return a.first < b.first; });
    return {};
  }

  /// A copied or restored directory may have an original that signed on meanwhile.
  Result<void> check_place() {
    SHOAL_TRY(const auto stored, log_.property(kPlaceProperty));
    if (options_.place.empty() || !stored || same_place(base::as_text(*stored), options_.place)) return {};
    if (!signed_) return {};  // compare() says more of that
    return unsafe("the data directory was copied, restored or moved to another machine");
  }

  /// Journal and store may both be gone, or be older than the key says.
  Result<void> check_mark() const {
    if (options_.place.empty()) return {};
    const std::optional<Checkpoint> held = log_.head();
    const std::uint64_t known = std::max(held ? held->tree_size : 0, signed_ ? signed_->tree_size : 0);
    if (!options_.marked) {
      if (held) return {};  // of a version that kept no mark
      return unsafe("it is not known what the key has signed, and nothing of it is here");
    }
    const WriterOptions::Marked& marked = *options_.marked;
    if (marked.elsewhere) return unsafe("the key came from elsewhere, and what it signed there is not known here");
    if (marked.size > known) {
      return unsafe("the key has signed " + std::to_string(marked.size) + " blocks, and fewer are known here");
    }
    // The mark comes before the first signature. In its own place a crash between the two is no loss.
    // Of a store without its journal compare() says more.
    if ((signed_ || !held) && !marked.place.empty() && !same_place(marked.place, options_.place)) {
      return unsafe("the key signed in another place last");
    }
    if (!held && !signed_ && marked.place.empty() && !marked.unused) {
      return unsafe("the key was used, and nothing that it signed is here");
    }
    return {};
  }

  Result<void> remember_place() {
    SHOAL_TRY(const auto stored, log_.property(kPlaceProperty));
    if (options_.place.empty() || (stored && base::as_text(*stored) == options_.place)) return {};
    const ByteView place = base::as_bytes(options_.place);
    return log_.set_property(kPlaceProperty, Bytes(place.begin(), place.end()));
  }

  Result<void> compare() {
    const std::optional<Checkpoint> held = log_.head();
    if (held && !complete(*held)) return unsafe("blocks of the accepted head are missing");
    if (!signed_) return held ? unsafe("the journal is missing or has no record of this feed") : Result<void>{};
    if (!held && signed_->tree_size == 0) return {};  // the first group was too large for the journal, and never came
    if (held && held->epoch != signed_->epoch) return unsafe("journal and store are of different epochs");
    if (!held || signed_->tree_size > held->tree_size) return replay();
    if (signed_->tree_size < held->tree_size) return store_longer(*held);
    if (!signed_->same_history(*held)) return unsafe("journal and store hold different histories");
    if (signed_->time > held->time) return take_head(*signed_);  // a heartbeat that the store had not yet
    if (signed_->time < held->time) return adopt_store("the store has a newer heartbeat");
    return {};
  }

  Result<void> check_prefix() const {
    SHOAL_TRY(std::vector<Digest> hashes, log_.read(merkle::cover(0, signed_->tree_size)));
    SHOAL_TRY(const auto edge, merkle::RightEdge::from_hashes(signed_->tree_size, std::move(hashes)));
    if (edge.root() != signed_->root) return unsafe("the journal's head is no prefix of the store");
    return {};
  }

  /// A journal that cannot be read is what others are asked for; one that can be may know of more than they do.
  Result<void> take_recovered() {
    const std::optional<Checkpoint> held = log_.head();
    if (!held || !complete(*held)) return unsafe("blocks of the newest head are missing");
    if (auto read = read_journal(); !read && read.error().code != Code::unsafe_to_sign) return read;
    if (signed_) {
      if (signed_->epoch != held->epoch) return unsafe("journal and store are of different epochs");
      if (signed_->tree_size > held->tree_size) return unsafe("others hold less than what was signed here");
      SHOAL_CHECK(check_prefix());
    }
    if (options_.marked && options_.marked->size > held->tree_size) {
      return unsafe("others hold less than the key has signed");
    }
    SHOAL_CHECK(check_signed_elsewhere(log_));
    SHOAL_CHECK(journal_.forget(log_.id()));
    return adopt_store("it was taken back from others who hold the feed");
  }

  /// Crash inside a large group: the store was synced, the journal not yet written.
  Result<void> store_longer(const Checkpoint& held) {
    SHOAL_CHECK(check_prefix());
    return adopt_store("the store is longer by " + std::to_string(held.tree_size - signed_->tree_size) + " blocks");
  }

  Result<void> adopt_store(const std::string& why) {
    const std::optional<Checkpoint> held = log_.head();
    SHOAL_CHECK(verify_checkpoint(log_.id(), *held));
    // What the journal will vouch for must not vanish with the store's unsynced log.
    SHOAL_CHECK(log_.make_durable());
    SHOAL_CHECK(journal_.commit(log_.id(), encode_checkpoint(*held), {}));
    sink_.log(base::LogLevel::warning, "feed", "the journal takes the store's head: " + why);
    return remember_place();
  }

  Result<void> take_head(const Checkpoint& head) {
    return log_.commit(log_.stage(), FeedLog::HeadUpdate{head, {}}, store::Sync::deferred);
  }

  /// Crash before the store had it, or a store that lost its tail: the slots must cover the whole gap.
  Result<void> replay() {
    std::size_t replayed = 0;
    for (const CommitGroup& group : groups_) {
      const std::optional<Checkpoint> held = log_.head();
      if (group.first != (held ? held->tree_size : 0) || group.blocks.empty()) continue;
      if (!replay_group(group).ok()) break;
      ++replayed;
    }
    const std::optional<Checkpoint> held = log_.head();
    if (!held || held->tree_size != signed_->tree_size || !signed_->same_history(*held)) {
      return unsafe("the store is shorter than what was signed and the journal does not cover the gap");
    }
    if (signed_->time > held->time) SHOAL_CHECK(take_head(*signed_));
    sink_.log(base::LogLevel::info, "feed", "replayed " + std::to_string(replayed) + " groups from the journal");
    return {};
  }

  Result<void> replay_group(const CommitGroup& group) {
    LogStage stage = log_.stage();
    for (std::size_t i = 0; i < group.blocks.size(); ++i) {
      SHOAL_TRY(BlockHeader header, decode_header(group.blocks[i].header));
      SHOAL_CHECK(verify_payload(header, group.blocks[i].payload));
      SHOAL_CHECK(stage.add(
          {BlockIndex{group.first + i}, std::move(header), group.blocks[i].header, ByteView(group.blocks[i].payload)}));
    }
    if (stage.edge().size() != group.head.tree_size || stage.edge().root() != group.head.root ||
        stage.topics().size() != group.head.topic_count || stage.topics().root() != group.head.topic_root) {
      return Error{Code::corrupt, "a group in the journal does not continue the store"};
    }
    return log_.commit(std::move(stage), FeedLog::HeadUpdate{group.head, {}}, store::Sync::deferred);
  }

  FeedLog& log_;
  store::Journal& journal_;
  base::LogSink& sink_;
  const WriterOptions& options_;
  std::optional<Checkpoint> signed_;  // last head the journal knows
  std::vector<CommitGroup> groups_;   // by first block; their heads are verified
  bool slot_is_behind_ = false;
};

}  // namespace

Result<void> recover_journal_and_store(FeedLog& log, store::Journal& journal, base::LogSink& sink,
                                       const WriterOptions& options) {
  return Start(log, journal, sink, options).run();
}

std::uint64_t signed_size(const FeedId& feed, const store::Journal& journal) {
  const auto bytes = journal.last_head(feed);
  if (!bytes || !*bytes) return 0;
  const auto head = decode_checkpoint(**bytes);
  return head && verify_checkpoint(feed, *head) ? head->tree_size : 0;
}

}  // namespace shoal::feed
