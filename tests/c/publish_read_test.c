/* Publishing and reading through the C interface, in one process. */
#define _POSIX_C_SOURCE 200809L

#include "check.h"

#include <poll.h>

enum { kCount = 1000 };

typedef struct acknowledged {
  int64_t next;
  int runs;
} acknowledged;

static void on_acked(void* user, const char* topic, int32_t partition, int64_t first, int64_t last) {
  acknowledged* told = user;
  CHECK(strcmp(topic, "us") == 0 && partition == 0 && first == told->next && last >= first);
  told->next = last + 1;
  ++told->runs;
}

static void publish(shoal_feed* feed) {
  shoal_error error;
  shoal_producer* producer = NULL;
  shoal_producer* second = NULL;
  acknowledged told = {0, 0};
  shoal_producer_options options;
  memset(&options, 0, sizeof options);
  options.size = sizeof options;
  options.linger_ms = -1;
  options.codec = SHOAL_CODEC_LZ4;
  options.on_acked = on_acked;
  options.on_acked_user = &told;
  CHECK_OK(shoal_producer_open(feed, &options, &producer, &error));
  CHECK_FAILS(shoal_producer_open(feed, NULL, &second, &error), SHOAL_IN_USE);
  for (int i = 0; i < kCount; ++i) {
    char value[32];
    shoal_header headers[2];
    shoal_position position;
    snprintf(value, sizeof value, "value %d", i);
    shoal_record record = text_record("us", value);
    record.key = text_bytes("key");
    record.has_time = 1;
    record.time_ms = 1000 + i;
    if (i == 1) { /* null and empty are two things */
      record.key.data = NULL;
      record.key.size = 0;
      record.value = text_bytes("");
      memset(headers, 0, sizeof headers);
      headers[0].name = text_bytes("note");
      headers[0].value = text_bytes("yes");
      headers[1].name = text_bytes("null");
      record.headers = headers;
      record.header_count = 2;
    }
    CHECK_OK(shoal_producer_send(producer, &record, 5000, NULL, &position, &error));
    CHECK(position.offset == i && position.partition == 0);
  }
  CHECK_OK(shoal_producer_flush(producer, 30000, NULL, &error));
  CHECK(told.next == kCount && told.runs > 0);
  CHECK_OK(shoal_producer_free(producer, &error));
}

static void check_view(const shoal_record_view* view, int i) {
  char value[32];
  snprintf(value, sizeof value, "value %d", i);
  CHECK(strcmp(view->topic, "us") == 0 && view->partition == 0 && view->offset == i && view->time_ms == 1000 + i);
  CHECK(view->append_time_ms > 1500000000000);
  if (i == 1) {
    CHECK(view->key.data == NULL && view->value.data != NULL && view->value.size == 0);
    CHECK(view->header_count == 2 && is_text(view->headers[0].name, "note") && is_text(view->headers[0].value, "yes"));
    CHECK(is_text(view->headers[1].name, "null") && view->headers[1].value.data == NULL);
  } else {
    CHECK(is_text(view->key, "key") && is_text(view->value, value) && view->header_count == 0);
  }
}

