#pragma once

/** @file
 * libshoal_c: Shoalcast for C, and for every language that can call C. C99 and C++; link with `pkg-config shoal_c`.
 * docs/BINDINGS.md has a complete example.
 *
 * Errors. Every function gives SHOAL_OK or the reason as a code. `error`, always the last argument, may be NULL;
 * otherwise it belongs to the caller, is set by every call, and says in words what failed and what can be done. Results
 * go to out-parameters, which a failed call leaves alone. Nothing is thrown, and nothing is printed.
 *
 * Handles. A shoal_node* and its like are names, never to be looked into. Each comes from one function and is given
 * back by its _free, which takes NULL too. A handle that was freed, never existed, or is of another kind is answered
 * with SHOAL_INVALID_ARGUMENT, as NULL is. Handles may outlive their node and then answer SHOAL_CLOSED.
 *
 * Threads. All functions may be called from any thread. Subscriptions and mirrors serve one call at a time:
 * SHOAL_IN_USE for a second one. Freeing a handle that another thread is using is safe.
 *
 * Waiting. `timeout_ms` says how long a call may block: 0 not at all, below 0 without end. `stop` may be NULL, or ends
 * the call with SHOAL_CANCELLED when it is requested. What cannot be taken back (send, flush) says what happened then.
 *
 * Texts are UTF-8 and end with NUL. The library copies what it is given before a call returns. `char**` results are the
 * caller's: shoal_string_free(). Bytes that are given as views are valid as long as the shoal_records they came from.
 *
 * Structures. Set all bytes of an options structure to zero and its `size` to sizeof: every zero is the default. Later
 * versions add members at the end; a library that does not know a member that is set answers SHOAL_UNSUPPORTED.
 * NULL options are the defaults.
 *
 * Callbacks come on a thread of the node, under no lock. They must not throw, free handles, close a node or wait
 * (SHOAL_INVALID_ARGUMENT), and should be quick. None comes after the _free of what it belongs to. */

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Errors ---- */

/** The codes of <shoal/error.h>. More may follow: treat an unknown one as a failure. */
typedef enum shoal_code {
  SHOAL_OK = 0,
  SHOAL_INVALID_ARGUMENT = 1, /**< a value outside the documented range, or a handle that is none */
  SHOAL_NOT_FOUND = 2,        /**< a name, topic, offset or file that does not exist, or is proven absent */
  SHOAL_ALREADY_EXISTS = 3,
  SHOAL_UNVERIFIED = 4, /**< bytes from a peer or a foreign file do not prove against the signed head */
  SHOAL_CORRUPT = 5,    /**< our own disk holds bytes that contradict their hash */
  SHOAL_FORK = 6,       /**< the feed's owner signed two histories */
  SHOAL_PRUNED = 7,     /**< dropped by retention everywhere that was asked */
  SHOAL_TIMED_OUT = 8,
  SHOAL_UNAVAILABLE = 9, /**< nobody answered */
  SHOAL_CLOSED = 10,     /**< the node has ended */
  SHOAL_CANCELLED = 11,  /**< the stop was requested */
  SHOAL_IO = 12,         /**< the operating system refused */
  SHOAL_NO_SPACE = 13,
  SHOAL_LIMIT_EXCEEDED = 14, /**< input above a documented limit */
  SHOAL_UNSAFE_TO_SIGN = 15, /**< signing now could create a second history */
  SHOAL_IN_USE = 16,         /**< another process holds the directory, or another call the handle */
  SHOAL_BAD_KEY = 17,        /**< a key file or passphrase that cannot be used */
  SHOAL_UNSUPPORTED = 18,
  SHOAL_UNKNOWN_OUTCOME = 19, /**< a commit may or may not have happened; the feed must be opened again */
  SHOAL_CONTRADICTION = 20    /**< the feed's owner signed blocks or heads that contradict each other */
} shoal_code;

/** What failed. Longer texts are cut at a character's end. */
typedef struct shoal_error {
  shoal_code code;    /**< SHOAL_OK after a call that worked */
  char message[1024]; /**< for a person */
  char hint[512];     /**< what that person can do about it; may be empty */
} shoal_error;

/** The code's name, as "not_found"; "unknown" for a number that is none. Never NULL; lives for ever. */
const char* shoal_code_name(int code);
/** "0.1.0": of the library that is loaded. Lives for ever. */
const char* shoal_version(void);
/** Gives a `char**` result back. NULL is nothing. */
void shoal_string_free(char* text);

