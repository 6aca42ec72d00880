#include "attach/client/remote_reading.h"

#include "attach/client/line_stream.h"
#include "attach/client/remote_subscription.h"
#include "base/bytes.h"
#include "base/try.h"
#include "doors/text/info_json.h"
#include "doors/text/query.h"
#include "doors/text/record_line.h"
#include "doors/text/remote_paths.h"
#include "node/api/deadline.h"

namespace shoal::attach {

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
