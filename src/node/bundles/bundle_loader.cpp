#include "node/bundles/bundle_loader.h"

#include "base/bytes.h"
#include "base/try.h"
#include "feed/bundle/bundle_fold.h"
#include "feed/log/feed_log.h"
#include "feed/mirror/feed_mirror.h"

#include <algorithm>

namespace shoal::node {
namespace {

Error bad(std::string_view what) { return Error{Code::unverified, "bundle: " + std::string(what)}; }

/// One loading. One use.
class Loader {
 public:
  Loader(BundleStore& store, base::LogSink& log) : store_(store), log_sink_(log) {}

  Result<std::vector<feed::BundleFacts>> load() {
    for (std::size_t file = 0; file < store_.files().size(); ++file) {
      feed::FrameWalk walk(store_.files()[file]);
      while (true) {
        SHOAL_TRY(const bool more, walk.next_bundle());
        if (!more) break;
        SHOAL_CHECK(bundle(file, walk));
      }
    }
    if (some_pruned_) SHOAL_CHECK(feed_log_->prune_before(first_payload_.value_or(BlockIndex{next_block_})));
    return std::move(bundles_);
  }

 private:
  [[nodiscard]] Result<Bytes> body(std::size_t file, const feed::FramePlace& place) const {
    return store_.files()[file].read(place.offset, place.size);
  }

  Result<void> bundle(std::size_t file, feed::FrameWalk& walk) {
    feed::BundleFacts facts;
    SHOAL_TRY(const feed::FramePlace note, walk.next());
    if (note.type != feed::FrameType::note) return bad("does not begin with a note");
    SHOAL_TRY(const Bytes text, body(file, note));
    SHOAL_TRY(const feed::ParsedNote parsed, feed::parse_signed_note(base::as_text(text)));
    facts.feed = parsed.feed;
    facts.head = parsed.head;
    SHOAL_CHECK(open_log(facts));
    SHOAL_TRY(const feed::FramePlace base, walk.next());
    if (base.type != feed::FrameType::base) return bad("no base after its note");
    SHOAL_TRY(const Bytes edge_bytes, body(file, base));
    SHOAL_TRY(merkle::RightEdge edge, feed::decode_base(edge_bytes));
    facts.base = edge.size();
    if (!bundles_.empty() && facts.base < bundles_.back().end.range_end) {
      return bad("it holds blocks that a bundle before it holds");
    }
    SHOAL_TRY(feed::BundleFold fold, feed::BundleFold::begin(facts.head, std::move(edge)));
    while (true) {
      SHOAL_TRY(const feed::FramePlace place, walk.next());
      if (place.type == feed::FrameType::run) {
        SHOAL_CHECK(run(file, place, facts.head, fold));
        continue;
      }
      SHOAL_TRY(const Bytes bytes, body(file, place));
      if (place.type == feed::FrameType::topics) {
        SHOAL_CHECK(topics(bytes, facts.head, fold));
      } else if (place.type == feed::FrameType::end) {
        SHOAL_TRY(facts.end, feed::decode_end(bytes));
        SHOAL_CHECK(fold.finish(facts.end));
        bundles_.push_back(std::move(facts));
        return {};
      } else {
        return bad("a note or base that is not at its begin");
      }
    }
  }

  Result<void> open_log(const feed::BundleFacts& facts) {
    if (feed_log_) return feed_log_->id() == facts.feed ? Result<void>{} : bad("of two feeds");
    SHOAL_TRY(feed_log_, feed::FeedLog::open({&store_, &store_}, facts.feed));
    SHOAL_TRY(mirror_, feed::FeedMirror::open(*feed_log_, log_sink_));
    return {};
  }

