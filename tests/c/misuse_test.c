/* What a program does wrong is answered, and never ends the process. */
#define _POSIX_C_SOURCE 200809L

#include "check.h"

#include <pthread.h>
#include <time.h>

static const char* const kStranger = "5555555555555555555555555555555555555555555555555555555555555555";

#define BAD(call) CHECK_FAILS(call, SHOAL_INVALID_ARGUMENT)

/* Every function with NULL, and with a handle of another kind, for each of its arguments. */
static void null_and_foreign(shoal_node* node, shoal_feed* feed, const char* id) {
  shoal_error error;
  shoal_node* no_node = (shoal_node*)feed;
  shoal_feed* no_feed = (shoal_feed*)node;
  char text[] = "text";
  shoal_producer* producer = NULL;
  shoal_subscription* subscription = NULL;
  shoal_mirror* mirror = NULL;
  shoal_records* records = NULL;
  const shoal_record_view* views = NULL;
  shoal_poll_status status;
  shoal_head_report report;
  size_t count;
  char* out = NULL;
  int descriptor;
  shoal_get_request request;
  const shoal_record record = text_record("us", "x");
  memset(&request, 0, sizeof request);
  request.size = sizeof request;

  BAD(shoal_node_open(NULL, &node, &error));
  BAD(shoal_node_close(NULL, &error));
  BAD(shoal_node_close(no_node, &error));
  BAD(shoal_node_close((shoal_node*)text, &error));
  BAD(shoal_node_free(no_node, &error));
  BAD(shoal_node_listening(NULL, &out, &error));
  BAD(shoal_node_listening(node, NULL, &error));
  BAD(shoal_node_info(no_node, id, &out, &error));
  BAD(shoal_node_info(node, NULL, &out, &error));
  BAD(shoal_node_info(node, "short", &out, &error));
  BAD(shoal_node_info(node, id, NULL, &error));
  BAD(shoal_node_peers(NULL, id, &out, &error));
  BAD(shoal_node_remove(NULL, id, &error));
  BAD(shoal_node_remove(node, NULL, &error));
  BAD(shoal_node_get(node, NULL, 0, NULL, &records, &error));
  BAD(shoal_node_get(node, &request, 0, NULL, &records, &error)); /* no feed id */
  request.feed_id = id;
  BAD(shoal_node_get(node, &request, 0, NULL, NULL, &error));
  BAD(shoal_node_get(no_node, &request, 0, NULL, &records, &error));
  BAD(shoal_node_get(node, &request, 0, (shoal_stop*)node, &records, &error));
  request.first = -1;
  BAD(shoal_node_get(node, &request, 0, NULL, &records, &error));

  BAD(shoal_feed_open(NULL, "a", NULL, &feed, &error));
  BAD(shoal_feed_open(node, NULL, NULL, &feed, &error));
  BAD(shoal_feed_open(node, "a", NULL, NULL, &error));
  BAD(shoal_feed_open(node, "\xff", NULL, &feed, &error));
  CHECK_FAILS(shoal_feed_open(node, "unknown", NULL, &feed, &error), SHOAL_NOT_FOUND);
  CHECK(error.hint[0] != '\0');
  BAD(shoal_feed_id(no_feed, &out, &error));
  BAD(shoal_feed_id(feed, NULL, &error));
  BAD(shoal_feed_free(no_feed, &error));

  BAD(shoal_producer_open(NULL, NULL, &producer, &error));
  BAD(shoal_producer_open(no_feed, NULL, &producer, &error));
  BAD(shoal_producer_open(feed, NULL, NULL, &error));
  BAD(shoal_producer_send(NULL, &record, 0, NULL, NULL, &error));
  BAD(shoal_producer_try_send((shoal_producer*)node, &record, NULL, &error));
  BAD(shoal_producer_flush(NULL, 0, NULL, &error));
  BAD(shoal_producer_free((shoal_producer*)node, &error));

  BAD(shoal_subscription_open(NULL, id, NULL, &subscription, &error));
  BAD(shoal_subscription_open(node, NULL, NULL, &subscription, &error));
  BAD(shoal_subscription_open(node, "zz", NULL, &subscription, &error));
  BAD(shoal_subscription_open(node, id, NULL, NULL, &error));
  BAD(shoal_subscription_poll(NULL, NULL, 0, NULL, &status, &records, &error));
  BAD(shoal_subscription_descriptor(NULL, &descriptor, &error));
  BAD(shoal_subscription_set_topics(NULL, NULL, 0, &error));
  BAD(shoal_subscription_cursor(NULL, &out, &error));
  BAD(shoal_subscription_cursor_after(NULL, NULL, 0, &out, &error));
  BAD(shoal_subscription_commit(NULL, "x", NULL, &error));
  BAD(shoal_subscription_stored(NULL, &out, NULL, &error));
  BAD(shoal_subscription_head_report(NULL, &report, &error));
  BAD(shoal_subscription_free((shoal_subscription*)feed, &error));
  CHECK_OK(shoal_subscription_open(node, id, NULL, &subscription, &error));
  BAD(shoal_subscription_poll(subscription, NULL, 0, NULL, NULL, &records, &error));
  BAD(shoal_subscription_poll(subscription, NULL, 0, NULL, &status, NULL, &error));
  BAD(shoal_subscription_descriptor(subscription, NULL, &error));
  BAD(shoal_subscription_set_topics(subscription, NULL, 3, &error));
  BAD(shoal_subscription_cursor(subscription, NULL, &error));
  BAD(shoal_subscription_cursor_after(subscription, NULL, 0, &out, &error));
  BAD(shoal_subscription_commit(subscription, NULL, NULL, &error));
  BAD(shoal_subscription_commit(subscription, "0", NULL, &error)); /* it has no cursor */
  BAD(shoal_subscription_stored(subscription, NULL, NULL, &error));
  BAD(shoal_subscription_head_report(subscription, NULL, &error));
  CHECK_OK(shoal_subscription_free(subscription, &error));

  BAD(shoal_records_view(NULL, &views, &count, &error));
  BAD(shoal_records_view((shoal_records*)node, &views, &count, &error));
  BAD(shoal_records_free((shoal_records*)node, &error));
  BAD(shoal_node_prove(NULL, &request, 0, NULL, &out, &error));
  BAD(shoal_node_prove(node, NULL, 0, NULL, &out, &error));
  BAD(shoal_node_prove(node, &request, 0, NULL, NULL, &error));
  BAD(shoal_verify_proof(NULL, 0, NULL, NULL, &records, &error));
  BAD(shoal_verify_proof("{}", 2, "short", NULL, &records, &error));
  BAD(shoal_verify_proof("{}", 2, NULL, NULL, NULL, &error));
  BAD(shoal_verify_fork(NULL, 0, NULL, NULL, &error));
  BAD(shoal_verify_fork("", 0, "short", NULL, &error));
  BAD(shoal_mirror_open(NULL, kStranger, NULL, &mirror, &error));
  BAD(shoal_mirror_open(node, NULL, NULL, &mirror, &error));
  BAD(shoal_mirror_open(node, kStranger, NULL, NULL, &error));
  BAD(shoal_mirror_wait_synced(NULL, 0, NULL, NULL, &error));
  BAD(shoal_mirror_free((shoal_mirror*)node, &error));
  BAD(shoal_stop_new(NULL, &error));
  BAD(shoal_stop_request(NULL, &error));
  BAD(shoal_stop_free((shoal_stop*)node, &error));

  /* Nothing given back is nothing done, and no error has to be asked for. */
  CHECK_OK(shoal_node_free(NULL, &error));
  CHECK_OK(shoal_feed_free(NULL, &error));
  CHECK_OK(shoal_producer_free(NULL, &error));
  CHECK_OK(shoal_subscription_free(NULL, &error));
  CHECK_OK(shoal_records_free(NULL, &error));
  CHECK_OK(shoal_mirror_free(NULL, &error));
  CHECK_OK(shoal_stop_free(NULL, &error));
  shoal_string_free(NULL);
  CHECK(shoal_node_info(NULL, NULL, NULL, NULL) == SHOAL_INVALID_ARGUMENT);
  CHECK(strcmp(shoal_code_name(-1), "unknown") == 0 && strcmp(shoal_code_name(1000), "unknown") == 0);
}

