#include "base/try.h"
#include "feed/feed_audit.h"
#include "node/local_node.h"
#include "node/mirror.h"
#include "node/producer.h"

#include <algorithm>
#include <future>
#include <thread>

/// The part of the node that reads: subscriptions, mirrors, random access, and what is known.
namespace shoal::node {
namespace {

using SteadyClock = std::chrono::steady_clock;

/// Keeps the blocks of a get() alive behind its views.
struct Fetched {
  std::vector<std::shared_ptr<const record::DecodedBatch>> batches;
  std::string topic;
};

RecordView to_view(const Fetched& owner, const feed::BlockHeader& header, BlockIndex block,
                   const record::RecordView& from) {
  RecordView view;
  view.topic = owner.topic;
  view.partition = header.stream.partition;
  view.offset = from.offset;
  view.block = block;
  view.time = from.timestamp;
  view.append_time = header.append_time;
  view.key = from.key;
  view.value = from.value;
  for (const auto& named : from.headers) view.headers.emplace_back(named.name, named.value);
  return view;
}

PeerInfo peer_info(const FeedId& feed, const replication::PeerView& peer) {
  PeerInfo info;
  info.feed = feed;
  info.address = peer.address.host_port;
  info.transport = peer.address.transport;
  info.outgoing = peer.address.outgoing;
  info.node_key = peer.node_key.hex();
  info.tree_size = peer.head ? peer.head->tree_size : 0;
  info.bytes_in = peer.bytes_in;
  info.bytes_out = peer.bytes_out;
  info.round_trip_us = peer.round_trip_us;
  return info;
}

std::vector<replication::PeerView> peers_of(FeedHost& host) {
  auto answer = std::make_shared<std::promise<std::vector<replication::PeerView>>>();
  auto peers = answer->get_future();
  host.post([&host, answer] { answer->set_value(host.replicator().peers()); });
  return peers.wait_for(std::chrono::seconds(5)) == std::future_status::ready ? peers.get()
                                                                              : std::vector<replication::PeerView>{};
}

}  // namespace

Result<std::shared_ptr<ProducerApi>> LocalNode::open_producer(const std::string& name,
                                                              const ProducerOptions& options) {
  SHOAL_TRY(auto feed, own_feed(name));
  SHOAL_CHECK(feed->begin_producing(options, *commit_thread_));
  return std::shared_ptr<ProducerApi>(std::make_shared<LocalProducer>(std::move(feed), shared_from_this()));
}

Result<std::shared_ptr<SubscriptionApi>> LocalNode::subscribe(const FeedReference& feed,
                                                              const SubscribeOptions& options) {
  SHOAL_TRY(FeedHost * open, host(feed));
  SHOAL_TRY(auto made, LocalSubscription::open(*open, CursorStore(*own_store_), options, shared_from_this()));
  return std::shared_ptr<SubscriptionApi>(std::move(made));
}

Result<std::shared_ptr<MirrorApi>> LocalNode::mirror(const FeedReference& feed, const MirrorOptions& options) {
  if (feed.own) {
    return Error{Code::invalid_argument, "feed " + feed.name + " is your own: it needs no mirror here",
                 "shoal node serves it"};
  }
  SHOAL_TRY(FeedHost * open, host(feed));
  return std::shared_ptr<MirrorApi>(std::make_shared<LocalMirror>(*open, options, shared_from_this()));
}

Result<BlockIndex> LocalNode::locate(FeedHost& host, const TopicPartition& stream, Offset offset, const Wait& wait) {
  SHOAL_TRY(const auto held, host.reader().block_of_offset(stream, offset));
  if (held) {
    SHOAL_TRY(const bool readable, host.reader().has_payload(*held));
    if (readable) return *held;
  }
  if (host.own() || !host.online()) {
    SHOAL_TRY(const auto view, host.reader().topic(stream));
    if (view && offset < view->log_start) {
      return Error{Code::pruned, "offset " + std::to_string(offset.value()) + " was pruned here", ""};
    }
    return Error{Code::not_found, "there is no record at offset " + std::to_string(offset.value()) + " of " +
                                      stream.topic + "/" + std::to_string(stream.partition.value()),
                 "shoal topics shows the offsets that exist"};
  }
  auto answer = std::make_shared<std::promise<Result<BlockIndex>>>();
  auto block = answer->get_future();
  host.post([&host, answer, stream, offset, timeout = wait.timeout] {
    host.replicator().fetch_offset(stream, offset, timeout,
                                   [answer](Result<BlockIndex> found) { answer->set_value(std::move(found)); });
  });
  const auto deadline = SteadyClock::now() + wait.timeout + std::chrono::seconds(2);
  while (SteadyClock::now() < deadline && !wait.stop.stop_requested() && !host.closed()) {
    if (block.wait_for(std::chrono::milliseconds(20)) == std::future_status::ready) return block.get();
  }
  if (wait.stop.stop_requested()) return Error{Code::cancelled, "stopped", ""};
  return Error{Code::timed_out, "nobody brought the record in time", "shoal peers shows who is connected"};
}

Result<Records> LocalNode::get(const GetRequest& request, const std::vector<std::string>& peer_hints,
                               const Wait& wait) {
  SHOAL_TRY(auto reference, resolve(request.feed.hex()));
  reference.peer_hints = peer_hints;
  SHOAL_TRY(FeedHost * open, host(reference));
  const TopicPartition stream{request.topic, request.partition};
  const Offset last = request.last.value_or(request.first);
  const auto deadline = SteadyClock::now() + wait.timeout;

  auto fetched = std::make_shared<Fetched>();
  fetched->topic = request.topic;
  std::vector<RecordView> views;
  for (Offset next = request.first; next <= last;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - SteadyClock::now());
    SHOAL_TRY(const BlockIndex block,
              locate(*open, stream, next, Wait{std::max(left, std::chrono::milliseconds(0)), wait.stop}));
    SHOAL_TRY(const auto header, open->reader().header(block));
    SHOAL_TRY(auto payload, open->reader().payload(block));
    SHOAL_TRY(auto decoded, record::DecodedBatch::decode(std::move(payload)));
    fetched->batches.push_back(std::make_shared<const record::DecodedBatch>(std::move(decoded)));
    for (const record::RecordView& record : fetched->batches.back()->records()) {
      if (record.offset >= next && record.offset <= last) views.push_back(to_view(*fetched, header, block, record));
    }
    next = header.next_offset();
  }
  return Records(std::move(views), std::move(fetched));
}