/* Reads all, in polls of 300; commits in the middle of the second one. */
static void read_all(shoal_node* node, const char* id) {
  shoal_error error;
  shoal_subscription* subscription = NULL;
  shoal_subscribe_options options;
  shoal_poll_options poll;
  shoal_poll_status status = SHOAL_POLL_TIMEOUT;
  char* token = NULL;
  int next = 0;
  memset(&options, 0, sizeof options);
  options.size = sizeof options;
  options.until_head = 1;
  options.start = SHOAL_START_STORED;
  options.cursor = "mine";
  memset(&poll, 0, sizeof poll);
  poll.size = sizeof poll;
  poll.max_records = 300;
  CHECK_OK(shoal_subscription_open(node, id, &options, &subscription, &error));
  CHECK_OK(shoal_subscription_stored(subscription, &token, NULL, &error));
  CHECK(token == NULL);
  while (status != SHOAL_POLL_END) {
    shoal_records* records = NULL;
    const shoal_record_view* views = NULL;
    size_t count = 0;
    CHECK_OK(shoal_subscription_poll(subscription, &poll, 20000, NULL, &status, &records, &error));
    if (status != SHOAL_POLL_RECORDS) continue;
    CHECK_OK(shoal_records_view(records, &views, &count, &error));
    CHECK(count > 0 && count <= 300);
    for (size_t i = 0; i < count; ++i) {
      check_view(&views[i], next);
      if (next == 399) {
        CHECK_OK(shoal_subscription_cursor_after(subscription, records, i, &token, &error));
        CHECK_OK(shoal_subscription_commit(subscription, token, "a note", &error));
        shoal_string_free(token);
      }
      ++next;
    }
    CHECK_OK(shoal_records_free(records, &error));
  }
  CHECK(next == kCount);
  shoal_head_report report;
  CHECK_OK(shoal_subscription_head_report(subscription, &report, &error));
  CHECK(report.complete && report.answered && report.head_time_ms > 0 && report.tree_size > 0);
  CHECK_OK(shoal_subscription_free(subscription, &error));

  /* From the committed position on. */
  char* note = NULL;
  shoal_records* records = NULL;
  const shoal_record_view* views = NULL;
  size_t count = 0;
  CHECK_OK(shoal_subscription_open(node, id, &options, &subscription, &error));
  CHECK_OK(shoal_subscription_stored(subscription, &token, &note, &error));
  CHECK(token != NULL && strcmp(note, "a note") == 0);
  shoal_string_free(token);
  shoal_string_free(note);
  CHECK_OK(shoal_subscription_poll(subscription, &poll, 20000, NULL, &status, &records, &error));
  CHECK_OK(shoal_records_view(records, &views, &count, &error));
  check_view(&views[0], 400);
  /* Records live on without what they came from. */
  CHECK_OK(shoal_subscription_free(subscription, &error));
  check_view(&views[count - 1], 399 + (int)count);
  CHECK_OK(shoal_records_free(records, &error));
}

static void wait_by_descriptor(shoal_node* node, shoal_feed* feed, const char* id) {
  shoal_error error;
  shoal_subscription* subscription = NULL;
  shoal_producer* producer = NULL;
  shoal_subscribe_options options;
  shoal_poll_status status = SHOAL_POLL_TIMEOUT;
  shoal_records* records = NULL;
  struct pollfd waited = {-1, POLLIN, 0};
  memset(&options, 0, sizeof options);
  options.size = sizeof options;
  options.start = SHOAL_START_END;
  CHECK_OK(shoal_subscription_open(node, id, &options, &subscription, &error));
  CHECK_OK(shoal_subscription_descriptor(subscription, &waited.fd, &error));
  CHECK_OK(shoal_subscription_poll(subscription, NULL, 0, NULL, &status, &records, &error));
  CHECK(status == SHOAL_POLL_TIMEOUT && records == NULL);
  CHECK(poll(&waited, 1, 0) == 0);
  CHECK_OK(shoal_producer_open(feed, NULL, &producer, &error));
  const shoal_record record = text_record("us", "live");
  CHECK_OK(shoal_producer_try_send(producer, &record, NULL, &error));
  CHECK_OK(shoal_producer_flush(producer, 20000, NULL, &error));
  CHECK(poll(&waited, 1, 20000) == 1);
  CHECK_OK(shoal_subscription_poll(subscription, NULL, 0, NULL, &status, &records, &error));
  CHECK(status == SHOAL_POLL_RECORDS);
  CHECK_OK(shoal_records_free(records, &error));
  CHECK_OK(shoal_producer_free(producer, &error));
  /* A stop that was requested ends a wait at once. */
  shoal_stop* stop = NULL;
  CHECK_OK(shoal_stop_new(&stop, &error));
  CHECK_OK(shoal_stop_request(stop, &error));
  CHECK_OK(shoal_subscription_poll(subscription, NULL, -1, stop, &status, &records, &error));
  CHECK(status == SHOAL_POLL_TIMEOUT);
  CHECK_OK(shoal_stop_free(stop, &error));
  CHECK_OK(shoal_subscription_free(subscription, &error));
}

