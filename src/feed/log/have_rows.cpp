#include "feed/log/have_rows.h"

#include "base/bytes.h"
#include "base/try.h"
#include "base/wire.h"

#include <algorithm>
#include <charconv>
#include <string>

namespace shoal::feed {
namespace {

constexpr std::uint8_t kRuns = 0;
constexpr std::uint8_t kBitmap = 1;
constexpr std::size_t kBitmapSize = kHaveChunk / 8;

std::string set_name(HaveSet which) { return std::string("have/") + static_cast<char>(which) + "/"; }

Bytes set_prefix(store::FeedNumber feed, HaveSet which) { return store::feed_property_key(feed, set_name(which)); }

Bytes chunk_key(store::FeedNumber feed, HaveSet which, std::uint64_t chunk) {
  return store::feed_property_key(feed, set_name(which) + std::to_string(chunk));
}

/// The chunk's part of `set`, positions counted from its start.
Bytes encode_chunk(const RangeSet& set, std::uint64_t begin) {
  const std::vector<BlockRange> runs = set.runs(begin, begin + kHaveChunk);
  base::WireWriter out;
  if (runs.size() * 4 <= kBitmapSize) {
    out.u8(kRuns);
    for (const BlockRange& run : runs) {
      out.u16(static_cast<std::uint16_t>(run.begin.value() - begin));
      out.u16(static_cast<std::uint16_t>(run.end.value() - begin));
    }
    return std::move(out).take();
  }
  Bytes bits(kBitmapSize);
  for (const BlockRange& run : runs) {
    for (std::uint64_t i = run.begin.value() - begin; i < run.end.value() - begin; ++i) {
      bits[i / 8] = static_cast<std::uint8_t>(bits[i / 8] | 1U << (i % 8));
    }
  }
  out.u8(kBitmap);
  out.bytes(bits);
  return std::move(out).take();
}

Result<void> decode_chunk(ByteView row, std::uint64_t begin, RangeSet& set) {
  base::WireReader in(row);
  if (in.u8() == kBitmap) {
    const ByteView bits = in.bytes(kBitmapSize);
    for (std::uint64_t i = 0; i < bits.size() * 8; ++i) {
      if ((std::uint32_t{bits[i / 8]} >> (i % 8) & 1U) != 0) set.add(begin + i);
    }
  } else {
    while (in.ok() && in.remaining() > 0) {
      const std::uint64_t from = in.u16();
      const std::uint64_t to = in.u16();
      if (from >= to || to > kHaveChunk) in.fail();
      if (in.ok()) set.add(begin + from, begin + to);
    }
  }
  if (!in.finished()) return Error{Code::corrupt, "a row of held blocks is malformed"};
  return {};
}

}  // namespace

void put_have_rows(store::WriteBatch& batch, store::FeedNumber feed, HaveSet which, const RangeSet& set,
                   const std::vector<std::uint64_t>& added) {
  for (std::size_t i = 0; i < added.size();) {
    const std::uint64_t begin = added[i] - added[i] % kHaveChunk;
    RangeSet chunk;
    for (const BlockRange& run : set.runs(begin, begin + kHaveChunk)) chunk.add(run);
    for (; i < added.size() && added[i] >= begin && added[i] < begin + kHaveChunk; ++i) chunk.add(added[i]);
    batch.put(store::Column::meta, chunk_key(feed, which, begin / kHaveChunk), encode_chunk(chunk, begin));
  }
}

void put_have_range(store::WriteBatch& batch, store::FeedNumber feed, HaveSet which, const RangeSet& set,
                    std::uint64_t begin, std::uint64_t end) {
  for (std::uint64_t at = begin - begin % kHaveChunk; at < end; at += kHaveChunk) {
    batch.put(store::Column::meta, chunk_key(feed, which, at / kHaveChunk), encode_chunk(set, at));
  }
}

Result<RangeSet> load_have_set(const store::KvStore& store, store::FeedNumber feed, HaveSet which) {
  RangeSet set;
  const Bytes prefix = set_prefix(feed, which);
  const auto rows = store.iterate(store::Column::meta);
  for (rows->seek(prefix); rows->valid(); rows->next()) {
    const ByteView key = rows->key();
    if (key.size() < prefix.size() || !std::equal(prefix.begin(), prefix.end(), key.begin())) break;
    const std::string_view digits = base::as_text(key.subspan(prefix.size()));
    std::uint64_t chunk = 0;
    const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), chunk);
    if (failure != std::errc{} || end != digits.data() + digits.size() || chunk > merkle::kMaxTreeSize / kHaveChunk) {
      return Error{Code::corrupt, "a row of held blocks has a malformed key"};
    }
    SHOAL_CHECK(decode_chunk(rows->value(), chunk * kHaveChunk, set));
  }
  SHOAL_CHECK(rows->status());
  return set;
}

}  // namespace shoal::feed
