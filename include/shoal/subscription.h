#pragma once

#include <shoal/records.h>
#include <shoal/wait.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace shoal {

namespace node {
class SubscriptionApi;
}

/// Where a subscription begins.
struct Start {
  /// Which of the functions below made it.
  enum class Kind : std::uint8_t { beginning, end, stored, token, offset, last, time };
  Kind kind = Kind::beginning;  ///< decides which of the others counts
  std::string token = {};       ///< of Kind::token
  std::int64_t number = 0;      ///< offset, number of last records, or unix ms

  static Start beginning() { return {}; }             ///< the first record that is still there
  static Start end() { return {.kind = Kind::end}; }  ///< only what comes from now on
  /// The durable cursor's position when it exists, else the beginning. Needs SubscribeOptions::cursor.
  static Start stored() { return {.kind = Kind::stored}; }
  /// Right after the record that a cursor token names.
  static Start resume(std::string token) { return {.kind = Kind::token, .token = std::move(token)}; }
  /// In every selected partition.
  static Start offset(Offset offset) { return {.kind = Kind::offset, .number = offset.value()}; }
  /// The last `count` records of every selected partition.
  static Start last(std::int64_t count) { return {.kind = Kind::last, .number = count}; }
  /// Exactly the records with time >= `time`, wherever they lie in the feed.
  static Start time(UnixMs time) { return {.kind = Kind::time, .number = time.value()}; }
};

/// What a subscription reads, from where, and what stays here of it.
struct SubscribeOptions {
  std::vector<std::string> topics = {};     ///< names or globs (`*`, `?`); empty: all
  std::optional<Partition> partition = {};  ///< nullopt: all
  Start start = Start::beginning();         ///< where to begin
  std::optional<UnixMs> before = {};        ///< only records with time < this; exact
  /// Ask the swarm for the newest head, read up to it, then answer Poll::Status::end. Also when nobody brought anything
  /// new for `find_timeout`: HeadReport::complete is false then.
  bool until_head = false;
  /// How long that question may take (CLI: --find-timeout).
  std::chrono::milliseconds find_timeout{20000};
  std::string cursor = {};  ///< name of a durable position kept by the node; empty: none
  bool sparse = false;      ///< fetch and keep only the wanted topics
  /// Payload bytes of the feed that stay here after they were delivered; the oldest are dropped. 0: all that was read
  /// stays. What a mirror of the feed keeps, stays too.
  std::uint64_t cache_bytes = 0;
  bool ordered = true;  ///< feed order among the selected topics; false: only per partition
};

/// How fresh the answer to `until_head` was.
struct HeadReport {
  bool answered = false;  ///< at least one peer answered, or the feed is our own, or the node is offline by wish
  std::optional<UnixMs> head_time = {};  ///< when the owner signed the newest head seen
  std::uint64_t tree_size = 0;           ///< blocks under that head
  bool complete = true;                  ///< everything wanted under that head was delivered
};

/// What one poll gave.
class Poll {
 public:
  /// Records came; nothing came in time; nothing more will come.
  enum class Status : std::uint8_t { records, timeout, end };

  Poll() = default;  ///< nothing came
  /// The library makes them: Subscription::poll().
  Poll(Status status, Records records, std::string cursor)
      : status_(status), records_(std::move(records)), cursor_(std::move(cursor)) {}

  [[nodiscard]] Status status() const { return status_; }  ///< records only with Status::records
  /// As long as this object; a copy of the Records lives on its own.
  [[nodiscard]] const Records& records() const { return records_; }
  /// Position after the last record of this poll: keep it in your own transaction, or commit() it.
  [[nodiscard]] const std::string& cursor() const { return cursor_; }

 private:
  Status status_ = Status::timeout;
  Records records_;
  std::string cursor_;
};

/// How much one poll gives, and how long it may take.
struct PollOptions {
  std::size_t max_bytes = std::size_t{1} << 20;  ///< at least one record comes even when it is larger
  std::size_t max_records = 10000;               ///< in one poll
  Wait wait = {};                                ///< for the first record
};

/// A durable position by name, with bytes of the application's own (a file length, a transaction id).
struct StoredCursor {
  std::string token;  ///< a cursor token; opaque
  std::string note;   ///< what commit() got
};

/// Reads verified records of one feed. Confined to one thread at a time; its copies are the same subscription. It may
/// outlive its node: once that is closed, every call answers Code::closed.
class Subscription {
 public:
  /// The library makes them: Node::subscribe().
  explicit Subscription(std::shared_ptr<node::SubscriptionApi> api);

  /// The next records, at most as asked. Poll::Status::timeout when nothing came until the wait's end or its stop;
  /// Poll::Status::end, each time, when SubscribeOptions::until_head was reached. Code::fork when the owner forked and
  /// all before it was delivered, Code::pruned when the position is gone everywhere, Code::corrupt when our disk is
  /// damaged, Code::closed after the node.
  [[nodiscard]] Result<Poll> poll(const PollOptions& options);
  /// Same, never waits: Poll::Status::timeout when nothing is there.
  [[nodiscard]] Result<Poll> try_poll(PollOptions options = {});
  /// A descriptor for poll(2), epoll or an event loop: readable (POLLIN) when a poll may give something other than
  /// Status::timeout: records, the end, an error, the node's closing. So: try_poll() until it answers `timeout`, then
  /// wait for the descriptor. What comes between the last poll and the wait makes it readable, too; at times it is
  /// readable and there is nothing. It stays the subscription's, and the same one, until the last copy of the handle
  /// ends: neither read, write nor close it. The first call makes it: Code::io when no descriptor is left,
  /// Code::closed after the node.
  [[nodiscard]] Result<int> descriptor();
  /// From here on these topics are read, from the present position. Names or globs; empty: all. Code::closed
  /// after the node.
  [[nodiscard]] Result<void> set_topics(std::vector<std::string> topics);
  /// Cursor token right after `record` (of the newest poll), for stopping in the middle of a poll.
  [[nodiscard]] std::string cursor_after(const RecordView& record) const;
  /// Makes `token` the durable position of SubscribeOptions::cursor: on disk when this returns. Code::invalid_argument
  /// without a cursor name or for a token that is none, Code::no_space or Code::io when the disk refuses.
  [[nodiscard]] Result<void> commit(const std::string& token, const std::string& note = {});
  /// What commit() last kept under this cursor's name, in this run or an earlier one; nullopt: nothing yet.
  /// Code::invalid_argument without a cursor name.
  [[nodiscard]] Result<std::optional<StoredCursor>> stored() const;
  /// How the question of SubscribeOptions::until_head went so far. Never waits, never fails.
  [[nodiscard]] HeadReport head_report() const;
  /// Milliseconds since the newest head's signed time; nullopt before a head is known.
  [[nodiscard]] std::optional<std::chrono::milliseconds> head_age() const;

 private:
  std::shared_ptr<node::SubscriptionApi> api_;
};

}  // namespace shoal
