#include "attach/client/remote_reading.h"

#include "attach/client/frame_stream.h"
#include "attach/client/line_stream.h"
#include "attach/client/remote_subscription.h"
#include "attach/client/remote_watch.h"
#include "base/bytes.h"
#include "base/try.h"
#include "doors/text/batch_frame.h"
#include "doors/text/batch_json.h"
#include "doors/text/info_json.h"
#include "doors/text/query.h"
#include "doors/text/record_line.h"
#include "doors/text/remote_paths.h"
#include "node/api/deadline.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace shoal::attach {
namespace {

/// What a node takes.
constexpr std::size_t kMaxFetchBytes = std::size_t{64} << 20;

std::string stream_path(const FeedId& feed, const TopicPartition& stream) {
  return doors::feed_path(feed) + "/topics/" + doors::percent_encode(stream.topic) + "/" +
         std::to_string(stream.partition.value());
}

/// What a question about a partition checks before its path is made of the name.
Result<void> check_stream(const TopicPartition& stream) {
  if (!stream.topic.empty() && stream.partition.value() >= 0) return {};
  return Error{Code::not_found, "there is no such partition", ""};
}

}  // namespace

Result<node::FeedReference> RemoteReading::resolve(std::string_view feed) {
  doors::QueryWriter query;
  query.add("feed", feed);
  SHOAL_TRY(const auto answer, client_->ask({.target = "/v1/resolve" + query.text()}, answer_time()));
  return doors::read_reference(answer);
}

Result<std::vector<FeedSummary>> RemoteReading::feeds() {
  SHOAL_TRY(auto answer, client_->ask({.target = "/v1/feeds"}, answer_time()));
  return doors::read_feeds(answer.objects("feeds"));
}

Result<std::optional<node::Manifest>> RemoteReading::manifest(const FeedId& feed) {
  SHOAL_TRY(auto answer, client_->ask({.target = doors::feed_path(feed) + "/manifest"}, answer_time()));
  if (answer.is_null("manifest")) return std::optional<node::Manifest>{};
  const std::string text = answer.object("manifest").dump();
  SHOAL_TRY(auto manifest, node::decode_manifest(base::as_bytes(text)));
  return std::optional(std::move(manifest));
}

Result<std::shared_ptr<node::SubscriptionApi>> RemoteReading::subscribe(const node::FeedReference& feed,
                                                                        const SubscribeOptions& options) {
  SHOAL_TRY(auto made, RemoteSubscription::open(client_, feed, options));
  return std::shared_ptr<node::SubscriptionApi>(std::move(made));
}

Result<Records> RemoteReading::get(const GetRequest& request, const std::vector<std::string>& peer_hints,
                                   const Wait& wait) {
  doors::QueryWriter query;
  query.add("first", request.first.value());
  if (request.last) query.add("last", request.last->value());
  query.add("wait_ms", std::int64_t{node::limited(wait.timeout).count()});
  const std::string target = doors::feed_path({.feed = request.feed, .peer_hints = peer_hints}) + "/topics/" +
                             doors::percent_encode(request.topic) + "/" + std::to_string(request.partition.value()) +
                             "/records" + query.text();
  const doors::Until until = answer_time(wait);
  SHOAL_TRY(auto connection, client_->stream({.target = target}, until));
  LineStream lines(std::move(connection));
  auto records = std::make_shared<std::vector<doors::RecordLine>>();
  for (;;) {
    SHOAL_TRY(auto line, lines.next(until));
    if (line.kind == "end") break;
    SHOAL_TRY(auto record, doors::read_record(line.object()));
    records->push_back(std::move(record));
  }
  std::vector<RecordView> views;
  views.reserve(records->size());
  for (const doors::RecordLine& record : *records) views.push_back(record.view());
  return Records(std::move(views), std::move(records));
}