static void structures(shoal_node* node, shoal_feed* feed, const char* id) {
  shoal_error error;
  shoal_producer* producer = NULL;
  shoal_subscription* subscription = NULL;
  struct {
    shoal_producer_options known;
    int later;
  } longer;
  memset(&longer, 0, sizeof longer);
  BAD(shoal_producer_open(feed, &longer.known, &producer, &error)); /* no size */
  longer.known.size = sizeof(size_t);
  BAD(shoal_producer_open(feed, &longer.known, &producer, &error));
  longer.known.size = sizeof longer;
  longer.later = 1;
  CHECK_FAILS(shoal_producer_open(feed, &longer.known, &producer, &error), SHOAL_UNSUPPORTED);
  longer.later = 0;
  longer.known.codec = 99;
  BAD(shoal_producer_open(feed, &longer.known, &producer, &error));
  longer.known.codec = 0;
  /* Mirrors: not beside none, not too many, not offline, not without their names. */
  longer.known.acks_mirrors = 2;
  BAD(shoal_producer_open(feed, &longer.known, &producer, &error));
  longer.known.acks_none = 1;
  BAD(shoal_producer_open(feed, &longer.known, &producer, &error));
  longer.known.acks_none = 0;
  longer.known.acks_mirrors = 0;
  longer.known.acks_named_count = 1;
  BAD(shoal_producer_open(feed, &longer.known, &producer, &error));
  longer.known.acks_named_count = 0;
  longer.known.max_time_ahead_ms = 1000;
  CHECK_OK(shoal_producer_open(feed, &longer.known, &producer, &error));

  shoal_record record = text_record("us", "x");
  record.size = 0;
  BAD(shoal_producer_try_send(producer, &record, NULL, &error));
  record.size = sizeof record;
  record.topic = "no topic/";
  BAD(shoal_producer_try_send(producer, &record, NULL, &error));
  record.topic = "us";
  record.header_count = 1;
  BAD(shoal_producer_try_send(producer, &record, NULL, &error));
  record.header_count = 0;
  record.value.data = NULL; /* and a size */
  BAD(shoal_producer_try_send(producer, &record, NULL, &error));
  record.value = text_bytes("x");
  record.has_time = 1;
  record.time_ms = (int64_t)time(NULL) * 1000 + 60000; /* above the producer's second */
  BAD(shoal_producer_try_send(producer, &record, NULL, &error));
  record.has_time = 0;
  record.has_partition = 1;
  record.partition = 7;
  BAD(shoal_producer_try_send(producer, &record, NULL, &error));
  CHECK_OK(shoal_producer_free(producer, &error));

  shoal_subscribe_options options;
  memset(&options, 0, sizeof options);
  options.size = sizeof options;
  options.start = 42;
  BAD(shoal_subscription_open(node, id, &options, &subscription, &error));
  options.start = SHOAL_START_TOKEN;
  BAD(shoal_subscription_open(node, id, &options, &subscription, &error));
  options.start_token = "nonsense";
  BAD(shoal_subscription_open(node, id, &options, &subscription, &error));
  options.start = SHOAL_START_STORED;
  BAD(shoal_subscription_open(node, id, &options, &subscription, &error)); /* of no cursor */
}

