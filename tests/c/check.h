#pragma once

/* What the C tests share: checks that name their line, and a directory that is gone at the end. */

#include <shoal/c.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                      \
  do {                                                                        \
    if (!(condition)) {                                                       \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
      exit(1);                                                                \
    }                                                                         \
  } while (0)

/* The call works, or its error is told. `error` is the variable of that name. */
#define CHECK_OK(call) check_code(__FILE__, __LINE__, #call, (call), SHOAL_OK, &error)
/* The call fails with this code and says so in `error`, with words. */
#define CHECK_FAILS(call, code) check_code(__FILE__, __LINE__, #call, (call), (code), &error)

static inline void check_code(const char* file, int line, const char* call, shoal_code got, shoal_code wanted,
                              const shoal_error* error) {
  if (got == wanted && error->code == wanted && (error->message[0] != '\0') == (wanted != SHOAL_OK)) return;
  fprintf(stderr, "%s:%d: %s gave %s (%s, '%s', '%s'), expected %s\n", file, line, call, shoal_code_name(got),
          shoal_code_name((int)error->code), error->message, error->hint, shoal_code_name((int)wanted));
  exit(1);
}

static char test_directory[256];

static inline void remove_test_directory(void) {
  char command[300];
  snprintf(command, sizeof command, "rm -rf '%s'", test_directory);
  if (system(command) != 0) fprintf(stderr, "%s stays\n", test_directory);
}

/* A path below a fresh directory; valid until the next call. */
static inline const char* test_path(const char* name) {
  static char path[400];
  if (test_directory[0] == '\0') {
    const char* top = getenv("TMPDIR");
    snprintf(test_directory, sizeof test_directory, "%s/shoal-c-XXXXXX", top != NULL ? top : "/tmp");
    CHECK(mkdtemp(test_directory) != NULL);
    atexit(remove_test_directory);
  }
  snprintf(path, sizeof path, "%s/%s", test_directory, name);
  return path;
}

static inline shoal_node* open_offline(const char* path) {
  shoal_error error;
  shoal_node* node = NULL;
  shoal_node_options options;
  memset(&options, 0, sizeof options);
  options.size = sizeof options;
  options.data_dir = path;
  options.offline = 1;
  CHECK_OK(shoal_node_open(&options, &node, &error));
  return node;
}

static inline shoal_feed* open_feed(shoal_node* node, const char* name) {
  shoal_error error;
  shoal_feed* feed = NULL;
  shoal_feed_options options;
  memset(&options, 0, sizeof options);
  options.size = sizeof options;
  options.create = 1;
  CHECK_OK(shoal_feed_open(node, name, &options, &feed, &error));
  return feed;
}

static inline shoal_bytes text_bytes(const char* text) {
  shoal_bytes bytes;
  bytes.data = text;
  bytes.size = strlen(text);
  return bytes;
}

static inline shoal_record text_record(const char* topic, const char* value) {
  shoal_record record;
  memset(&record, 0, sizeof record);
  record.size = sizeof record;
  record.topic = topic;
  record.value = text_bytes(value);
  return record;
}

static inline int is_text(shoal_bytes bytes, const char* text) {
  return bytes.data != NULL && bytes.size == strlen(text) && memcmp(bytes.data, text, bytes.size) == 0;
}