Result<node::FetchedBatches> RemoteReading::fetch(const node::FeedReference& feed, const node::FetchRequest& request) {
  SHOAL_CHECK(check_stream(request.stream));
  doors::QueryWriter query;
  query.add("offset", request.offset.value());
  query.add("max_bytes", static_cast<std::int64_t>(std::min(request.max_bytes, kMaxFetchBytes)));
  const doors::Until until = answer_time();
  const std::string target = stream_path(feed.feed, request.stream) + "/batches" + query.text();
  SHOAL_TRY(auto connection, client_->stream({.target = target, .accept = std::string(doors::kBatchesType)}, until));
  FrameStream stream(std::move(connection));
  SHOAL_CHECK(stream.check_type());
  node::FetchedBatches fetched;
  for (;;) {
    SHOAL_TRY(auto item, stream.next(until));
    if (auto* const selected = std::get_if<node::SelectedBatch>(&item)) {
      fetched.batches.push_back(std::move(selected->batch));
      continue;
    }
    SHOAL_TRY(fetched.ends, doors::read_stream_ends(std::get<StreamLine>(item).object()));
    return fetched;
  }
}

Result<std::vector<node::StreamEnds>> RemoteReading::ends(const node::FeedReference& feed,
                                                          const std::vector<TopicPartition>& streams) {
  doors::QueryWriter query;
  for (const TopicPartition& stream : streams) {
    SHOAL_CHECK(check_stream(stream));
    query.add("stream", stream.topic + "/" + std::to_string(stream.partition.value()));
  }
  SHOAL_TRY(auto answer, client_->ask({.target = doors::feed_path(feed) + "/ends" + query.text()}, answer_time()));
  std::vector<node::StreamEnds> ends;
  for (const doors::JsonReader& item : answer.objects("ends")) {
    SHOAL_TRY(auto end, doors::read_stream_ends(item));
    ends.push_back(std::move(end));
  }
  SHOAL_CHECK(answer.finish());
  return ends;
}

Result<std::optional<node::TimedOffset>> RemoteReading::offset_of_time(const node::FeedReference& feed,
                                                                       const TopicPartition& stream, UnixMs time) {
  SHOAL_CHECK(check_stream(stream));
  doors::QueryWriter query;
  query.add("time", time.value());
  const std::string target = stream_path(feed.feed, stream) + "/offset" + query.text();
  SHOAL_TRY(const auto answer, client_->ask({.target = target}, answer_time()));
  return doors::read_found_offset(answer);
}

Result<std::shared_ptr<node::WatchApi>> RemoteReading::watch(const node::FeedReference& feed) {
  SHOAL_TRY(auto made, RemoteWatch::open(client_, feed));
  return std::shared_ptr<node::WatchApi>(std::move(made));
}

Result<std::string> RemoteReading::prove(const GetRequest& request, const Wait& wait) {
  doors::QueryWriter query;
  query.add("topic", request.topic).add("partition", std::int64_t{request.partition.value()});
  query.add("offset", request.first.value()).add("wait_ms", std::int64_t{node::limited(wait.timeout).count()});
  return client_->ask_text({.target = doors::feed_path(request.feed) + "/proof" + query.text()}, answer_time(wait));
}

Result<FeedInfo> RemoteReading::info(const node::FeedReference& feed, const Wait& wait) {
  doors::QueryWriter query;
  query.add("wait_ms", std::int64_t{node::limited(wait.timeout).count()});
  SHOAL_TRY(const auto answer, client_->ask({.target = doors::feed_path(feed) + query.text()}, answer_time(wait)));
  return doors::read_feed_info(answer);
}

Result<std::vector<PeerInfo>> RemoteReading::peers(const std::optional<node::FeedReference>& feed, const Wait& wait) {
  doors::QueryWriter query;
  query.add("wait_ms", std::int64_t{node::limited(wait.timeout).count()});
  const std::string path = feed ? doors::feed_path(*feed) + "/peers" : "/v1/peers";
  SHOAL_TRY(auto answer, client_->ask({.target = path + query.text()}, answer_time(wait)));
  return doors::read_peers(answer.objects("peers"));
}

}  // namespace shoal::attach
