#include "node/local_reading.h"

#include "base/try.h"
#include "node/api/deadline.h"
#include "node/directory/held_info.h"
#include "node/directory/want_store.h"
#include "node/network/peer_info.h"
#include "node/reading/batch_access.h"
#include "node/reading/feed_watch.h"
#include "node/reading/head_question.h"
#include "node/reading/local_subscription.h"
#include "node/reading/random_access.h"
#include "node/runtime/ready_signal.h"

#include <algorithm>
#include <atomic>
#include <set>
#include <stop_token>
#include <tuple>

/// Every call opens the feed (FeedTable::host) and answers from its rows. Only info() asks peers, and only for a feed
/// of somebody else: first every peer for its newest head, then, when one answered, some for the signed entries of the
/// topics. The question for heads ends kInfoAnswersWait after the last answer, because peers that are still being
/// dialled may know a newer head. Without the question `info` would show the head of the last visit as the present one;
/// without the wait it would show what the peer that answered first has.
namespace shoal::node {
namespace {

using SteadyClock = std::chrono::steady_clock;

/// After the last answer info() waits this long for peers that are still being dialled.
constexpr std::chrono::milliseconds kInfoAnswersWait{200};

std::vector<replication::PeerView> peers_of(FeedHost& host) {
  std::vector<replication::PeerView> peers;
  if (host.online()) std::ignore = host.run([&] { peers = host.replicator().peers(); });
  return peers;
}

Error closed_error() { return {Code::closed, "the node is closed", ""}; }

/// Waits for `done`, the deadline, the stop, or the end of the host.
void await(const FeedHost& host, const std::atomic<bool>& done, SteadyClock::time_point deadline,
           const std::stop_token& stop) {
  for (std::uint64_t version = host.news().version(); !done; version = host.news().version()) {
    if (!host.news().wait_change(version, deadline, stop) && SteadyClock::now() >= deadline) return;
    if (host.news().closed() || stop.stop_requested()) return;
  }
}

/// Fetches the signed entries of all topics: a node that holds no blocks does not know them yet.
void learn_topics(FeedHost& host, SteadyClock::time_point deadline, const std::stop_token& stop) {
  const auto done = std::make_shared<std::atomic<bool>>(false);
  const auto timeout = std::max<base::MonoTime>(deadline - SteadyClock::now(), std::chrono::milliseconds(1));
  host.post([&host, done, timeout] {
    host.replicator().fetch_topics({}, timeout, [&host, done](const Result<void>&) {
      *done = true;
      host.news().notify();
    });
  });
  await(host, *done, deadline, stop);
}

}  // namespace

Result<std::vector<FeedSummary>> LocalReading::feeds() {
  SHOAL_TRY(const auto known, table_.known());
  std::vector<FeedSummary> summaries;
  for (const FeedReference& reference : known) {
    const auto open = table_.host(reference);
    if (!open) {
      // An error of one feed leaves the others listed.
      if (open.error().code == Code::closed) return open.error();
      log_.log(base::LogLevel::error, "node", "feed " + reference.feed.hex() + ": " + open.error().message);
      continue;
    }
    FeedSummary summary;
    summary.feed = reference.feed;
    summary.name = reference.name;
    summary.own = reference.own;
    summary.mirrored = !reference.own;
    summary.in_memory = table_.is_volatile(reference.feed);
    if (auto want = load_want((*open)->log()); want && !reference.own) summary.want = *std::move(want);
    const auto head = (*open)->reader().head();
    summary.tree_size = head ? head->tree_size : 0;
    summary.held_blocks = (*open)->reader().held_payload_count();
    summaries.push_back(std::move(summary));
  }
  return summaries;
}

Result<std::optional<Manifest>> LocalReading::manifest(const FeedId& feed) {
  SHOAL_TRY(const auto reference, table_.resolve(feed.hex()));
  SHOAL_TRY(const auto open, table_.host(reference));
  return open->reader().manifest();
}

Result<std::shared_ptr<SubscriptionApi>> LocalReading::subscribe(const FeedReference& feed,
                                                                 const SubscribeOptions& options) {
  SHOAL_TRY(const auto open, table_.host(feed));
  SHOAL_TRY(const auto files, table_.storage());
  SHOAL_TRY(auto made, LocalSubscription::open(open, CursorStore(*files->own), options));
  return std::shared_ptr<SubscriptionApi>(std::move(made));
}

Result<Records> LocalReading::get(const GetRequest& request, const std::vector<std::string>& peer_hints,
                                  const Wait& wait) {
  SHOAL_TRY(auto reference, table_.resolve(request.feed.hex()));
  reference.peer_hints = peer_hints;
  SHOAL_TRY(const auto open, table_.host(reference));
  return read_range(*open, request, wait);
}

Result<FetchedBatches> LocalReading::fetch(const FeedReference& feed, const FetchRequest& request) {
  SHOAL_TRY(const auto open, table_.host(feed));
  return fetch_batches(*open, request);
}

Result<std::vector<StreamEnds>> LocalReading::ends(const FeedReference& feed,
                                                   const std::vector<TopicPartition>& streams) {
  SHOAL_TRY(const auto open, table_.host(feed));
  return stream_ends(*open, streams);
}

Result<std::optional<TimedOffset>> LocalReading::offset_of_time(const FeedReference& feed, const TopicPartition& stream,
                                                                UnixMs time) {
  SHOAL_TRY(const auto open, table_.host(feed));
  return find_offset(*open, stream, time);
}

Result<std::shared_ptr<WatchApi>> LocalReading::watch(const FeedReference& feed) {
  SHOAL_TRY(const auto open, table_.host(feed));
  SHOAL_TRY(auto made, FeedWatch::open(open));
  return std::shared_ptr<WatchApi>(std::move(made));
}

Result<std::string> LocalReading::prove(const GetRequest& request, const Wait& wait) {
  SHOAL_TRY(const auto reference, table_.resolve(request.feed.hex()));
  SHOAL_TRY(const auto open, table_.host(reference));
  return prove_record(*open, request, wait);
}

Result<FeedInfo> LocalReading::info(const FeedReference& feed, const Wait& wait) {
  SHOAL_TRY(const auto open, table_.host(feed));
  if (!open->own() && open->online() && wait.timeout.count() > 0) {
    open->ask_receipts(replication::ReceiptDemand::wanted);
    const auto deadline = deadline_of(wait);
    const auto question = HeadQuestion::ask(*open, kInfoAnswersWait, wait.timeout);
    await(*open, question->done, deadline, wait.stop);
    if (question->answered) learn_topics(*open, deadline, wait.stop);
  }
  SHOAL_TRY(const auto files, table_.storage());
  const feed::FeedReader& reader = open->reader();
  SHOAL_TRY(FeedInfo info, held_info(reader));
  info.name = feed.name;
  info.own = feed.own;
  info.fork_proof = open->fork().path();
  info.disk_bytes = files->directory->disk_bytes();
  info.in_memory = table_.is_volatile(feed.feed);
  info.retention = open->own_terms().retention();
  if (!open->own()) {
    SHOAL_TRY(info.want, load_want(open->log()));
  }
  info.mirrors = mirror_infos(*open);
  if (const auto hinted = discovery_ ? discovery_->hinted(feed.feed) : std::nullopt) {
    info.hint = HeadHintInfo{hinted->tree_size, hinted->time};
  }
  return info;
}

std::vector<MirrorInfo> LocalReading::mirror_infos(FeedHost& host) const {
  std::set<PublicKey> connected;
  for (const replication::PeerView& peer : peers_of(host)) connected.insert(peer.node_key);
  std::vector<MirrorInfo> infos;
  for (const feed::Receipt& receipt : host.receipts().all()) {
    const bool here = connected.contains(receipt.node_key);
    if (!here && !host.own()) continue;
    infos.push_back({receipt.node_key.hex(), mirrors_.name_of(receipt.node_key).value_or(""), receipt.tree_size,
                     receipt.topics, receipt.oldest, receipt.since, receipt.time, here});
  }
  return infos;
}

Result<std::vector<PeerInfo>> LocalReading::peers(const std::optional<FeedReference>& feed, const Wait& wait) {
  std::vector<std::shared_ptr<FeedHost>> asked;
  if (feed) {
    SHOAL_TRY(auto open, table_.host(*feed));
    asked.push_back(std::move(open));
  } else {
    SHOAL_CHECK(feeds());
    asked = table_.open_hosts();
  }
  const auto deadline = deadline_of(wait);
  // One signal for all feeds: the first that gets a peer raises it.
  SHOAL_TRY(const auto news, ReadySignal::make());
  for (const auto& open : asked) open->news().watch(news);
  const std::stop_callback on_stop(wait.stop, [&] { news->raise(); });
  for (;;) {
    news->lower();
    std::vector<PeerInfo> infos;
    bool closed = false;
    for (const auto& open : asked) {
      closed = closed || open->news().closed();
      for (const auto& peer : peers_of(*open)) {
        infos.push_back(peer_info(open->id(), peer, clock_));
        infos.back().name = mirrors_.name_of(peer.node_key).value_or("");
      }
    }
    if (closed) return closed_error();
    if (!infos.empty() || SteadyClock::now() >= deadline || wait.stop.stop_requested()) return infos;
    std::ignore = news->wait_until(deadline);
  }
}

}  // namespace shoal::node