/* ---- Stops ---- */

/** Ends blocking calls. */
typedef struct shoal_stop shoal_stop;

/** Something that ends blocking calls, once and for all that were given it. SHOAL_IO without memory. */
shoal_code shoal_stop_new(shoal_stop** stop, shoal_error* error);
/** Any thread, also while calls wait; not from a signal handler. */
shoal_code shoal_stop_request(shoal_stop* stop, shoal_error* error);
/** Gives it back; calls that were given it no longer end by it. */
shoal_code shoal_stop_free(shoal_stop* stop, shoal_error* error);

/* ---- Nodes ---- */

/** An open data directory. */
typedef struct shoal_node shoal_node;

/** How much a line of the log matters. */
typedef enum shoal_log_level {
  SHOAL_LOG_DEBUG,   /**< what happens inside */
  SHOAL_LOG_INFO,    /**< what happened */
  SHOAL_LOG_WARNING, /**< what somebody should look at */
  SHOAL_LOG_ERROR    /**< what failed */
} shoal_log_level;

/** Each member as in NodeOptions of <shoal/node.h>. */
typedef struct shoal_node_options {
  size_t size;                  /**< sizeof this structure */
  const char* data_dir;         /**< required */
  const char* const* listen;    /**< `host:port`, port 0 = any; none: all addresses, a port kept in the directory */
  size_t listen_count;          /**< how many */
  const char* const* bootstrap; /**< DHT entry points; none: the public ones, unless private_network is 1 */
  size_t bootstrap_count;       /**< how many */
  const char* const* peers;     /**< dialled for every feed; `KEY@host:port` pins the node key */
  size_t peer_count;            /**< how many */
  const char* passphrase;       /**< of sealed key files; NULL: there is none */
  uint64_t up_limit;            /**< bytes a second; 0: none */
  uint64_t down_limit;          /**< bytes a second; 0: none */
  int private_network;          /**< 1: yes; -1: no; 0: chosen from listen and bootstrap */
  int offline;                  /**< not 0: no network at all */
  int no_attach; /**< not 0: SHOAL_IN_USE when another process has the directory, instead of working through it */
  int no_dht;    /**< not 0: without the DHT */
  int no_lsd;    /**< not 0: without the local network's peers */
  int no_upload; /**< not 0: serve nobody */
  void (*log)(void* user, shoal_log_level level, const char* text); /**< any thread */
  void* log_user;                                                   /**< given to log */
} shoal_node_options;

/** One data directory, its feeds and its place in the swarm. SHOAL_IN_USE when another process has the directory and
 * does not answer, SHOAL_INVALID_ARGUMENT without data_dir, SHOAL_IO, SHOAL_NO_SPACE, SHOAL_CORRUPT as the disk is. */
shoal_code shoal_node_open(const shoal_node_options* options, shoal_node** node, shoal_error* error);
/** Commits what producers took, ends sessions and gives the directory back; blocked calls end with SHOAL_CLOSED. The
 * handle stays until it is freed. Again: nothing. */
shoal_code shoal_node_close(shoal_node* node, shoal_error* error);
/** Closes and gives back. */
shoal_code shoal_node_free(shoal_node* node, shoal_error* error);
/** `host:port` it can be dialled at; empty when offline. */
shoal_code shoal_node_listening(shoal_node* node, char** address, shoal_error* error);
/** What is known of a feed, or who is connected for it: JSON, as `shoal info --json` and `shoal peers --json` print it.
 */
shoal_code shoal_node_info(shoal_node* node, const char* feed_id, char** json, shoal_error* error);
/** Who is connected for a feed, as `shoal peers --json` prints it. SHOAL_INVALID_ARGUMENT for a malformed id. */
shoal_code shoal_node_peers(shoal_node* node, const char* feed_id, char** json, shoal_error* error);
/** Forgets the feed: want, rows, disk. An own feed's key stays. SHOAL_IN_USE while it is produced to. */
shoal_code shoal_node_remove(shoal_node* node, const char* feed_id, shoal_error* error);

/* ---- Own feeds ---- */

/** An own feed: name and key are here. */
typedef struct shoal_feed shoal_feed;

/** How long one topic is kept. This structure never grows. */
typedef struct shoal_topic_keep {
  const char* topic; /**< its name */
  int64_t keep_ms;   /**< payloads older than this are dropped; 0: never */
} shoal_topic_keep;