  Result<void> run(std::size_t file, const feed::FramePlace& place, const feed::Checkpoint& head,
                   feed::BundleFold& fold) {
    SHOAL_TRY(const BundleStore::LoadedRun loaded, store_.load_run(file, place));
    feed::BundleRun incoming{loaded.run.base, {}, loaded.run.cover};
    std::vector<Bytes> manifests;
    manifests.reserve(loaded.run.blocks.size());
    for (std::size_t i = 0; i < loaded.run.blocks.size(); ++i) {
      SHOAL_TRY(feed::IncomingBlock block, incoming_block(file, loaded, i, manifests));
      incoming.blocks.push_back(block);
    }
    SHOAL_CHECK(fold.add(loaded.run));
    const auto held = feed_log_->head();
    // The growth of a copy is shown by a base that is its size.
    if (held && held->tree_size != head.tree_size && !mirror_->knows_edge(loaded.run.base)) {
      return Error{Code::unavailable, "a bundle that does not continue the ones before it",
                   "put all parts of the bundle beside the first one"};
    }
    if (!loaded.run.blocks.empty()) {
      // Before the log takes it: what that looks up lies here.
      store_.add_run(file, place, loaded.run.blocks.front().index, loaded.run.blocks.back().index);
      next_block_ = loaded.run.blocks.back().index.value() + 1;
    }
    const bool known = mirror_->knows_edge(loaded.run.base);
    SHOAL_CHECK(mirror_->accept(head, known ? loaded.run.base : 0, incoming.blocks,
                                known ? loaded.run.cover : fold.cover_from_start(incoming)));
    return {};
  }

  Result<feed::IncomingBlock> incoming_block(std::size_t file, const BundleStore::LoadedRun& loaded, std::size_t i,
                                             std::vector<Bytes>& manifests) {
    const feed::RunBlock& block = loaded.run.blocks[i];
    feed::IncomingBlock incoming{block.index, block.header, {}};
    SHOAL_TRY(const feed::BlockHeader header, feed::decode_header(block.header));
    const bool here = block.mark == feed::PayloadMark::here;
    if (here && header.is(feed::BlockKind::manifest)) {
      SHOAL_TRY(Bytes payload, store_.files()[file].read(loaded.payloads[i], block.payload_size));
      manifests.push_back(std::move(payload));
      incoming.payload = manifests.back();
    } else if (here) {
      incoming.stored = true;
      if (header.is(feed::BlockKind::data) && !first_payload_) first_payload_ = block.index;
    } else if (block.mark == feed::PayloadMark::pruned && !first_payload_) {
      // Dropped by age where it was written: taken as held here, to be marked as pruned with all before it.
      incoming.stored = true;
      some_pruned_ = true;
    }
    return incoming;
  }

  Result<void> topics(ByteView bytes, const feed::Checkpoint& head, feed::BundleFold& fold) {
    SHOAL_TRY(const auto entries, feed::decode_topic_entries(bytes));
    SHOAL_CHECK(fold.add(entries));
    const auto held = feed_log_->head();
    if (!held || held->topic_root != head.topic_root || held->topic_count != head.topic_count) return {};
    for (const feed::BundleTopicEntry& item : entries) {
      SHOAL_CHECK(mirror_->add_topic_entry(item.entry, item.position, item.path));
    }
    return {};
  }

  BundleStore& store_;
  base::LogSink& log_sink_;
  std::unique_ptr<feed::FeedLog> feed_log_;
  std::unique_ptr<feed::FeedMirror> mirror_;
  std::vector<feed::BundleFacts> bundles_;
  std::uint64_t next_block_ = 0;
  bool some_pruned_ = false;
  std::optional<BlockIndex> first_payload_;  // of a data block
};

}  // namespace

Result<LoadedBundles> load_bundles(const std::vector<std::filesystem::path>& files, base::LogSink& log) {
  std::vector<feed::BundleFile> opened;
  for (const auto& file : files) {
    SHOAL_TRY(auto one, feed::BundleFile::open(file));
    opened.push_back(std::move(one));
  }
  LoadedBundles loaded;
  loaded.store = std::make_unique<BundleStore>(std::move(opened));
  SHOAL_TRY(loaded.bundles, Loader(*loaded.store, log).load());
  return loaded;
}

}  // namespace shoal::node
