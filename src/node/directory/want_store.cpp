#include "node/directory/want_store.h"

#include "base/bytes.h"
#include "base/try.h"
#include "base/wire.h"

namespace shoal::node {
namespace {

constexpr std::string_view kWant = "want";
constexpr std::string_view kRetention = "retention";
constexpr std::uint8_t kVersion = 1;

Error malformed(std::string_view what) {
  return Error{Code::corrupt, "the stored " + std::string(what) + " of a feed is malformed",
               "give it again: shoal mirror for a mirror, shoal init for an own feed"};
}

void put_text(base::WireWriter& out, const std::string& text) {
  out.u16(static_cast<std::uint16_t>(text.size()));
  out.bytes(base::as_bytes(text));
}

std::string get_text(base::WireReader& in) { return std::string(base::as_text(in.bytes(in.u16()))); }

std::chrono::milliseconds get_duration(base::WireReader& in) {
  const std::int64_t value = in.i64();
  if (value < 0) in.fail();
  return std::chrono::milliseconds(value);
}

}  // namespace

Bytes encode_want(const MirrorOptions& want) {
  base::WireWriter out;
  out.u8(kVersion);
  out.i64(want.keep.count());
  out.u64(want.max_bytes);
  out.u16(static_cast<std::uint16_t>(want.topics.size()));
  for (const std::string& topic : want.topics) put_text(out, topic);
  return std::move(out).take();
}

Result<MirrorOptions> decode_want(ByteView row) {
  base::WireReader in(row);
  MirrorOptions want;
  if (in.u8() != kVersion) return malformed("want");
  want.keep = get_duration(in);
  want.max_bytes = in.u64();
  const std::uint16_t topics = in.u16();
  for (std::uint16_t i = 0; i < topics && in.ok(); ++i) want.topics.push_back(get_text(in));
  if (!in.finished()) return malformed("want");
  return want;
}

Bytes encode_retention(const Retention& retention) {
  base::WireWriter out;
  out.u8(kVersion);
  out.i64(retention.keep.count());
  out.u64(retention.max_bytes);
  out.u16(static_cast<std::uint16_t>(retention.keep_topics.size()));
  for (const auto& [topic, keep] : retention.keep_topics) {
    put_text(out, topic);
    out.i64(keep.count());
  }
  return std::move(out).take();
}

Result<Retention> decode_retention(ByteView row) {
  base::WireReader in(row);
  Retention retention;
  if (in.u8() != kVersion) return malformed("retention");
  retention.keep = get_duration(in);
  retention.max_bytes = in.u64();
  const std::uint16_t topics = in.u16();
  for (std::uint16_t i = 0; i < topics && in.ok(); ++i) {
    const std::string topic = get_text(in);
    retention.keep_topics[topic] = get_duration(in);
  }
  if (!in.finished() || retention.keep_topics.size() != topics) return malformed("retention");
  return retention;
}

Result<std::optional<MirrorOptions>> load_want(const feed::FeedLog& log) {
  SHOAL_TRY(const auto row, log.property(kWant));
  if (!row) return std::optional<MirrorOptions>{};
  SHOAL_TRY(MirrorOptions want, decode_want(*row));
  return std::optional<MirrorOptions>{std::move(want)};
}

Result<void> save_want(feed::FeedLog& log, const MirrorOptions& want) {
  if (want.topics.size() > UINT16_MAX) return Error{Code::limit_exceeded, "a mirror takes 65,535 topics at most", ""};
  SHOAL_CHECK(log.set_property(kWant, encode_want(want)));
  return log.make_durable();
}

Result<std::optional<Retention>> load_retention(const feed::FeedLog& log) {
  SHOAL_TRY(const auto row, log.property(kRetention));
  if (!row) return std::optional<Retention>{};
  SHOAL_TRY(Retention retention, decode_retention(*row));
  return std::optional<Retention>{std::move(retention)};
}

Result<void> save_retention(feed::FeedLog& log, const Retention& retention) {
  if (retention.keep_topics.size() > UINT16_MAX) {
    return Error{Code::limit_exceeded, "a retention takes 65,535 topics at most", ""};
  }
  SHOAL_CHECK(log.set_property(
      kRetention, retention == Retention{} ? std::nullopt : std::optional<Bytes>(encode_retention(retention))));
  return log.make_durable();
}

}  // namespace shoal::node
