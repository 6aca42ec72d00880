// Storing blocks as a reader of a bulk transfer does: headers and payloads of a few blocks a batch, nothing synced
// until the end. The floor is a file that is written and synced once.
#include "base/log_sink.h"
#include "base/random.h"
#include "feed/feed_world.h"
#include "store/buffered_store.h"
#include "store/rocks_kv_store.h"

#include <benchmark/benchmark.h>
#include <fcntl.h>

#include <optional>

namespace shoal::store {
namespace {

constexpr std::size_t kTotal = std::size_t{512} << 20;
constexpr std::size_t kBlocksInBatch = 4;

/// Bytes that do not compress. Payloads are views into them, at changing places.
const Bytes& random_bytes() {
  static const Bytes bytes = [] {
    Bytes made((std::size_t{64} << 20) + (std::size_t{1} << 20));
    base::SeededRandom(1).fill(made);
    return made;
  }();
  return bytes;
}

ByteView payload(std::size_t i, std::size_t size) {
  return ByteView(random_bytes()).subspan(i * 65'521 % (std::size_t{64} << 20), size);
}

/// 512 MiB of payloads of the given size.
void BM_StoreBlocks(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  std::ignore = random_bytes();
  base::NullLogSink log;
  for (auto _ : state) {
    state.PauseTiming();
    std::optional<feed::testing::ScratchDir> directory(std::in_place);
    auto rocks = open_rocks_store(directory->path() / "store", Backing::disk, log);
    if (!rocks) return state.SkipWithError("cannot open the store");
    std::optional<BufferedStore> store(std::in_place, *std::move(rocks), BufferedStore::kMirrors);
    state.ResumeTiming();
    bool good = true;
    for (std::size_t i = 0; i < kTotal / size;) {
      WriteBatch batch;
      for (std::size_t end = i + kBlocksInBatch; i < end; ++i) {
        const Bytes key = block_key(FeedNumber{1}, BlockIndex{i});
        const ByteView value = payload(i, size);
        batch.put(Column::payloads, key, Bytes(value.begin(), value.end()));
        batch.put(Column::headers, key, Bytes(150, static_cast<std::uint8_t>(i)));
      }
      good = good && store->write(batch, Sync::deferred).ok();
    }
    good = good && store->make_durable().ok();
    if (!good) state.SkipWithError("not stored");
    state.PauseTiming();
    store.reset();
    directory.reset();
    state.ResumeTiming();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kTotal));
}
BENCHMARK(BM_StoreBlocks)
    ->Arg(64 << 10)
    ->Arg(4 << 10)
    ->MeasureProcessCPUTime()
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

/// The same bytes in one file.
void BM_WriteFile(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  std::ignore = random_bytes();
  for (auto _ : state) {
    state.PauseTiming();
    std::optional<feed::testing::ScratchDir> directory(std::in_place);
    const int file = ::open((directory->path() / "file").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    state.ResumeTiming();
    bool good = file >= 0;
    for (std::size_t i = 0; i < kTotal / size; ++i) {
      good = good && ::write(file, payload(i, size).data(), size) == static_cast<ssize_t>(size);
    }
    good = good && ::fdatasync(file) == 0;
    if (!good) state.SkipWithError("cannot write");
    state.PauseTiming();
    if (file >= 0) ::close(file);
    directory.reset();
    state.ResumeTiming();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kTotal));
}
BENCHMARK(BM_WriteFile)->Arg(64 << 10)->MeasureProcessCPUTime()->UseRealTime();

}  // namespace
}  // namespace shoal::store
