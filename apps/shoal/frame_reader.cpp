#include "frame_reader.h"

#include "base/try.h"
#include "base/wire.h"

#include <algorithm>
#include <cstring>

namespace shoal::command {
namespace {

constexpr std::size_t kReadSize = std::size_t{256} << 10;

}  // namespace

Result<std::optional<ByteView>> FrameReader::next() {
  switch (framing_) {
    case Framing::lines: return next_separated('\n');
    case Framing::nul: return next_separated('\0');
    case Framing::len32: return next_prefixed();
    case Framing::file: return whole_input();
  }
  return std::optional<ByteView>();
}

Result<bool> FrameReader::fill() {
  if (at_end_) return false;
  if (begin_ > 0 && buffer_.size() - end_ < kReadSize) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, buffered());
    end_ -= begin_;
    begin_ = 0;
  }
  if (buffer_.size() - end_ < kReadSize) buffer_.resize(std::max(buffer_.size() * 2, end_ + kReadSize));
  SHOAL_TRY(const std::size_t got, source_.read(std::span(buffer_).subspan(end_)));
  end_ += got;
  at_end_ = got == 0;
  return !at_end_;
}

ByteView FrameReader::take(std::size_t size) {
  const ByteView taken(buffer_.data() + begin_, size);
  begin_ += size;
  return taken;
}

Error FrameReader::too_long() const {
  return Error{Code::limit_exceeded, "a record longer than " + std::to_string(max_record_) + " bytes", ""};
}

Result<std::optional<ByteView>> FrameReader::next_separated(std::uint8_t separator) {
  ++number_;
  std::size_t searched = 0;
  bool dropping = false;
  while (true) {
    const std::uint8_t* from = buffer_.data() + begin_ + searched;
    const void* found = buffered() == searched ? nullptr : std::memchr(from, separator, buffered() - searched);
    if (found != nullptr) {
      const std::size_t size = searched + static_cast<std::size_t>(static_cast<const std::uint8_t*>(found) - from);
      const ByteView record = take(size + 1).first(size);
      if (dropping || size > max_record_) return too_long();
      return std::optional(record);
    }
    searched = buffered();
    if (searched > max_record_) {
      begin_ = end_;
      searched = 0;
      dropping = true;
    }
    SHOAL_TRY(const bool more, fill());
    if (more) continue;
    if (dropping) return too_long();
    if (buffered() == 0) {
      --number_;
      return std::optional<ByteView>();
    }
    return std::optional(take(buffered()));
  }
}

Result<std::optional<ByteView>> FrameReader::next_prefixed() {
  while (buffered() < 4) {
    SHOAL_TRY(const bool more, fill());
    if (more) continue;
    if (buffered() == 0) return std::optional<ByteView>();
    begin_ = end_;
    ++number_;
    return Error{Code::invalid_argument, "the input ends inside a length prefix", ""};
  }
  ++number_;
  std::size_t left = base::WireReader(take(4)).u32();
  const bool dropping = left > max_record_;
  while (dropping ? left > 0 : buffered() < left) {
    if (dropping) {
      const std::size_t drop = std::min(left, buffered());
      begin_ += drop;
      left -= drop;
      if (left == 0) break;
    }
    SHOAL_TRY(const bool more, fill());
    if (more) continue;
    begin_ = end_;
    return Error{Code::invalid_argument, "the input ends inside a record", ""};
  }
  if (dropping) return too_long();
  return std::optional(take(left));
}

Result<std::optional<ByteView>> FrameReader::whole_input() {
  if (whole_done_) return std::optional<ByteView>();
  ++number_;
  whole_done_ = true;
  while (buffered() <= max_record_) {
    SHOAL_TRY(const bool more, fill());
    if (!more) return std::optional(take(buffered()));
  }
  begin_ = end_;
  at_end_ = true;
  return too_long();
}

}  // namespace shoal::command
