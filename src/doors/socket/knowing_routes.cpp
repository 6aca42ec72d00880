#include "base/try.h"
#include "doors/socket/event_hub.h"
#include "doors/socket/handler_support.h"
#include "doors/socket/routes.h"
#include "doors/socket/stream_places.h"
#include "doors/text/info_json.h"
#include "doors/text/node_facts_json.h"
#include "doors/text/report_json.h"

/// Routes that answer what the node knows.
namespace shoal::doors {
namespace {

Result<void> answer_peers(Call& call, const std::optional<node::FeedReference>& feed) {
  const Wait wait = wait_of(call);
  SHOAL_CHECK(call.query.finish());
  SHOAL_TRY(const auto peers, call.reading.peers(feed, wait));
  return call.answer.json(to_json([&](base::JsonWriter& json) {
    json.begin_object().key("peers");
    write_peers(peers, json);
    json.end_object();
  }));
}

Result<void> answer_doctor(Call& call, node::NodeApi& node, const std::optional<node::FeedReference>& feed) {
  const Wait wait = wait_of(call);
  SHOAL_CHECK(call.query.finish());
  SHOAL_TRY(const auto report, node.doctor(feed, wait));
  return call.answer.json(to_json([&](base::JsonWriter& json) { write_doctor_report(report, json); }));
}

}  // namespace

Result<void> get_node(Call& call, node::NodeApi& node) {
  SHOAL_CHECK(call.query.finish());
  SHOAL_TRY(const auto facts, node.facts());
  return call.answer.json(to_json([&](base::JsonWriter& json) { write_node_facts(facts, json); }));
}

Result<void> get_resolved(Call& call) {
  const auto feed = call.query.text("feed");
  if (!feed) call.query.fail("parameter 'feed' is missing");
  SHOAL_CHECK(call.query.finish());
  SHOAL_TRY(const auto reference, call.reading.resolve(*feed));
  return call.answer.json(to_json([&](base::JsonWriter& json) { write_reference(reference, json); }));
}

Result<void> get_feeds(Call& call) {
  SHOAL_CHECK(call.query.finish());
  SHOAL_TRY(const auto feeds, call.reading.feeds());
  return call.answer.json(to_json([&](base::JsonWriter& json) {
    json.begin_object().key("feeds");
    write_feeds(feeds, json);
    json.end_object();
  }));
}

Result<void> get_feed(Call& call) {
  const Wait wait = wait_of(call);
  SHOAL_CHECK(call.query.finish());
  SHOAL_TRY(const auto feed, feed_of(call));
  SHOAL_TRY(const auto info, call.reading.info(feed, wait));
  return call.answer.json(to_json([&](base::JsonWriter& json) { write_feed_info(info, json); }));
}

Result<void> get_manifest(Call& call) {
  SHOAL_CHECK(call.query.finish());
  SHOAL_TRY(const auto feed, feed_of(call));
  SHOAL_TRY(const auto manifest, call.reading.manifest(feed.feed));
  return call.answer.json(to_json([&](base::JsonWriter& json) {
    json.begin_object().key("manifest");
    if (manifest) {
      json.raw(node::encode_manifest(*manifest));
    } else {
      json.null();
    }
    json.end_object();
  }));
}

Result<void> get_peers(Call& call) { return answer_peers(call, std::nullopt); }

Result<void> get_feed_peers(Call& call) {
  SHOAL_TRY(const auto feed, feed_of(call));
  return answer_peers(call, feed);
}

Result<void> get_doctor(Call& call, node::NodeApi& node) { return answer_doctor(call, node, std::nullopt); }

Result<void> get_feed_doctor(Call& call, node::NodeApi& node) {
  SHOAL_TRY(const auto feed, feed_of(call));
  return answer_doctor(call, node, feed);
}

Result<void> get_events(Call& call) {
  SHOAL_CHECK(call.query.finish());
  SHOAL_TRY(const auto place, call.places.take());
  const auto listener = call.events.listen();
  SHOAL_CHECK(call.answer.begin_stream(Answer::Content::lines));
  while (!call.stop.stop_requested()) {
    const auto event = listener->next(call.idle, call.stop);
    if (call.stop.stop_requested()) break;
    SHOAL_CHECK(event ? call.answer.line(event->kind, event->object) : call.answer.line("idle", "{}"));
  }
  return Error{Code::closed, "the node is closed", ""};
}

}  // namespace shoal::doors