static void get_and_know(shoal_node* node, const char* id) {
  shoal_error error;
  shoal_records* records = NULL;
  const shoal_record_view* views = NULL;
  size_t count = 0;
  char* json = NULL;
  shoal_get_request request;
  memset(&request, 0, sizeof request);
  request.size = sizeof request;
  request.feed_id = id;
  request.topic = "us";
  request.first = 42;
  CHECK_OK(shoal_node_get(node, &request, 1000, NULL, &records, &error));
  CHECK_OK(shoal_records_view(records, &views, &count, &error));
  CHECK(count == 1);
  check_view(views, 42);
  CHECK_OK(shoal_records_free(records, &error));
  request.has_last = 1;
  request.last = 61;
  CHECK_OK(shoal_node_get(node, &request, 1000, NULL, &records, &error));
  CHECK_OK(shoal_records_view(records, &views, &count, &error));
  CHECK(count == 20);
  CHECK_OK(shoal_records_free(records, &error));
  request.has_last = 0;
  request.first = 5000;
  CHECK_FAILS(shoal_node_get(node, &request, 1000, NULL, &records, &error), SHOAL_NOT_FOUND);
  CHECK_OK(shoal_node_info(node, id, &json, &error));
  CHECK(strstr(json, "\"name\":\"quakes\"") != NULL && strstr(json, "\"high_watermark\":1000") != NULL);
  shoal_string_free(json);
  CHECK_OK(shoal_node_peers(node, id, &json, &error));
  CHECK(strcmp(json, "[]") == 0);
  shoal_string_free(json);
  CHECK_OK(shoal_node_listening(node, &json, &error));
  CHECK(strcmp(json, "") == 0);
  shoal_string_free(json);
}

static void prove(shoal_node* node, const char* id) {
  shoal_error error;
  shoal_records* records = NULL;
  const shoal_record_view* views = NULL;
  size_t count = 0;
  char* proof = NULL;
  shoal_verified verified;
  shoal_get_request request;
  memset(&request, 0, sizeof request);
  request.size = sizeof request;
  request.feed_id = id;
  request.topic = "us";
  request.first = 42;
  CHECK_OK(shoal_node_prove(node, &request, 1000, NULL, &proof, &error));
  CHECK_OK(shoal_verify_proof(proof, strlen(proof), id, &verified, &records, &error));
  CHECK(strcmp(verified.feed_id, id) == 0 && verified.tree_size > 0 && verified.head_time_ms > 1500000000000);
  CHECK_OK(shoal_records_view(records, &views, &count, &error));
  CHECK(count == 1);
  check_view(views, 42);
  CHECK_OK(shoal_records_free(records, &error));
  /* Of another owner's, damaged, or none at all. */
  const char* stranger = "5555555555555555555555555555555555555555555555555555555555555555";
  CHECK_FAILS(shoal_verify_proof(proof, strlen(proof), stranger, NULL, &records, &error), SHOAL_UNVERIFIED);
  CHECK_FAILS(shoal_verify_proof(proof, strlen(proof) / 2, NULL, NULL, &records, &error), SHOAL_INVALID_ARGUMENT);
  CHECK_FAILS(shoal_verify_proof("", 0, NULL, NULL, &records, &error), SHOAL_INVALID_ARGUMENT);
  shoal_string_free(proof);
  request.first = 5000;
  CHECK_FAILS(shoal_node_prove(node, &request, 1000, NULL, &proof, &error), SHOAL_NOT_FOUND);
}

/* The next record is this one. */
static void next_is(shoal_subscription* subscription, const char* topic, const char* value) {
  shoal_error error;
  shoal_poll_status status = SHOAL_POLL_TIMEOUT;
  shoal_records* records = NULL;
  const shoal_record_view* views = NULL;
  size_t count = 0;
  shoal_poll_options one;
  memset(&one, 0, sizeof one);
  one.size = sizeof one;
  one.max_records = 1;
  CHECK_OK(shoal_subscription_poll(subscription, &one, 20000, NULL, &status, &records, &error));
  CHECK(status == SHOAL_POLL_RECORDS);
  CHECK_OK(shoal_records_view(records, &views, &count, &error));
  CHECK(count == 1 && strcmp(views->topic, topic) == 0 && is_text(views->value, value));
  CHECK_OK(shoal_records_free(records, &error));
}