/** How an own feed is opened. */
typedef struct shoal_feed_options {
  size_t size;            /**< sizeof this structure */
  const char* passphrase; /**< of this key file, instead of the node's */
  int create;             /**< not 0: make key and feed when the name is unknown */
  int in_memory;          /**< not 0: never touches the disk, gone with the node */
  int set_retention;      /**< not 0: keep what the members below say, from now on; 0: as it was, and they are zero */
  int64_t keep_ms;        /**< payloads older than this (append time) are dropped; 0: never */
  uint64_t max_bytes;     /**< payload bytes of this feed, the oldest go first; 0: no bound */
  const shoal_topic_keep* keep_topics; /**< instead of keep_ms, by topic */
  size_t keep_topic_count;             /**< how many */
} shoal_feed_options;

/** Opens the own feed `name`. SHOAL_NOT_FOUND when it is unknown and not to be made, SHOAL_BAD_KEY without the right
 * passphrase, SHOAL_UNSAFE_TO_SIGN when journal and store do not agree, SHOAL_INVALID_ARGUMENT for an age below zero.
 */
shoal_code shoal_feed_open(shoal_node* node, const char* name, const shoal_feed_options* options, shoal_feed** feed,
                           shoal_error* error);
/** 64 hex digits: what readers need to know. */
shoal_code shoal_feed_id(shoal_feed* feed, char** id, shoal_error* error);
/** Gives the handle back; producers of it stay. */
shoal_code shoal_feed_free(shoal_feed* feed, shoal_error* error);

/* ---- Records ---- */

/** data == NULL: null, as Kafka has it; data != NULL and size == 0: there, and empty. */
typedef struct shoal_bytes {
  const void* data; /**< or NULL */
  size_t size;      /**< sizeof this structure */
} shoal_bytes;

/** One header of a record. */
typedef struct shoal_header {
  shoal_bytes name;  /**< UTF-8; never null */
  shoal_bytes value; /**< null is Kafka's tombstone */
} shoal_header;

/** A verified record. This structure never grows. */
typedef struct shoal_record_view {
  const char* topic;           /**< its topic */
  int64_t offset;              /**< from 0, gapless */
  uint64_t block;              /**< which block of the feed holds it */
  int64_t time_ms;             /**< unix time */
  int64_t append_time_ms;      /**< the producer's clock when the block was signed */
  shoal_bytes key;             /**< null without one */
  shoal_bytes value;           /**< null is Kafka's tombstone */
  const shoal_header* headers; /**< in their order */
  size_t header_count;         /**< how many */
  int32_t partition;           /**< from 0 */
} shoal_record_view;

/** Records with all their bytes. */
typedef struct shoal_records shoal_records;

/** The records, in order: an array that lives, with all it points to, until shoal_records_free(). */
shoal_code shoal_records_view(shoal_records* records, const shoal_record_view** views, size_t* count,
                              shoal_error* error);
/** Gives records and views back. */
shoal_code shoal_records_free(shoal_records* records, shoal_error* error);

/* ---- Publishing ---- */

/** Appends records to one own feed. Any thread. */
typedef struct shoal_producer shoal_producer;

/** How record batches are compressed. */
typedef enum shoal_codec {
  SHOAL_CODEC_DEFAULT = 0, /**< zstd */
  SHOAL_CODEC_NONE = 1,
  SHOAL_CODEC_GZIP = 2,
  SHOAL_CODEC_SNAPPY = 3,
  SHOAL_CODEC_LZ4 = 4,
  SHOAL_CODEC_ZSTD = 5
} shoal_codec;

/** Consecutive records of one partition became acknowledged together. `topic` is valid during the call. */
typedef void (*shoal_acked)(void* user, const char* topic, int32_t partition, int64_t first, int64_t last);

/** How records are batched. */
typedef struct shoal_producer_options {
  size_t size;                   /**< sizeof this structure */
  int64_t linger_ms;             /**< longest wait of a batch's first record; 0: 100; below 0: none */
  size_t batch_bytes;            /**< uncompressed bytes that make a batch full; 0: 256 KiB */
  size_t max_buffered;           /**< bytes that may wait for the disk; 0: 32 MiB */
  int codec;                     /**< a shoal_codec */
  int acks_none;                 /**< not 0: do not ask for durability */
  shoal_acked on_acked;          /**< in offset order per partition; NULL: nobody listens */
  void* on_acked_user;           /**< given to on_acked */
  uint32_t acks_mirrors;         /**< 1 to 64: acknowledged is what so many distinct mirrors hold durably, too */
  const char* const* acks_named; /**< or each of these: names that `shoal key trust` gave to mirrors */
  size_t acks_named_count;       /**< how many; 0: none */
  int64_t max_time_ahead_ms;     /**< a record time further ahead of the clock is refused; 0: 1 h; below 0: none is */
} shoal_producer_options;

