#include "node/bundles/bundle_node.h"

#include "base/try.h"
#include "node/bundles/bundle_audit.h"
#include "node/directory/held_info.h"
#include "node/reading/batch_access.h"
#include "node/reading/feed_watch.h"
#include "node/reading/local_subscription.h"
#include "node/reading/random_access.h"

#include <algorithm>
#include <set>

namespace shoal::node {
namespace {

/// Words for what a node without a bundle would fetch.
Error in_bundle(Error error) {
  if (error.code == Code::unavailable) error.hint = "the bundle does not have it";
  return error;
}

}  // namespace

Result<std::shared_ptr<BundleNode>> BundleNode::open(const std::vector<std::filesystem::path>& files,
                                                     std::function<void(LogLevel, std::string_view)> log) {
  crypto::init();
  std::shared_ptr<BundleNode> node(new BundleNode(std::move(log)));
  SHOAL_TRY(node->loaded_, load_bundles(files, node->log_));
  FeedHost::Context context;
  context.stores = {node->loaded_.store.get(), node->loaded_.store.get()};
  context.strand = node->pool_.make_strand();
  context.flusher = node->pool_.make_strand();
  context.clock = &node->clock_;
  context.log = &node->log_;
  context.upload = false;
  SHOAL_TRY(node->host_, FeedHost::open(node->loaded_.bundles.front().feed, false, std::move(context)));
  node->loaded_.store->freeze();
  return node;
}

BundleNode::~BundleNode() {
  if (!host_) return;
  host_->close();
  pool_.stop();
  host_.reset();
}

FeedReference BundleNode::feed() const { return {loaded_.bundles.front().feed, "", false, {}}; }

Result<FeedReference> BundleNode::resolve(std::string_view /*feed*/) { return feed(); }

Result<std::optional<Manifest>> BundleNode::manifest(const FeedId&) { return host_->reader().manifest(); }

Result<std::shared_ptr<SubscriptionApi>> BundleNode::subscribe(const FeedReference&, const SubscribeOptions& options) {
  if (!options.cursor.empty()) {
    return Error{Code::invalid_argument, "a bundle keeps no cursor", "pass -o cursor:TOKEN, or import the bundle"};
  }
  SubscribeOptions wanted = options;
  std::set<std::string> topics;
  bool all_topics = false;
  std::optional<UnixMs> from;
  std::optional<UnixMs> before;
  bool all_times = false;
  for (const feed::BundleFacts& bundle : loaded_.bundles) {
    topics.insert(bundle.end.topics.begin(), bundle.end.topics.end());
    all_topics = all_topics || bundle.end.topics.empty();
    all_times = all_times || !bundle.end.selects_times();
    from = std::min(from.value_or(bundle.end.from), bundle.end.from);
    before = std::max(before.value_or(bundle.end.before), bundle.end.before);
  }
  if (wanted.topics.empty() && !all_topics) wanted.topics.assign(topics.begin(), topics.end());
  if (!all_times) {
    if (wanted.start.kind == Start::Kind::beginning) wanted.start = Start::time(*from);
    wanted.before = std::min(wanted.before.value_or(*before), *before);
  }
  SHOAL_TRY(auto made, LocalSubscription::open(host_, CursorStore(*loaded_.store), wanted));
  return std::shared_ptr<SubscriptionApi>(std::move(made));
}

Result<Records> BundleNode::get(const GetRequest& request, const std::vector<std::string>&, const Wait& wait) {
  auto records = read_range(*host_, request, wait);
  if (!records.ok()) return in_bundle(std::move(records).error());
  return records;
}

Result<FetchedBatches> BundleNode::fetch(const FeedReference&, const FetchRequest& request) {
  return fetch_batches(*host_, request);
}

Result<std::vector<StreamEnds>> BundleNode::ends(const FeedReference&, const std::vector<TopicPartition>& streams) {
  return stream_ends(*host_, streams);
}

Result<std::optional<TimedOffset>> BundleNode::offset_of_time(const FeedReference&, const TopicPartition& stream,
                                                              UnixMs time) {
  return find_offset(*host_, stream, time);
}

Result<std::shared_ptr<WatchApi>> BundleNode::watch(const FeedReference&) {
  SHOAL_TRY(auto made, FeedWatch::open(host_));
  return std::shared_ptr<WatchApi>(std::move(made));
}

Result<std::string> BundleNode::prove(const GetRequest& request, const Wait& wait) {
  auto proof = prove_record(*host_, request, wait);
  if (!proof.ok()) return in_bundle(std::move(proof).error());
  return proof;
}

Result<std::vector<FeedSummary>> BundleNode::feeds() {
  FeedSummary summary;
  summary.feed = host_->id();
  const auto head = host_->reader().head();
  summary.tree_size = head ? head->tree_size : 0;
  summary.held_blocks = host_->reader().held_payload_count();
  return std::vector<FeedSummary>{std::move(summary)};
}

Result<FeedInfo> BundleNode::info(const FeedReference&, const Wait&) {
  SHOAL_TRY(FeedInfo info, held_info(host_->reader()));
  for (const feed::BundleFile& file : loaded_.store->files()) info.disk_bytes += file.size();
  return info;
}

Result<std::vector<PeerInfo>> BundleNode::peers(const std::optional<FeedReference>&, const Wait&) {
  return std::vector<PeerInfo>{};
}

Result<AuditReport> BundleNode::verify(const Progress& progress) {
  return audit_bundles(loaded_, host_->reader(), progress);
}

}  // namespace shoal::node
