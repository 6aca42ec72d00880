#pragma once

#include "base/bytes.h"
#include "base/random.h"
#include "crypto/keys.h"
#include "feed/log/feed_log.h"
#include "feed/mirror/feed_mirror.h"
#include "feed/read/feed_reader.h"
#include "feed/write/feed_writer.h"
#include "record/record_batch.h"
#include "store/rocks_kv_store.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

/// Producers and mirrors in one process, on memory or on a disk directory: what the tests of logs stand on.
namespace shoal::feed::testing {

/// A directory that is gone with the object.
class ScratchDir {
 public:
  ScratchDir() {
    std::string name = (std::filesystem::temp_directory_path() / "shoal-feed-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~ScratchDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchDir(const ScratchDir&) = delete;
  ScratchDir& operator=(const ScratchDir&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

class HandClock final : public base::Clock {
 public:
  [[nodiscard]] UnixMs wall_now() const override { return now; }
  [[nodiscard]] base::MonoTime mono_now() const override { return base::MonoTime{now.value() * 1'000'000}; }
  UnixMs now{1'700'000'000'000};
};

inline crypto::KeyPair test_key(std::uint8_t seed = 7) {
  crypto::init();
  return crypto::KeyPair::from_seed(Bytes(32, seed)).value();
}

inline TopicPartition stream(std::string topic, std::int32_t partition = 0) {
  return {std::move(topic), Partition{partition}};
}

/// A batch of one record for each time; values tell topic and time.
inline PendingBatch batch_of(const TopicPartition& to, const std::vector<std::int64_t>& times,
                             std::size_t value_size = 16) {
  std::vector<record::Record> records;
  PendingBatch out{to, {}, static_cast<std::uint32_t>(times.size()), UnixMs{times.front()}, UnixMs{times.front()}};
  for (const std::int64_t time : times) {
    std::string value = to.topic + "@" + std::to_string(time);
    value.resize(std::max(value.size(), value_size), '.');
    records.push_back({UnixMs{time}, std::nullopt, Bytes(value.begin(), value.end()), {}});
    out.smallest_time = std::min(out.smallest_time, UnixMs{time});
    out.largest_time = std::max(out.largest_time, UnixMs{time});
  }
  out.batch = record::encode_batch(records, record::Codec::none).value();
  return out;
}

/// One producer: store, journal, log and writer. With an empty directory everything lives in memory.
struct Producer {
  explicit Producer(std::filesystem::path where = {}, std::uint8_t seed = 7)
      : directory(std::move(where)), key_seed(seed) {}

  /// Opens what is closed; the writer's error when it refuses.
  Result<void> open(const WriterOptions& options = {}) {
    if (!store) {
      const auto backing = directory.empty() ? store::Backing::memory : store::Backing::disk;
      auto opened = store::open_rocks_store(directory.empty() ? "own" : directory / "own", backing, sink);
      if (!opened) return opened.error();
      store = *std::move(opened);
    }
    if (!journal) {
      if (directory.empty()) {
        journal = store::make_memory_journal();
      } else {
        auto opened = store::open_file_journal((directory / "journal").string());
        if (!opened) return opened.error();
        journal = std::move(opened->journal);
      }
    }
    auto opened_log = FeedLog::open({store.get(), store.get()}, id());
    if (!opened_log) return opened_log.error();
    log = *std::move(opened_log);
    auto opened = FeedWriter::open(*log, *store, *journal, test_key(key_seed), clock, sink, options);
    if (!opened) return opened.error();
    writer = *std::move(opened);
    return {};
  }
  /// A clean stop of everything that lives on disk.
  void close() {
    writer.reset();
    log.reset();
    if (directory.empty()) return;
    journal.reset();
    store.reset();
  }
  [[nodiscard]] FeedId id() const { return FeedId{test_key(key_seed).public_key()}; }
  [[nodiscard]] FeedReader reader() const { return FeedReader(*log); }

  std::filesystem::path directory;
  std::uint8_t key_seed;
  HandClock clock;
  base::NullLogSink sink;
  std::unique_ptr<store::KvStore> store;
  std::unique_ptr<store::Journal> journal;
  std::unique_ptr<FeedLog> log;
  std::unique_ptr<FeedWriter> writer;
};

/// One mirror with its two stores.
struct Follower {
  explicit Follower(FeedId feed, std::filesystem::path where = {}) : id(feed), directory(std::move(where)) {}

  Result<void> open() {
    const bool memory = directory.empty();
    if (!heads) {
      auto opened = store::open_rocks_store(memory ? "heads" : directory / "heads",
                                            memory ? store::Backing::memory : store::Backing::disk, sink);
      if (!opened) return opened.error();
      heads = *std::move(opened);
    }
    if (!blocks) {
      auto opened = store::open_rocks_store(memory ? "blocks" : directory / "blocks",
                                            memory ? store::Backing::memory : store::Backing::disk, sink);
      if (!opened) return opened.error();
      blocks = *std::move(opened);
    }
    auto opened_log = FeedLog::open({heads.get(), blocks.get()}, id);
    if (!opened_log) return opened_log.error();
    log = *std::move(opened_log);
    auto opened = FeedMirror::open(*log, sink);
    if (!opened) return opened.error();
    mirror = *std::move(opened);
    return {};
  }
  void close() {
    mirror.reset();
    log.reset();
    if (directory.empty()) return;
    heads.reset();
    blocks.reset();
  }
  [[nodiscard]] FeedReader reader() const { return FeedReader(*log); }

  FeedId id;
  std::filesystem::path directory;
  base::NullLogSink sink;
  std::unique_ptr<store::KvStore> heads;
  std::unique_ptr<store::KvStore> blocks;
  std::unique_ptr<FeedLog> log;
  std::unique_ptr<FeedMirror> mirror;
};

/// Blocks of a reader as a peer sends them; owns the bytes.
struct Delivery {
  Checkpoint head;
  std::uint64_t base = 0;
  std::vector<std::uint64_t> indices;
  std::vector<Bytes> headers;
  std::vector<Bytes> payloads;
  std::vector<Digest> cover;
  bool with_payloads = true;

  [[nodiscard]] std::vector<IncomingBlock> blocks() const {
    std::vector<IncomingBlock> out;
    for (std::size_t i = 0; i < indices.size(); ++i) {
      out.push_back({BlockIndex{indices[i]}, headers[i], std::nullopt});
      if (with_payloads) out.back().payload = ByteView(payloads[i]);
    }
    return out;
  }
  Result<AcceptResult> to(FeedMirror& mirror) const { return mirror.accept(head, base, blocks(), cover); }
};

inline Delivery deliver(const FeedReader& from, const Checkpoint& head, std::uint64_t base,
                        std::vector<std::uint64_t> indices, bool with_payloads = true) {
  Delivery out{head, base, std::move(indices), {}, {}, {}, with_payloads};
  for (const std::uint64_t index : out.indices) {
    out.headers.push_back(from.header_bytes(BlockIndex{index}).value());
    out.payloads.push_back(from.payload(BlockIndex{index}).value());
  }
  out.cover = merkle::build_cover(from.tree(), base, head.tree_size, out.indices).value();
  return out;
}

inline std::vector<std::uint64_t> span(std::uint64_t begin, std::uint64_t end) {
  std::vector<std::uint64_t> out;
  for (; begin < end; ++begin) out.push_back(begin);
  return out;
}

/// Full replication in runs of `step` blocks.
inline Result<void> replicate(const FeedReader& from, Follower& to, std::uint64_t step = 64) {
  const Checkpoint head = from.head().value();
  for (std::uint64_t at = to.log->header_prefix(); at < head.tree_size; at = to.log->header_prefix()) {
    const auto done = deliver(from, head, at, span(at, std::min(at + step, head.tree_size))).to(*to.mirror);
    if (!done) return done.error();
  }
  return {};
}

}  // namespace shoal::feed::testing
