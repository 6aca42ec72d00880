#include <shoal/c.h>

#include <stdio.h>
#include <string.h>

/* Says what failed; gives the exit code. */
static int failed(const shoal_error* error) {
  fprintf(stderr, "%s: %s\n", shoal_code_name(error->code), error->message);
  if (error->hint[0] != '\0') fprintf(stderr, "hint: %s\n", error->hint);
  return 1;
}

int main(int argc, char** argv) {
  shoal_error error;
  shoal_node* node = NULL;
  shoal_node_options options;
  memset(&options, 0, sizeof options);
  options.size = sizeof options;
  options.data_dir = argc > 1 ? argv[1] : "data";
  options.offline = 1;
  if (shoal_node_open(&options, &node, &error) != SHOAL_OK) return failed(&error);

  /* Publish: the position is known at once, the record is durable after the flush. */
  shoal_feed* feed = NULL;
  shoal_producer* producer = NULL;
  shoal_feed_options making;
  memset(&making, 0, sizeof making);
  making.size = sizeof making;
  making.create = 1;
  if (shoal_feed_open(node, "quakes", &making, &feed, &error) != SHOAL_OK) return failed(&error);
  if (shoal_producer_open(feed, NULL, &producer, &error) != SHOAL_OK) return failed(&error);
  const char* reports[] = {"M 4.1 Alaska", "M 2.7 Hawaii"};
  for (int i = 0; i < 2; ++i) {
    shoal_position position;
    shoal_record record;
    memset(&record, 0, sizeof record);
    record.size = sizeof record;
    record.topic = "us";
    record.value.data = reports[i];
    record.value.size = strlen(reports[i]);
    if (shoal_producer_send(producer, &record, 5000, NULL, &position, &error) != SHOAL_OK) return failed(&error);
  }
  if (shoal_producer_flush(producer, 30000, NULL, &error) != SHOAL_OK) return failed(&error);
  shoal_producer_free(producer, NULL);

  /* Read to the newest head. Views live as long as the records they came from. */
  char* id = NULL;
  shoal_subscription* subscription = NULL;
  shoal_poll_status status = SHOAL_POLL_TIMEOUT;
  shoal_subscribe_options reading;
  memset(&reading, 0, sizeof reading);
  reading.size = sizeof reading;
  reading.until_head = 1;
  if (shoal_feed_id(feed, &id, &error) != SHOAL_OK) return failed(&error);
  if (shoal_subscription_open(node, id, &reading, &subscription, &error) != SHOAL_OK) return failed(&error);
  while (status != SHOAL_POLL_END) {
    shoal_records* records = NULL;
    if (shoal_subscription_poll(subscription, NULL, 10000, NULL, &status, &records, &error) != SHOAL_OK) {
      return failed(&error);
    }
    if (status != SHOAL_POLL_RECORDS) continue;
    const shoal_record_view* views = NULL;
    size_t count = 0;
    shoal_records_view(records, &views, &count, NULL);
    for (size_t i = 0; i < count; ++i) {
      printf("%s/%d:%lld %.*s\n", views[i].topic, (int)views[i].partition, (long long)views[i].offset,
             (int)views[i].value.size, (const char*)views[i].value.data);
    }
    shoal_records_free(records, NULL);
  }
  shoal_string_free(id);
  shoal_subscription_free(subscription, NULL);
  shoal_feed_free(feed, NULL);
  shoal_node_free(node, NULL);
  return 0;
}