static void freed(shoal_node* node, shoal_feed* feed, const char* id) {
  shoal_error error;
  shoal_producer* producer = NULL;
  shoal_subscription* first = NULL;
  shoal_subscription* second = NULL;
  shoal_records* records = NULL;
  shoal_records* other = NULL;
  const shoal_record_view* views = NULL;
  shoal_poll_status status;
  size_t count = 0;
  char* token = NULL;
  const shoal_record record = text_record("us", "x");
  CHECK_OK(shoal_producer_open(feed, NULL, &producer, &error));
  CHECK_OK(shoal_producer_try_send(producer, &record, NULL, &error));
  CHECK_OK(shoal_producer_free(producer, &error));
  BAD(shoal_producer_free(producer, &error));
  BAD(shoal_producer_try_send(producer, &record, NULL, &error));

  CHECK_OK(shoal_subscription_open(node, id, NULL, &first, &error));
  CHECK_OK(shoal_subscription_open(node, id, NULL, &second, &error));
  CHECK_OK(shoal_subscription_poll(first, NULL, 20000, NULL, &status, &records, &error));
  CHECK_OK(shoal_subscription_poll(second, NULL, 20000, NULL, &status, &other, &error));
  CHECK_OK(shoal_subscription_cursor_after(first, records, 0, &token, &error));
  shoal_string_free(token);
  BAD(shoal_subscription_cursor_after(first, records, 1000, &token, &error));
  BAD(shoal_subscription_cursor_after(first, other, 0, &token, &error));
  CHECK_OK(shoal_records_free(records, &error));
  BAD(shoal_records_free(records, &error));
  BAD(shoal_records_view(records, &views, &count, &error));
  BAD(shoal_subscription_cursor_after(first, records, 0, &token, &error));
  CHECK_OK(shoal_records_free(other, &error));
  CHECK_OK(shoal_subscription_free(first, &error));
  BAD(shoal_subscription_poll(first, NULL, 0, NULL, &status, &records, &error));
  CHECK_OK(shoal_subscription_free(second, &error));
}

typedef struct waiting {
  shoal_subscription* subscription;
  shoal_stop* stop;
} waiting;