static void change_topics(shoal_node* node) {
  shoal_error error;
  shoal_feed* feed = open_feed(node, "topics");
  shoal_producer* producer = NULL;
  shoal_subscription* subscription = NULL;
  char* id = NULL;
  const char* first[] = {"a"};
  const char* others[] = {"b", "c*"};
  const char* sent[] = {"a", "b", "a", "cc"};
  shoal_subscribe_options options;
  memset(&options, 0, sizeof options);
  options.size = sizeof options;
  options.topics = first;
  options.topic_count = 1;
  CHECK_OK(shoal_feed_id(feed, &id, &error));
  CHECK_OK(shoal_producer_open(feed, NULL, &producer, &error));
  for (int i = 0; i < 4; ++i) {
    const shoal_record record = text_record(sent[i], sent[i]);
    CHECK_OK(shoal_producer_send(producer, &record, 5000, NULL, NULL, &error));
    CHECK_OK(shoal_producer_flush(producer, 20000, NULL, &error));
  }
  CHECK_OK(shoal_subscription_open(node, id, &options, &subscription, &error));
  next_is(subscription, "a", "a");
  CHECK_FAILS(shoal_subscription_set_topics(subscription, NULL, 1, &error), SHOAL_INVALID_ARGUMENT);
  CHECK_OK(shoal_subscription_set_topics(subscription, others, 2, &error));
  next_is(subscription, "b", "b");
  next_is(subscription, "cc", "cc");
  CHECK_OK(shoal_subscription_free(subscription, &error));
  CHECK_OK(shoal_producer_free(producer, &error));
  CHECK_OK(shoal_feed_free(feed, &error));
  shoal_string_free(id);
}

/* What an own feed and a mirror keep is remembered, and shown. */
static void keep(shoal_node* node) {
  shoal_error error;
  shoal_feed* feed = NULL;
  shoal_mirror* mirror = NULL;
  char* id = NULL;
  char* json = NULL;
  const char* stranger = "6666666666666666666666666666666666666666666666666666666666666666";
  const char* topics[] = {"us"};
  shoal_topic_keep kept = {"us", 3500};
  shoal_feed_options options;
  shoal_mirror_options wanted;
  memset(&options, 0, sizeof options);
  options.size = sizeof options;
  options.create = 1;
  options.keep_ms = 86400000;
  CHECK_FAILS(shoal_feed_open(node, "kept", &options, &feed, &error), SHOAL_INVALID_ARGUMENT);
  options.set_retention = 1;
  options.max_bytes = 1 << 20;
  options.keep_topic_count = 1;
  CHECK_FAILS(shoal_feed_open(node, "kept", &options, &feed, &error), SHOAL_INVALID_ARGUMENT);
  options.keep_topics = &kept;
  CHECK_OK(shoal_feed_open(node, "kept", &options, &feed, &error));
  CHECK_OK(shoal_feed_free(feed, &error));
  /* A program that does not know the later members: they are not looked at. */
  options.size = offsetof(shoal_feed_options, set_retention);
  options.keep_ms = -1;
  CHECK_OK(shoal_feed_open(node, "kept", &options, &feed, &error));
  CHECK_OK(shoal_feed_free(feed, &error));
  options.size = sizeof options;
  options.keep_ms = 86400000;
  kept.keep_ms = -1;
  CHECK_FAILS(shoal_feed_open(node, "kept", &options, &feed, &error), SHOAL_INVALID_ARGUMENT);
  feed = open_feed(node, "kept");
  CHECK_OK(shoal_feed_id(feed, &id, &error));
  CHECK_OK(shoal_node_info(node, id, &json, &error));
  CHECK(strstr(json, "\"retention\":{\"keep_ms\":86400000,\"max_bytes\":1048576,\"keep_topics\":{\"us\":3500}}") != NULL);
  shoal_string_free(json);
  shoal_string_free(id);
  CHECK_OK(shoal_feed_free(feed, &error));

  memset(&wanted, 0, sizeof wanted);
  wanted.size = sizeof wanted;
  wanted.topics = topics;
  wanted.topic_count = 1;
  wanted.keep_ms = -1;
  CHECK_FAILS(shoal_mirror_open(node, stranger, &wanted, &mirror, &error), SHOAL_INVALID_ARGUMENT);
  wanted.keep_ms = 2500;
  wanted.max_bytes = 1 << 30;
  CHECK_OK(shoal_mirror_open(node, stranger, &wanted, &mirror, &error));
  CHECK_OK(shoal_node_info(node, stranger, &json, &error));
  CHECK(strstr(json, "\"want\":{\"topics\":[\"us\"],\"keep_ms\":2500,\"max_bytes\":1073741824}") != NULL);
  shoal_string_free(json);
  CHECK_OK(shoal_mirror_free(mirror, &error));
}

