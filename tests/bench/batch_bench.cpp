// Record batches of 100-byte records. Limits: memory bandwidth without a codec, the codec's own speed with one.
#include "base/random.h"
#include "record/record_batch.h"

#include <benchmark/benchmark.h>

namespace shoal::record {
namespace {

/// Half of each value is random, so that codecs have something to do.
std::vector<Record> records(std::size_t count) {
  base::SeededRandom random(1);
  std::vector<Record> out(count);
  for (Record& record : out) {
    record.timestamp = UnixMs{1'700'000'000'000};
    record.key = Bytes(12, 'k');
    record.value = Bytes(88, 'v');
    random.fill(std::span(*record.value).first(44));
  }
  return out;
}

Codec codec_of(const benchmark::State& state) { return static_cast<Codec>(state.range(1)); }

void BM_EncodeBatch(benchmark::State& state) {
  const auto input = records(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(encode_batch(input, codec_of(state)).value());
  state.SetLabel(std::string(codec_name(codec_of(state))));
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.SetBytesProcessed(state.iterations() * state.range(0) * 100);
}
BENCHMARK(BM_EncodeBatch)->Args({1, 0})->Args({1000, 0})->Args({1000, 3})->Args({1000, 4});

void BM_DecodeBatch(benchmark::State& state) {
  const Bytes batch = encode_batch(records(static_cast<std::size_t>(state.range(0))), codec_of(state)).value();
  for (auto _ : state) benchmark::DoNotOptimize(DecodedBatch::decode(batch).value());
  state.SetLabel(std::string(codec_name(codec_of(state))));
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.SetBytesProcessed(state.iterations() * state.range(0) * 100);
}
BENCHMARK(BM_DecodeBatch)->Args({1, 0})->Args({1000, 0})->Args({1000, 3})->Args({1000, 4});

void BM_ValidateBatch(benchmark::State& state) {
  const Bytes batch = encode_batch(records(1000), Codec::none).value();
  for (auto _ : state) benchmark::DoNotOptimize(validate_batch(batch).value());
  state.SetItemsProcessed(state.iterations() * 1000);
  state.SetBytesProcessed(state.iterations() * 1000 * 100);
}
BENCHMARK(BM_ValidateBatch);

}  // namespace
}  // namespace shoal::record
