// Record batches and compressed sections. The first byte chooses: a batch as it is, a batch whose length and checksum
// are made true first (what a hostile sender does), or a decompressor.
#include "fuzz/fuzz.h"
#include "record/batch_samples.h"

#include <sstream>

namespace shoal::record {
namespace {

constexpr std::uint8_t kPlain = 0;
constexpr std::uint8_t kResealed = 1;
constexpr std::uint8_t kFirstCodec = 2;
constexpr std::uint8_t kParsers = 6;
constexpr std::size_t kLimit = std::size_t{1} << 20;

/// One verdict from all three checks, and the same records after writing them again.
void try_batch(Bytes input) {
  const auto range = validate_batch(input);
  const bool inspected = inspect_batch(input).ok();
  const auto batch = DecodedBatch::decode(std::move(input));
  SHOAL_ASSERT(batch.ok() == range.ok());
  if (!batch.ok()) return;
  SHOAL_ASSERT(inspected && batch->info().record_count == batch->records().size());
  const std::vector<Record> records = copies(*batch);
  for (const Record& record : records) {
    SHOAL_ASSERT(range->smallest <= record.timestamp && record.timestamp <= range->largest);
  }
  const auto again = encode_batch(records, batch->info().codec);
  if (!again.ok()) {
    SHOAL_ASSERT(again.error().code == Code::limit_exceeded);
    return;
  }
  const auto reopened = DecodedBatch::decode(*again);
  SHOAL_ASSERT(reopened.ok() && copies(*reopened) == records);
}

void try_codec(Codec codec, ByteView input) {
  const auto plain = decompress(codec, input, kLimit);
  if (!plain.ok()) return;
  SHOAL_ASSERT(plain->size() <= kLimit);
  const auto packed = compress(codec, *plain);
  SHOAL_ASSERT(packed.ok());
  const auto again = decompress(codec, *packed, kLimit);
  SHOAL_ASSERT(again.ok() && *again == *plain);
}

/// Lines `codec hex`.
void add_codec_examples(std::vector<Bytes>& out) {
  const Bytes content = fuzz::vector_file("record_batch/worked_codecs.txt");
  std::istringstream lines{std::string(base::as_text(content))};
  for (std::string line; std::getline(lines, line);) {
    const std::size_t space = line.find(' ');
    const auto codec = parse_codec(line.substr(0, space));
    if (!codec.ok()) continue;
    out.push_back(fuzz::choose(static_cast<std::uint8_t>(kFirstCodec + static_cast<std::uint8_t>(*codec) - 1),
                               base::from_hex(line.substr(space + 1)).value()));
  }
}

}  // namespace
}  // namespace shoal::record

std::vector<shoal::Bytes> shoal::fuzz::seeds() {
  using namespace shoal::record;
  std::vector<Bytes> out;
  for (const char* name : {"kafka-python_lz4", "kafka-python_snappy", "kafkajs_gzip", "kafkajs_none", "librdkafka_none",
                           "librdkafka_zstd"}) {
    const Bytes batch = vector_file(std::string("record_batch/") + name + ".bin");
    out.push_back(choose(kPlain, batch));
    out.push_back(choose(kResealed, batch));
  }
  for (const Codec codec : kAllCodecs) out.push_back(choose(kResealed, encode_batch(mixed_records(6), codec).value()));
  add_codec_examples(out);
  return out;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace shoal::record;
  if (size == 0) return 0;
  const shoal::ByteView input(data + 1, size - 1);
  const std::uint8_t parser = data[0] % kParsers;
  if (parser >= kFirstCodec) {
    try_codec(static_cast<Codec>(parser - kFirstCodec + 1), input);
    return 0;
  }
  shoal::Bytes batch(input.begin(), input.end());
  if (parser == kResealed && batch.size() >= kBatchHeaderSize) reseal(batch);
  try_batch(std::move(batch));
  return 0;
}