/** A record on its way into a feed. */
typedef struct shoal_record {
  size_t size;                 /**< sizeof this structure */
  const char* topic;           /**< NULL: "default" */
  shoal_bytes key;             /**< null without one */
  shoal_bytes value;           /**< null is Kafka's tombstone */
  const shoal_header* headers; /**< in their order */
  size_t header_count;         /**< how many */
  int64_t time_ms;             /**< looked at when has_time is not 0; otherwise it is now */
  int has_time;                /**< not 0: time_ms is meant */
  int has_partition;           /**< 0: by murmur2 of the key, sticky without a key, as Kafka does */
  int32_t partition;           /**< from 0 */
} shoal_record;

/** Where a record is in its topic. */
typedef struct shoal_position {
  int64_t offset;    /**< from 0, gapless */
  int32_t partition; /**< from 0 */
} shoal_position;

/** The one producer of a feed. SHOAL_IN_USE while there is another one. */
shoal_code shoal_producer_open(shoal_feed* feed, const shoal_producer_options* options, shoal_producer** producer,
                               shoal_error* error);
/** Takes the record and tells its position at once (`position` may be NULL); it is durable when it was acknowledged, or
 * after a flush. Waits only while the buffer is full: SHOAL_TIMED_OUT or SHOAL_CANCELLED then, and nothing was taken.
 * SHOAL_LIMIT_EXCEEDED for a record that no batch can hold, SHOAL_INVALID_ARGUMENT for an illegal topic, partition or
 * time. */
shoal_code shoal_producer_send(shoal_producer* producer, const shoal_record* record, int64_t timeout_ms,
                               shoal_stop* stop, shoal_position* position, shoal_error* error);
/** The same, never waits. */
shoal_code shoal_producer_try_send(shoal_producer* producer, const shoal_record* record, shoal_position* position,
                                   shoal_error* error);
/** Waits until every record sent before is acknowledged. SHOAL_TIMED_OUT, SHOAL_CANCELLED: they still will be. */
shoal_code shoal_producer_flush(shoal_producer* producer, int64_t timeout_ms, shoal_stop* stop, shoal_error* error);
/** Flushes, waiting at most 30 s, and gives back. Flush before to know whether it worked. */
shoal_code shoal_producer_free(shoal_producer* producer, shoal_error* error);

/* ---- Reading ---- */

/** Reads one feed. */
typedef struct shoal_subscription shoal_subscription;

/** Where reading begins. */
typedef enum shoal_start {
  SHOAL_START_BEGINNING = 0,
  SHOAL_START_END = 1,
  SHOAL_START_STORED = 2, /**< the position of `cursor` when it exists, else the beginning */
  SHOAL_START_TOKEN = 3,  /**< start_token */
  SHOAL_START_OFFSET = 4, /**< start_number, in every selected partition */
  SHOAL_START_LAST = 5,   /**< the last start_number records of every selected partition */
  SHOAL_START_TIME = 6    /* exactly the records with time >= start_number */
} shoal_start;

/** What is read, and from where. */
typedef struct shoal_subscribe_options {
  size_t size;               /**< sizeof this structure */
  const char* const* topics; /**< names or globs (`*`, `?`); none: all */
  size_t topic_count;        /**< how many */
  int start;                 /**< a shoal_start */
  int has_partition;         /**< 0: all partitions */
  int32_t partition;         /**< from 0 */
  int has_before;            /**< not 0: only records with time < before_ms */
  int64_t before_ms;         /**< unix time */
  int64_t start_number;      /**< what start asks for */
  const char* start_token;   /**< of SHOAL_START_TOKEN */
  const char* cursor;        /**< name of a durable position kept by the node; NULL: none */
  int64_t find_timeout_ms;   /**< how long until_head may ask the swarm; 0: 20000 */
  int until_head;            /**< not 0: read up to the newest head, then SHOAL_POLL_END */
  int sparse;                /**< not 0: fetch and keep only the wanted topics */
  int unordered;             /**< not 0: in order per partition only, instead of feed order */
} shoal_subscribe_options;

