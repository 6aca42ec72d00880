#include "doors/text/batch_frame.h"

#include "base/bytes.h"
#include "base/try.h"
#include "base/wire.h"

#include <utility>

namespace shoal::doors {
namespace {

constexpr std::size_t kSizeField = 4;
/// A frame has its kind at least.
constexpr std::size_t kMinFrame = 1;

enum Flag : std::uint8_t { kOrdered = 1, kFrom = 2, kBefore = 4 };

void begin_frame(FrameKind kind, std::size_t body_size, std::string& out) {
  base::WireWriter head(kSizeField + kMinFrame);
  head.u32(static_cast<std::uint32_t>(kMinFrame + body_size));
  head.u8(static_cast<std::uint8_t>(kind));
  out.append(base::as_text(head.view()));
}

void put_stream(const TopicPartition& stream, base::WireWriter& body) {
  body.u8(static_cast<std::uint8_t>(stream.topic.size()));
  body.bytes(base::as_bytes(stream.topic));
  body.u32(static_cast<std::uint32_t>(stream.partition.value()));
}

TopicPartition read_stream(base::WireReader& in) {
  TopicPartition stream;
  stream.topic = std::string(base::as_text(in.bytes(in.u8())));
  stream.partition = Partition(static_cast<std::int32_t>(in.u32()));
  return stream;
}

Bytes read_rest(base::WireReader& in) {
  const ByteView rest = in.bytes(in.remaining());
  return {rest.begin(), rest.end()};
}

Error malformed() { return {Code::invalid_argument, "a frame is cut short or holds an impossible number", ""}; }

}  // namespace

void append_line_frame(std::string_view line, std::string& out) {
  begin_frame(FrameKind::line, line.size(), out);
  out.append(line);
}

void append_batch_frame(const node::SelectedBatch& selected, std::string& out) {
  const node::StoredBatch& batch = selected.batch;
  base::WireWriter head(64 + batch.stream.topic.size() + selected.cursor.size());
  head.u64(batch.block.value());
  head.i64(batch.append_time.value());
  head.u8(static_cast<std::uint8_t>((selected.ordered ? kOrdered : 0) | (selected.from ? kFrom : 0) |
                                    (selected.before ? kBefore : 0)));
  head.i64(selected.first.value());
  head.i64(selected.from.value_or(UnixMs(0)).value());
  head.i64(selected.before.value_or(UnixMs(0)).value());
  put_stream(batch.stream, head);
  head.u32(static_cast<std::uint32_t>(selected.cursor.size()));
  head.bytes(base::as_bytes(selected.cursor));
  begin_frame(FrameKind::batch, head.size() + batch.bytes.size(), out);
  out.append(base::as_text(head.view())).append(base::as_text(batch.bytes));
}

void append_send_frame(const TopicPartition& stream, ByteView batch, std::string& out) {
  base::WireWriter head(8 + stream.topic.size());
  put_stream(stream, head);
  begin_frame(FrameKind::send, head.size() + batch.size(), out);
  out.append(base::as_text(head.view())).append(base::as_text(batch));
}

Result<node::SelectedBatch> read_batch_frame(std::string_view body) {
  base::WireReader in(base::as_bytes(body));
  node::SelectedBatch selected;
  selected.batch.block = BlockIndex(in.u64());
  selected.batch.append_time = UnixMs(in.i64());
  const std::uint8_t flags = in.u8();
  selected.ordered = (flags & kOrdered) != 0;
  selected.first = Offset(in.i64());
  const UnixMs from(in.i64());
  const UnixMs before(in.i64());
  if ((flags & kFrom) != 0) selected.from = from;
  if ((flags & kBefore) != 0) selected.before = before;
  selected.batch.stream = read_stream(in);
  selected.cursor = std::string(base::as_text(in.bytes(in.u32())));
  selected.batch.bytes = read_rest(in);
  const bool known_flags = (flags & ~(kOrdered | kFrom | kBefore)) == 0;
  if (!in.finished() || !known_flags || selected.batch.stream.partition.value() < 0) return malformed();
  return selected;
}

Result<SentBatch> read_send_frame(std::string_view body) {
  base::WireReader in(base::as_bytes(body));
  SentBatch sent;
  sent.stream = read_stream(in);
  sent.bytes = read_rest(in);
  if (!in.finished() || sent.stream.partition.value() < 0) return malformed();
  return sent;
}

std::string& FrameSplitter::buffer() {
  constexpr std::size_t kKept = std::size_t{1} << 20;
  bytes_.erase(0, std::exchange(begin_, 0));
  // A large frame's memory is not kept for the small ones after it.
  if (bytes_.empty() && bytes_.capacity() > kKept) bytes_.shrink_to_fit();
  return bytes_;
}

Result<std::optional<Frame>> FrameSplitter::next() {
  const std::string_view rest = std::string_view(bytes_).substr(begin_);
  if (rest.size() < kSizeField) return std::optional<Frame>();
  const std::size_t size = base::WireReader(base::as_bytes(rest)).u32();
  if (size > kMaxFrame) {
    return Error{Code::limit_exceeded, "a frame is above " + std::to_string(kMaxFrame) + " bytes", ""};
  }
  if (size < kMinFrame) return malformed();
  if (rest.size() - kSizeField < size) return std::optional<Frame>();
  const auto kind = static_cast<std::uint8_t>(rest[kSizeField]);
  if (kind < static_cast<std::uint8_t>(FrameKind::line) || kind > static_cast<std::uint8_t>(FrameKind::send)) {
    return Error{Code::invalid_argument, "a frame of the unknown kind " + std::to_string(kind), ""};
  }
  begin_ += kSizeField + size;
  return std::optional(Frame{static_cast<FrameKind>(kind), rest.substr(kSizeField + kMinFrame, size - kMinFrame)});
}

}  // namespace shoal::doors
