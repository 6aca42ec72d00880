// What a session does for each message. Limits: ChaCha20-Poly1305 of the machine for sealing, memory bandwidth for
// messages.
#include "replication/session/session.h"
#include "replication/wire/message.h"

#include <benchmark/benchmark.h>

namespace shoal::replication {
namespace {

void BM_SealAndOpen(benchmark::State& state) {
  crypto::init();
  Session dialler(Role::dialler, crypto::ExchangeKeyPair::generate());
  Session listener(Role::listener, crypto::ExchangeKeyPair::generate());
  if (!dialler.on_hello(listener.hello()).ok() || !listener.on_hello(dialler.hello()).ok()) return;
  const Bytes plain(static_cast<std::size_t>(state.range(0)), 7);
  Bytes record;
  Bytes opened;
  for (auto _ : state) {
    record.clear();
    opened.clear();
    dialler.seal(plain, record);
    if (!listener.open(record, opened).ok()) state.SkipWithError("not opened");
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_SealAndOpen)->Arg(200)->Arg(60 << 10);

/// A run as a reader of live data gets it.
Message data_message(std::size_t blocks, std::size_t payload_size) {
  Data data;
  data.want = 11;
  data.tree_size = 1000;
  for (std::size_t i = 0; i < blocks; ++i) {
    data.blocks.push_back({BlockIndex{i}, Bytes(110, 1), PayloadForm::with_block, Bytes(payload_size, 2)});
  }
  data.cover.resize(10);
  return Message{.channel = 1, .body = std::move(data)};
}

void BM_EncodeMessage(benchmark::State& state) {
  const Message message = data_message(static_cast<std::size_t>(state.range(0)), 200);
  Bytes out;
  for (auto _ : state) {
    out.clear();
    encode_message(message, out);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(out.size()));
}
BENCHMARK(BM_EncodeMessage)->Arg(1)->Arg(128);

void BM_DecodeMessage(benchmark::State& state) {
  Bytes bytes;
  encode_message(data_message(static_cast<std::size_t>(state.range(0)), 200), bytes);
  for (auto _ : state) benchmark::DoNotOptimize(decode_message(bytes).value());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
}
BENCHMARK(BM_DecodeMessage)->Arg(1)->Arg(128);

}  // namespace
}  // namespace shoal::replication