Result<std::optional<feed::Manifest>> LocalNode::manifest(const FeedId& feed) {
  SHOAL_TRY(const auto reference, resolve(feed.hex()));
  SHOAL_TRY(const FeedHost* open, host(reference));
  return open->reader().manifest();
}

Result<FeedInfo> LocalNode::info(const FeedReference& feed, const Wait& wait) {
  SHOAL_TRY(FeedHost * open, host(feed));
  if (!open->own() && open->online() && wait.timeout.count() > 0) {
    const auto deadline = SteadyClock::now() + wait.timeout;
    const auto question = open->ask_heads(std::chrono::milliseconds(200), wait.timeout);
    for (std::uint64_t version = open->version(); !question->done; version = open->version()) {
      if (!open->wait_change(version, deadline, wait.stop) && SteadyClock::now() >= deadline) break;
      if (open->closed() || wait.stop.stop_requested()) break;
    }
  }
  const feed::FeedReader& reader = open->reader();
  FeedInfo info;
  info.feed = feed.feed;
  info.name = feed.name;
  info.own = feed.own;
  info.held_blocks = reader.held_payload_count();
  info.forked = reader.fork_proof().has_value();
  info.disk_bytes = directory_->disk_bytes();
  const auto head = reader.head();
  if (head) {
    info.tree_size = head->tree_size;
    info.root_hash = head->root.hex();
    info.epoch = head->epoch;
    info.head_time = head->time;
  }
  SHOAL_TRY(const auto views, reader.topics());
  for (const feed::TopicView& view : views) {
    info.topics.push_back({view.stream.topic, view.stream.partition, view.log_start, view.high_watermark, view.end,
                           view.largest_time, view.bytes});
  }
  if (const auto manifest = reader.manifest(); manifest && *manifest) info.title = (*manifest)->title;
  for (const replication::PeerView& peer : peers_of(*open)) {
    if (head && peer.head && peer.head->same_history(*head)) ++info.mirrors;
  }
  return info;
}

Result<std::vector<PeerInfo>> LocalNode::peers(const std::optional<FeedReference>& feed, const Wait& wait) {
  std::vector<FeedHost*> asked;
  if (feed) {
    SHOAL_TRY(FeedHost * open, host(*feed));
    asked.push_back(open);
  } else {
    SHOAL_TRY(const auto known, feeds());
    const std::lock_guard lock(mutex_);
    for (const auto& [id, open] : hosts_) asked.push_back(open.get());
  }
  const auto deadline = SteadyClock::now() + wait.timeout;
  for (;;) {
    std::vector<PeerInfo> infos;
    for (FeedHost* open : asked) {
      for (const auto& peer : peers_of(*open)) infos.push_back(peer_info(open->id(), peer));
    }
    if (!infos.empty() || SteadyClock::now() >= deadline || wait.stop.stop_requested()) return infos;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

Result<feed::AuditReport> LocalNode::verify(const FeedReference& feed, const Progress& progress) {
  SHOAL_TRY(const FeedHost* open, host(feed));
  return feed::audit(open->reader(), progress);
}

Result<feed::BundleSummary> LocalNode::export_bundle(const FeedReference& feed, const std::filesystem::path& file,
                                                     const Progress& progress) {
  SHOAL_TRY(const FeedHost* open, host(feed));
  return feed::write_bundle(open->reader(), file, progress);
}

Result<feed::BundleSummary> LocalNode::import_bundle(const std::filesystem::path& file, const Progress& progress) {
  SHOAL_TRY(const auto summary, feed::inspect_bundle(file));
  SHOAL_TRY(const auto reference, resolve(summary.feed.hex()));
  if (reference.own) {
    return Error{Code::unsafe_to_sign, "the bundle holds the own feed " + reference.name,
                 "an own feed's history comes from its journal, or from its mirrors"};
  }
  SHOAL_TRY(FeedHost * open, host(reference));
  // The mirror is confined to its strand.
  std::promise<Result<feed::BundleSummary>> answer;
  auto imported = answer.get_future();
  open->post([&] { answer.set_value(feed::read_bundle(file, *open->mirror(), progress)); });
  auto result = imported.get();
  open->notify();
  return result;
}

}  // namespace shoal::node