static void outlive_the_node(shoal_node* node, shoal_feed* feed, const char* id) {
  shoal_error error;
  shoal_subscription* subscription = NULL;
  shoal_producer* producer = NULL;
  shoal_mirror* mirror = NULL;
  shoal_producer* late = NULL;
  shoal_poll_status status;
  shoal_records* records = NULL;
  char* text = NULL;
  const char* stranger = "5555555555555555555555555555555555555555555555555555555555555555";
  const shoal_record record = text_record(NULL, "x");
  CHECK_OK(shoal_subscription_open(node, id, NULL, &subscription, &error));
  CHECK_OK(shoal_producer_open(feed, NULL, &producer, &error));
  CHECK_FAILS(shoal_mirror_open(node, id, NULL, &mirror, &error), SHOAL_INVALID_ARGUMENT);
  CHECK_OK(shoal_mirror_open(node, stranger, NULL, &mirror, &error));
  CHECK_FAILS(shoal_mirror_wait_synced(mirror, 10, NULL, NULL, &error), SHOAL_TIMED_OUT);
  CHECK_OK(shoal_node_close(node, &error));
  CHECK_OK(shoal_node_close(node, &error));
  CHECK_FAILS(shoal_node_info(node, id, &text, &error), SHOAL_CLOSED);
  CHECK_OK(shoal_node_free(node, &error));
  CHECK_FAILS(shoal_subscription_poll(subscription, NULL, 0, NULL, &status, &records, &error), SHOAL_CLOSED);
  CHECK_FAILS(shoal_producer_send(producer, &record, 0, NULL, NULL, &error), SHOAL_CLOSED);
  CHECK_FAILS(shoal_mirror_wait_synced(mirror, 1000, NULL, NULL, &error), SHOAL_CLOSED);
  CHECK_FAILS(shoal_producer_open(feed, NULL, &late, &error), SHOAL_CLOSED);
  CHECK_OK(shoal_subscription_free(subscription, &error));
  CHECK_OK(shoal_producer_free(producer, &error));
  CHECK_OK(shoal_mirror_free(mirror, &error));
}

int main(void) {
  shoal_error error;
  char* id = NULL;
  CHECK(strcmp(shoal_version(), SHOAL_EXPECTED_VERSION) == 0);
  CHECK(strcmp(shoal_code_name(SHOAL_NOT_FOUND), "not_found") == 0);
  CHECK(strcmp(shoal_code_name(SHOAL_UNKNOWN_OUTCOME), "unknown_outcome") == 0);
  CHECK(strcmp(shoal_code_name(SHOAL_CONTRADICTION), "contradiction") == 0);
  shoal_node* node = open_offline(test_path("data"));
  shoal_feed* feed = open_feed(node, "quakes");
  CHECK_OK(shoal_feed_id(feed, &id, &error));
  CHECK(strlen(id) == 64);
  publish(feed);
  read_all(node, id);
  get_and_know(node, id);
  prove(node, id);
  change_topics(node);
  keep(node);
  wait_by_descriptor(node, feed, id);
  outlive_the_node(node, feed, id);
  CHECK_OK(shoal_feed_free(feed, &error));
  shoal_string_free(id);
  return 0;
}
