#include "base/try.h"
#include "doors/socket/handler_support.h"
#include "doors/socket/routes.h"
#include "doors/text/batch_json.h"
#include "doors/text/report_json.h"

#include <string>

/// Routes of positions that the node keeps for readers: durable cursors, and offsets of consumer groups.
namespace shoal::doors {

Result<void> get_cursors(Call& call, node::KeepingApi& keeping) {
  SHOAL_CHECK(call.query.finish());
  SHOAL_TRY(const auto feed, feed_of(call));
  SHOAL_TRY(const auto cursors, keeping.list_cursors(feed));
  return call.answer.json(to_json([&](base::JsonWriter& json) {
    json.begin_object().key("cursors").begin_array();
    for (const node::NamedCursor& cursor : cursors) write_named_cursor(cursor, json);
    json.end_array().end_object();
  }));
}

Result<void> get_cursor(Call& call, node::KeepingApi& keeping) {
  SHOAL_CHECK(call.query.finish());
  SHOAL_TRY(const auto feed, feed_of(call));
  SHOAL_TRY(const auto cursor, keeping.stored_cursor(feed, call.arguments[1]));
  return call.answer.json(to_json([&](base::JsonWriter& json) {
    json.begin_object().key("cursor");
    if (cursor) {
      write_stored_cursor(*cursor, json);
    } else {
      json.null();
    }
    json.end_object();
  }));
}

Result<void> put_cursor(Call& call, node::KeepingApi& keeping) {
  const auto expected = call.query.text("if_token");
  SHOAL_CHECK(call.query.finish());
  SHOAL_TRY(const auto feed, feed_of(call));
  SHOAL_TRY(const auto body, json_body(call));
  SHOAL_TRY(const auto cursor, read_stored_cursor(body));
  if (expected) {
    SHOAL_CHECK(keeping.replace_cursor(feed, call.arguments[1], *expected, cursor));
  } else {
    SHOAL_CHECK(keeping.store_cursor(feed, call.arguments[1], cursor));
  }
  return call.answer.json("{}");
}

Result<void> delete_cursor(Call& call, node::KeepingApi& keeping) {
  SHOAL_CHECK(call.query.finish());
  SHOAL_TRY(const auto feed, feed_of(call));
  SHOAL_CHECK(keeping.erase_cursor(feed, call.arguments[1]));
  return call.answer.json("{}");
}

Result<void> get_groups(Call& call, node::KeepingApi& keeping) {
  SHOAL_CHECK(call.query.finish());
  SHOAL_TRY(const auto feed, feed_of(call));
  SHOAL_TRY(const auto groups, keeping.groups(feed));
  return call.answer.json(to_json([&](base::JsonWriter& json) {
    json.begin_object().key("groups").begin_array();
    for (const std::string& group : groups) json.value(group);
    json.end_array().end_object();
  }));
}

Result<void> get_group(Call& call, node::KeepingApi& keeping) {
  SHOAL_CHECK(call.query.finish());
  SHOAL_TRY(const auto feed, feed_of(call));
  SHOAL_TRY(const auto offsets, keeping.group_offsets(feed, call.arguments[1]));
  return call.answer.json(to_json([&](base::JsonWriter& json) { write_group_offsets(offsets, json); }));
}

Result<void> put_group(Call& call, node::KeepingApi& keeping) {
  SHOAL_CHECK(call.query.finish());
  SHOAL_TRY(const auto feed, feed_of(call));
  SHOAL_TRY(const auto body, json_body(call));
  SHOAL_TRY(const auto offsets, read_group_offsets(body));
  SHOAL_CHECK(keeping.store_group_offsets(feed, call.arguments[1], offsets));
  return call.answer.json("{}");
}

Result<void> delete_group(Call& call, node::KeepingApi& keeping) {
  SHOAL_CHECK(call.query.finish());
  SHOAL_TRY(const auto feed, feed_of(call));
  SHOAL_CHECK(keeping.erase_group(feed, call.arguments[1]));
  return call.answer.json("{}");
}

}  // namespace shoal::doors