/** What a poll gave. */
typedef enum shoal_poll_status {
  SHOAL_POLL_RECORDS = 0, /**< at least one record */
  SHOAL_POLL_TIMEOUT = 1, /**< nothing came in time */
  SHOAL_POLL_END = 2      /**< until_head was reached */
} shoal_poll_status;

/** How much a poll gives at most. */
typedef struct shoal_poll_options {
  size_t size;        /**< sizeof this structure */
  size_t max_bytes;   /**< at least one record comes even when it is larger; 0: 1 MiB */
  size_t max_records; /**< 0: 10000 */
} shoal_poll_options;

/** How fresh and complete the answer to until_head is. This structure never grows. */
typedef struct shoal_head_report {
  int64_t head_time_ms; /**< when the owner signed the newest head seen; -1: none */
  uint64_t tree_size;   /**< of that head */
  int answered;         /**< a peer answered, or the feed is our own, or the node is offline by wish */
  int complete;         /**< everything wanted under that head was delivered */
} shoal_head_report;

/** Reads the feed with this id of 64 hex digits: verified records only. SHOAL_INVALID_ARGUMENT for a token that is
 * none. */
shoal_code shoal_subscription_open(shoal_node* node, const char* feed_id, const shoal_subscribe_options* options,
                                   shoal_subscription** subscription, shoal_error* error);
/** The next records. `*records` is set with SHOAL_POLL_RECORDS, and NULL otherwise. A requested stop answers
 * SHOAL_POLL_TIMEOUT. SHOAL_FORK when the owner forked and all before it was delivered, SHOAL_PRUNED when the position
 * is gone everywhere, SHOAL_CORRUPT when our disk is damaged. */
shoal_code shoal_subscription_poll(shoal_subscription* subscription, const shoal_poll_options* options,
                                   int64_t timeout_ms, shoal_stop* stop, shoal_poll_status* status,
                                   shoal_records** records, shoal_error* error);
/** A descriptor for poll(2), epoll or an event loop, owned by the subscription: readable when a poll may give something
 * other than SHOAL_POLL_TIMEOUT. Poll with timeout 0 until it answers that before waiting for it: nothing that comes in
 * between is missed. Neither read, write nor close it. */
shoal_code shoal_subscription_descriptor(shoal_subscription* subscription, int* descriptor, shoal_error* error);
/** From here on these topics are read, from the present position. None: all. */
shoal_code shoal_subscription_set_topics(shoal_subscription* subscription, const char* const* topics,
                                         size_t topic_count, shoal_error* error);
/** The position after the newest poll's last record: keep it in your own transaction, or commit it. */
shoal_code shoal_subscription_cursor(shoal_subscription* subscription, char** token, shoal_error* error);
/** The position right after record `index` of `records`, which must be the newest poll's (SHOAL_INVALID_ARGUMENT). */
shoal_code shoal_subscription_cursor_after(shoal_subscription* subscription, shoal_records* records, size_t index,
                                           char** token, shoal_error* error);
/** Makes `token` the durable position of shoal_subscribe_options.cursor, with a note of the application's own (NULL:
 * none). */
shoal_code shoal_subscription_commit(shoal_subscription* subscription, const char* token, const char* note,
                                     shoal_error* error);
/** The durable position and its note; both NULL when there is none. `note` may be NULL. */
shoal_code shoal_subscription_stored(shoal_subscription* subscription, char** token, char** note, shoal_error* error);
/** What is known now; it changes with polls. */
shoal_code shoal_subscription_head_report(shoal_subscription* subscription, shoal_head_report* report,
                                          shoal_error* error);
/** Gives the handle back. Records that it gave stay. */
shoal_code shoal_subscription_free(shoal_subscription* subscription, shoal_error* error);

/** One record or a range of one partition. */
typedef struct shoal_get_request {
  size_t size;         /**< sizeof this structure */
  const char* feed_id; /**< 64 hex digits */
  const char* topic;   /**< NULL: "default" */
  int64_t first;       /**< offset */
  int64_t last;        /**< included; looked at when has_last is not 0, otherwise only `first` is asked for */
  int has_last;        /**< not 0: last is meant */
  int32_t partition;   /**< from 0 */
} shoal_get_request;

