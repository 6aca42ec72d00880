/* A small publisher and reader in C, for tests of other languages against it.
 *
 *   c_program publish DIR NAME TOPIC     each line of stdin becomes a record; prints the feed's id
 *   c_program read DIR FEED_ID           prints "TOPIC OFFSET VALUE" for each record up to the newest head
 *   c_program sizes                      prints "STRUCTURE BYTES" for each structure of c.h */
#define _POSIX_C_SOURCE 200809L

#include "check.h"

static void publish(shoal_node* node, const char* name, const char* topic) {
  shoal_error error;
  char line[4096];
  char* id = NULL;
  shoal_producer* producer = NULL;
  shoal_feed* feed = open_feed(node, name);
  CHECK_OK(shoal_producer_open(feed, NULL, &producer, &error));
  while (fgets(line, sizeof line, stdin) != NULL) {
    line[strcspn(line, "\n")] = '\0';
    const shoal_record record = text_record(topic, line);
    CHECK_OK(shoal_producer_send(producer, &record, 10000, NULL, NULL, &error));
  }
  CHECK_OK(shoal_producer_flush(producer, 30000, NULL, &error));
  CHECK_OK(shoal_producer_free(producer, &error));
  CHECK_OK(shoal_feed_id(feed, &id, &error));
  puts(id);
  shoal_string_free(id);
  CHECK_OK(shoal_feed_free(feed, &error));
}

static void read_all(shoal_node* node, const char* id) {
  shoal_error error;
  shoal_subscription* subscription = NULL;
  shoal_poll_status status = SHOAL_POLL_TIMEOUT;
  shoal_subscribe_options options;
  memset(&options, 0, sizeof options);
  options.size = sizeof options;
  options.until_head = 1;
  CHECK_OK(shoal_subscription_open(node, id, &options, &subscription, &error));
  while (status != SHOAL_POLL_END) {
    shoal_records* records = NULL;
    const shoal_record_view* views = NULL;
    size_t count = 0;
    CHECK_OK(shoal_subscription_poll(subscription, NULL, 30000, NULL, &status, &records, &error));
    if (records == NULL) continue;
    CHECK_OK(shoal_records_view(records, &views, &count, &error));
    for (size_t i = 0; i < count; ++i) {
      printf("%s %lld %.*s\n", views[i].topic, (long long)views[i].offset, (int)views[i].value.size,
             (const char*)views[i].value.data);
    }
    CHECK_OK(shoal_records_free(records, &error));
  }
  CHECK_OK(shoal_subscription_free(subscription, &error));
}

static int print_sizes(void) {
#define SIZE(structure) printf("%s %zu\n", #structure, sizeof(structure))
  SIZE(shoal_error);
  SIZE(shoal_node_options);
  SIZE(shoal_feed_options);
  SIZE(shoal_producer_options);
  SIZE(shoal_header);
  SIZE(shoal_record);
  SIZE(shoal_record_view);
  SIZE(shoal_position);
  SIZE(shoal_subscribe_options);
  SIZE(shoal_poll_options);
  SIZE(shoal_head_report);
  SIZE(shoal_get_request);
  SIZE(shoal_mirror_options);
  SIZE(shoal_verified);
  SIZE(shoal_signed_head);
  SIZE(shoal_verified_fork);
#undef SIZE
  return 0;
}

int main(int argc, char** argv) {
  shoal_error error;
  if (argc == 2 && strcmp(argv[1], "sizes") == 0) return print_sizes();
  CHECK(argc >= 4);
  shoal_node* node = open_offline(argv[2]);
  if (strcmp(argv[1], "publish") == 0 && argc == 5) {
    publish(node, argv[3], argv[4]);
  } else {
    CHECK(strcmp(argv[1], "read") == 0 && argc == 4);
    read_all(node, argv[3]);
  }
  CHECK_OK(shoal_node_free(node, &error));
  return 0;
}
