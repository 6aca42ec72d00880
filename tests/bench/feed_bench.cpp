// Writing, mirroring and reading a feed. Limits: one fdatasync a group on disk (BM_Fdatasync, the same directory), one
// Ed25519 signature and verification a group in memory, SHA-256 for payloads.
#include "feed/feed_world.h"

#include <benchmark/benchmark.h>
#include <fcntl.h>

namespace shoal::feed::testing {
namespace {

/// Batches of one record, to one partition each.
std::vector<PendingBatch> group(std::size_t batches, std::size_t value_size) {
  std::vector<PendingBatch> out;
  for (std::size_t i = 0; i < batches; ++i) {
    out.push_back(batch_of(stream("topic-" + std::to_string(i % 8)), {1'700'000'000'000}, value_size));
  }
  return out;
}

std::int64_t bytes_of(const std::vector<PendingBatch>& batches) {
  std::size_t sum = 0;
  for (const PendingBatch& batch : batches) sum += batch.batch.size();
  return static_cast<std::int64_t>(sum);
}

void commit(benchmark::State& state, Producer& producer) {
  if (!producer.open().ok()) return state.SkipWithError("cannot open the feed");
  const auto batches = group(static_cast<std::size_t>(state.range(0)), static_cast<std::size_t>(state.range(1)));
  for (auto _ : state) {
    if (!producer.writer->commit(batches).ok()) state.SkipWithError("not committed");
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.SetBytesProcessed(state.iterations() * bytes_of(batches));
}

void BM_CommitInMemory(benchmark::State& state) {
  Producer producer;
  commit(state, producer);
}
BENCHMARK(BM_CommitInMemory)->Args({1, 100})->Args({64, 1000});

void BM_CommitOnDisk(benchmark::State& state) {
  const ScratchDir directory;
  Producer producer(directory.path());
  commit(state, producer);
  producer.close();
}
// The last one is larger than the journal takes: it goes straight into the store.
BENCHMARK(BM_CommitOnDisk)->Args({1, 100})->Args({64, 1000})->Args({16, 100'000})->UseRealTime();

/// The floor under BM_CommitOnDisk: 4 KiB over a preallocated file, then fdatasync.
void BM_Fdatasync(benchmark::State& state) {
  const ScratchDir directory;
  const int file = ::open((directory.path() / "file").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  const Bytes page(4096, 7);
  bool good = file >= 0 && ::posix_fallocate(file, 0, 1 << 20) == 0;
  off_t at = 0;
  for (auto _ : state) {
    good = good && ::pwrite(file, page.data(), page.size(), at) == 4096 && ::fdatasync(file) == 0;
    at = (at + 4096) % (1 << 20);
  }
  if (!good) state.SkipWithError("cannot write");
  if (file >= 0) ::close(file);
}
BENCHMARK(BM_Fdatasync)->UseRealTime();

void BM_Sign(benchmark::State& state) {
  const crypto::KeyPair key = test_key();
  const Bytes note(250, 'n');
  for (auto _ : state) benchmark::DoNotOptimize(crypto::sign(key, note));
}
BENCHMARK(BM_Sign);

void BM_VerifySignature(benchmark::State& state) {
  const crypto::KeyPair key = test_key();
  const Bytes note(250, 'n');
  const crypto::Signature signature = crypto::sign(key, note);
  for (auto _ : state) {
    if (!crypto::verify(key.public_key(), note, signature)) state.SkipWithError("not verified");
  }
}
BENCHMARK(BM_VerifySignature);

/// Runs of 64 blocks into an empty mirror, in memory; a new mirror once it has them all.
void BM_MirrorAccept(benchmark::State& state) {
  constexpr std::uint64_t kBlocks = 1024;
  constexpr std::uint64_t kRun = 64;
  Producer producer;
  if (!producer.open().ok()) return state.SkipWithError("cannot open the feed");
  const auto batches = group(kRun, static_cast<std::size_t>(state.range(0)));
  for (std::uint64_t i = 0; i < kBlocks; i += kRun) {
    if (!producer.writer->commit(batches).ok()) return state.SkipWithError("not committed");
  }
  const FeedReader reader = producer.reader();
  const Checkpoint head = reader.head().value();
  std::vector<Delivery> runs;
  for (std::uint64_t at = 0; at < kBlocks; at += kRun) {
    runs.push_back(deliver(reader, head, at, span(at, at + kRun)));
  }
  std::unique_ptr<Follower> follower;
  std::size_t next = runs.size();
  for (auto _ : state) {
    if (next == runs.size()) {
      state.PauseTiming();
      follower = std::make_unique<Follower>(producer.id());
      if (!follower->open().ok()) state.SkipWithError("cannot open the mirror");
      next = 0;
      state.ResumeTiming();
    }
    if (!runs[next++].to(*follower->mirror).ok()) state.SkipWithError("not accepted");
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kRun));
  state.SetBytesProcessed(state.iterations() * bytes_of(batches));
}
BENCHMARK(BM_MirrorAccept)->Arg(100)->Arg(16'000);

void BM_ReadPayload(benchmark::State& state) {
  constexpr std::uint64_t kBlocks = 1024;
  Producer producer;
  if (!producer.open().ok()) return state.SkipWithError("cannot open the feed");
  const auto batches = group(kBlocks, static_cast<std::size_t>(state.range(0)));
  if (!producer.writer->commit(batches).ok()) return state.SkipWithError("not committed");
  const FeedReader reader = producer.reader();
  base::SeededRandom random(1);
  for (auto _ : state) benchmark::DoNotOptimize(reader.payload(BlockIndex{random.below(kBlocks)}).value());
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * bytes_of(batches) / static_cast<std::int64_t>(kBlocks));
}
BENCHMARK(BM_ReadPayload)->Arg(100)->Arg(16'000);

}  // namespace
}  // namespace shoal::feed::testing