/* Waits in a poll until the stop; another call may keep it out at first. */
static void* wait_long(void* user) {
  shoal_error error;
  shoal_poll_status status = SHOAL_POLL_END;
  shoal_records* records = NULL;
  waiting* it = user;
  shoal_code code;
  do {
    code = shoal_subscription_poll(it->subscription, NULL, -1, it->stop, &status, &records, &error);
  } while (code == SHOAL_IN_USE);
  CHECK(code == SHOAL_OK && status == SHOAL_POLL_TIMEOUT);
  return NULL;
}

static void two_threads(shoal_node* node, const char* id) {
  shoal_error error;
  waiting it;
  pthread_t thread;
  shoal_subscribe_options options;
  memset(&options, 0, sizeof options);
  options.size = sizeof options;
  options.start = SHOAL_START_END;
  CHECK_OK(shoal_subscription_open(node, id, &options, &it.subscription, &error));
  CHECK_OK(shoal_stop_new(&it.stop, &error));
  CHECK(pthread_create(&thread, NULL, wait_long, &it) == 0);
  /* Once it is in the poll, it keeps every other call out. */
  for (shoal_code code = SHOAL_OK; code != SHOAL_IN_USE;) {
    char* token = NULL;
    code = shoal_subscription_cursor(it.subscription, &token, &error);
    shoal_string_free(token);
  }
  CHECK_FAILS(shoal_subscription_commit(it.subscription, "x", NULL, &error), SHOAL_IN_USE);
  /* Freed under a call, it lives until that ends. */
  CHECK_OK(shoal_subscription_free(it.subscription, &error));
  CHECK_OK(shoal_stop_request(it.stop, &error));
  CHECK_OK(shoal_stop_free(it.stop, &error));
  CHECK(pthread_join(thread, NULL) == 0);
}

typedef struct calling {
  shoal_node* node;
  shoal_producer* producer;
  int called;
} calling;

/* What would wait for the thread it is on is refused. */
static void on_acked(void* user, const char* topic, int32_t partition, int64_t first, int64_t last) {
  shoal_error error;
  calling* it = user;
  (void)topic, (void)partition, (void)first, (void)last;
  BAD(shoal_producer_flush(it->producer, 1000, NULL, &error));
  BAD(shoal_producer_free(it->producer, &error));
  BAD(shoal_node_close(it->node, &error));
  BAD(shoal_node_free(it->node, &error));
  ++it->called;
}

static void in_callbacks(shoal_node* node, shoal_feed* feed) {
  shoal_error error;
  calling it = {node, NULL, 0};
  shoal_producer_options options;
  memset(&options, 0, sizeof options);
  options.size = sizeof options;
  options.on_acked = on_acked;
  options.on_acked_user = &it;
  CHECK_OK(shoal_producer_open(feed, &options, &it.producer, &error));
  const shoal_record record = text_record("us", "x");
  CHECK_OK(shoal_producer_try_send(it.producer, &record, NULL, &error));
  CHECK_OK(shoal_producer_free(it.producer, &error));
  CHECK(it.called == 1);
}

static void bad_directories(void) {
  shoal_error error;
  shoal_node* node = NULL;
  char name[3000];
  shoal_node_options options;
  memset(&options, 0, sizeof options);
  options.size = sizeof options;
  BAD(shoal_node_open(&options, &node, &error));
  options.data_dir = "/proc/nowhere";
  options.offline = 1;
  CHECK_FAILS(shoal_node_open(&options, &node, &error), SHOAL_IO);
  /* A message that does not fit is cut between two characters. */
  strcpy(name, "/proc/");
  while (strlen(name) < 2500) strcat(name, "\xc3\xa4");
  options.data_dir = name;
  CHECK(shoal_node_open(&options, &node, &error) != SHOAL_OK);
  CHECK(strlen(error.message) < sizeof error.message);
  options.data_dir = test_path("data");
  options.private_network = 5;
  BAD(shoal_node_open(&options, &node, &error));
  BAD(shoal_node_open(&options, NULL, &error));
  CHECK(node == NULL);
}

int main(void) {
  shoal_error error;
  char* id = NULL;
  bad_directories();
  shoal_node* node = open_offline(test_path("data"));
  shoal_feed* feed = open_feed(node, "quakes");
  CHECK_OK(shoal_feed_id(feed, &id, &error));
  null_and_foreign(node, feed, id);
  structures(node, feed, id);
  freed(node, feed, id);
  two_threads(node, id);
  in_callbacks(node, feed);
  CHECK_OK(shoal_feed_free(feed, &error));
  BAD(shoal_feed_free(feed, &error));
  CHECK_OK(shoal_node_free(node, &error));
  BAD(shoal_node_free(node, &error));
  BAD(shoal_node_info(node, id, &id, &error));
  shoal_string_free(id);
  return 0;
}
