#pragma once

#include "store/write_buffer.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <shared_mutex>
#include <thread>

namespace shoal::store {

/// Takes batches that are Sync::deferred into memory and writes many of them as one, on a thread of its own. Other
/// writes go straight to the store, after what waits for the same feeds. Readers see every row at once.
///
/// A full disk (Code::no_space) refuses writes until what waits has been written; the thread tries again by itself.
/// After any other failure every write fails. What was taken stays readable in both cases.
class BufferedStore final : public KvStore {
 public:
  struct Limits {
    std::size_t payloads;           ///< payload bytes that are written together
    std::size_t rows;               ///< bytes of all rows but payloads that are
    std::chrono::milliseconds age;  ///< after which they are written anyway; 0: no thread, writers do it
    std::size_t run;                ///< payloads of fewer bytes in a row wait for their neighbours
    bool keeps;                     ///< nothing is written below: what is deferred stays in memory
  };
  /// Small enough for a writer that waits for its journal, large enough for a table.
  static constexpr Limits kOwnFeeds{std::size_t{1} << 20, std::size_t{1} << 20, std::chrono::milliseconds(500), 0};
  static constexpr Limits kMirrors{std::size_t{20} << 20, std::size_t{4} << 20, std::chrono::milliseconds(1000),
                                   std::size_t{4} << 20};
  static constexpr Limits kMemory{std::size_t{1} << 20, std::size_t{1} << 20, std::chrono::milliseconds(0), 0};
  /// Over a store that is open for reading only: what the journal has and the store has not is read from here.
  static constexpr Limits kReadOnly{SIZE_MAX, SIZE_MAX, std::chrono::milliseconds(0), 0, true};

  /// Between two attempts on a full disk.
  static constexpr std::chrono::milliseconds kRetry{1000};

  BufferedStore(std::unique_ptr<KvStore> inner, const Limits& limits);
  ~BufferedStore() override;

  [[nodiscard]] Result<std::optional<Bytes>> get(Column column, ByteView key) const override;
  [[nodiscard]] Result<bool> contains(Column column, ByteView key) const override;
  [[nodiscard]] Result<std::optional<KvRow>> first_at(Column column, ByteView key) const override;
  [[nodiscard]] std::unique_ptr<KvIterator> iterate(Column column) const override;
  [[nodiscard]] Result<void> write(const WriteBatch& batch, Sync sync) override;
  [[nodiscard]] Result<void> make_durable() override;
  [[nodiscard]] Result<void> check_writable() const override;
  [[nodiscard]] Result<void> drop_range(Column column, ByteView begin, ByteView end) override;
  [[nodiscard]] Result<void> compact(Column column, ByteView begin, ByteView end) override;
  [[nodiscard]] Result<void> reclaim(Column column, ByteView begin, ByteView end, const LiveRows& live) override;
  void limit_scratch(std::uint64_t bytes) override { inner_->limit_scratch(bytes); }
  [[nodiscard]] std::uint64_t waiting_bytes() const override;

 private:
  enum class Where : std::uint8_t { unknown, value, erased };
  struct Buffered {
    Where where = Where::unknown;  ///< unknown: the store below has its newest state
    SharedBytes value;
  };

  [[nodiscard]] Buffered buffered(Column column, ByteView key) const;
  [[nodiscard]] Result<void> defer(const WriteBatch& batch);
  [[nodiscard]] Result<void> write_through(const WriteBatch& batch, Sync sync);
  enum class Extent : std::uint8_t {
    all,   ///< what waits when this is called
    runs,  ///< but for payloads whose neighbours are still on their way
  };
  [[nodiscard]] Result<void> flush(Extent extent = Extent::all);
  /// Adds the rows that say which payloads stay behind; gives the feeds that have one.
  [[nodiscard]] std::set<FeedNumber> note_waiting(WriteBatch& batch, const PayloadRuns& waiting) const;
  [[nodiscard]] bool is_full() const;
  void run();

  std::unique_ptr<KvStore> inner_;
  const Limits limits_;
  std::mutex flushing_;              // one flush() at a time; taken before mutex_
  mutable std::shared_mutex mutex_;  // of what follows
  WriteBuffer active_;
  std::shared_ptr<const WriteBuffer> flushed_;    // is being written, or could not be
  std::chrono::steady_clock::time_point oldest_;  // of active_
  std::set<FeedNumber> noted_;                    // under flushing_: feeds that have a row of unwritten payloads
  std::optional<Error> failure_;
  bool stopping_ = false;
  std::condition_variable_any changed_;
  std::atomic<bool> anything_ = false;  // spares readers the lock when nothing waits
  std::thread thread_;                  // last: uses all of the above
};

}  // namespace shoal::store