/** One record or a range, from disk or straight from the swarm. SHOAL_NOT_FOUND when the first offset is proven absent.
 * A range gives at least its first record, and ends early where something cannot be had or at 64 MiB: ask again from
 * there. */
shoal_code shoal_node_get(shoal_node* node, const shoal_get_request* request, int64_t timeout_ms, shoal_stop* stop,
                          shoal_records** records, shoal_error* error);

/* ---- Proofs ---- */

/** Who vouches for a record. This structure never grows. */
typedef struct shoal_verified {
  char feed_id[65];     /**< of the feed whose key signed, 64 hex digits */
  uint32_t epoch;       /**< of the signed head */
  int64_t head_time_ms; /**< when it was signed, by the signer's clock */
  uint64_t tree_size;   /**< of the signed head */
} shoal_verified;

/** A proof of the record at `request->first`, as JSON text: whoever has it can check it without a node. As
 * shoal_node_get. */
shoal_code shoal_node_prove(shoal_node* node, const shoal_get_request* request, int64_t timeout_ms, shoal_stop* stop,
                            char** proof, shoal_error* error);
/** Checks a proof, needing no node, no directory and no network, and gives its one record. `feed_id` says who must have
 * signed; NULL: anybody, look at `verified`, which may be NULL. SHOAL_UNVERIFIED when anything does not hold,
 * SHOAL_INVALID_ARGUMENT for text that is no JSON, SHOAL_LIMIT_EXCEEDED above 12 MiB. */
shoal_code shoal_verify_proof(const void* proof, size_t size, const char* feed_id, shoal_verified* verified,
                              shoal_records** records, shoal_error* error);

/** A statement of a feed's owner. This structure never grows. */
typedef struct shoal_signed_head {
  uint64_t tree_size;   /**< blocks under it */
  int64_t time_ms;      /**< when it was signed, by the signer's clock */
  char root_hash[65];   /**< of the tree, hex */
  char topic_root[65];  /**< of the topic state, hex */
  uint32_t topic_count; /**< entries of the topic state, the manifest's included */
} shoal_signed_head;

/** Two statements of one key that cannot both be true. This structure never grows. */
typedef struct shoal_verified_fork {
  char feed_id[65];             /**< of the feed whose key signed both, 64 hex digits */
  uint32_t epoch;               /**< of both */
  uint64_t common_prefix_limit; /**< no block from here on is common; where below they part, the proof does not tell */
  shoal_signed_head shorter;    /**< no longer than the other */
  shoal_signed_head longer;     /**< its tree does not begin with the other's, or states another end of some topic */
} shoal_verified_fork;

/** Checks a fork proof, as a node keeps it in forks below its directory, needing no node, no directory and no network.
 * `feed_id` says whose it must be; NULL: anybody's. SHOAL_UNVERIFIED when it proves no fork, or another feed's. `fork`
 * may be NULL. */
shoal_code shoal_verify_fork(const void* proof, size_t size, const char* feed_id, shoal_verified_fork* fork,
                             shoal_error* error);

/* ---- Mirrors ---- */

/** A persistent want. */
typedef struct shoal_mirror shoal_mirror;

/** What of a feed is kept. */
typedef struct shoal_mirror_options {
  size_t size;               /**< sizeof this structure */
  const char* const* topics; /**< names or globs; none: everything */
  size_t topic_count;        /**< how many */
  int64_t keep_ms;           /**< payloads older than this are dropped; 0: never */
  uint64_t max_bytes;        /**< budget of the whole data directory; 0: none */
} shoal_mirror_options;

/** A persistent want: the node keeps and serves a verified copy. SHOAL_INVALID_ARGUMENT for an own feed. */
shoal_code shoal_mirror_open(shoal_node* node, const char* feed_id, const shoal_mirror_options* options,
                             shoal_mirror** mirror, shoal_error* error);
/** Waits until everything wanted of the newest announced head is held and durable, and gives that tree size (which may
 * be NULL). The next call waits for a newer one. SHOAL_TIMED_OUT, SHOAL_CANCELLED, SHOAL_FORK. */
shoal_code shoal_mirror_wait_synced(shoal_mirror* mirror, int64_t timeout_ms, shoal_stop* stop, uint64_t* tree_size,
                                    shoal_error* error);
/** Gives the handle back. */
shoal_code shoal_mirror_free(shoal_mirror* mirror, shoal_error* error);

#ifdef __cplusplus
}
#endif
