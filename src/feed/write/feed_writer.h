#pragma once

#include "base/clock.h"
#include "base/log_sink.h"
#include "crypto/keys.h"
#include "feed/log/feed_log.h"
#include "feed/write/writer_start.h"
#include "store/journal.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace shoal::feed {

/// One record batch of one partition, encoded (base offset and epoch are patched at commit).
struct PendingBatch {
  TopicPartition stream;
  Bytes batch;
  std::uint32_t record_count = 0;
  UnixMs smallest_time{0};
  UnixMs largest_time{0};
};

/// A block as it was committed, ready to be pushed to readers.
struct CommittedBlock {
  BlockIndex index{0};
  Bytes header;
  Bytes payload;
  TopicPartition stream;
  Offset base_offset{0};
  std::uint32_t record_count = 0;
};

struct CommitResult {
  Checkpoint head;
  std::vector<CommittedBlock> blocks;
};

/// The only code that signs with a feed's key. Confined to one thread (the node's writer thread). After
/// Code::unknown_outcome, or Code::no_space when a full disk was the cause, every call fails until the feed is opened
/// again.
class FeedWriter {
 public:
  /// Compares journal and store (RELIABILITY.md's start-up table), replays what a crash left in the journal, and
  /// refuses with Code::unsafe_to_sign where signing could make a second history; the hint says what to do. A feed
  /// without any head begins empty and unsigned.
  [[nodiscard]] static Result<std::unique_ptr<FeedWriter>> open(FeedLog& log, store::KvStore& store,
                                                                store::Journal& journal, crypto::KeyPair key,
                                                                const base::Clock& clock, base::LogSink& sink,
                                                                const WriterOptions& options = {});
  ~FeedWriter();

  /// Commits one group: build headers, hash, sign, verify, journal (one fdatasync). When it returns, the group is
  /// durable; the caller publishes and acknowledges. Batches keep their order. Fails as a whole, signing nothing, with
  /// Code::invalid_argument (illegal topic or partition, bad batch), Code::limit_exceeded or Code::no_space (a later
  /// call works once the disk has room).
  [[nodiscard]] Result<CommitResult> commit(std::vector<PendingBatch> group);
  /// Appends a manifest block.
  [[nodiscard]] Result<CommitResult> commit_manifest(const Manifest& manifest);
  /// Signs the same tree with the present time. Journalled and durable as a commit is.
  [[nodiscard]] Result<Checkpoint> heartbeat();

  /// From here on every call that signs fails with `why`.
  void stop(Error why);

  /// Next offset of a partition that exists or may be created (0 then).
  [[nodiscard]] Offset next_offset(const TopicPartition& stream) const;
  [[nodiscard]] std::uint32_t partitions(std::string_view topic) const;
  [[nodiscard]] const Checkpoint* head() const;

 private:
  struct Impl;
  explicit FeedWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace shoal::feed
