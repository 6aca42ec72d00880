#include "topic/cursor.h"

#include "base/try.h"

#include <charconv>

namespace shoal::topic {
namespace {

Error malformed() {
  return {Code::invalid_argument, "malformed cursor token", "pass a token exactly as a reader gave it"};
}

/// Reads decimal numbers and separators from the front of a text; the first mismatch makes it fail for good.
class TokenReader {
 public:
  explicit TokenReader(std::string_view text) : text_(text) {}

  template <typename Integer>
  Integer number() {
    Integer value{};
    const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
    const auto used = static_cast<std::size_t>(end - text_.data());
    // from_chars takes forms that encode_cursor never writes: leading zeros and minus signs.
    const bool canonical = used == 1 || (used > 1 && text_[0] != '0' && text_[0] != '-');
    if (error != std::errc{} || !canonical) {
      failed_ = true;
      return {};
    }
    text_.remove_prefix(used);
    return value;
  }

  void expect(char c) {
    if (text_.empty() || text_.front() != c) {
      failed_ = true;
    } else {
      text_.remove_prefix(1);
    }
  }

  std::string_view until(char c) {
    const std::size_t end = text_.find(c);
    if (end == std::string_view::npos) {
      failed_ = true;
      return {};
    }
    const std::string_view out = text_.substr(0, end);
    text_.remove_prefix(end);
    return out;
  }

  Mark mark() {
    Mark mark;
    mark.block = BlockIndex(number<std::uint64_t>());
    expect(':');
    mark.record = number<std::uint32_t>();
    return mark;
  }

  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] bool at_end() const { return text_.empty(); }

 private:
  std::string_view text_;
  bool failed_ = false;
};

std::string mark_text(const Mark& mark) {
  return std::to_string(mark.block.value()) + ":" + std::to_string(mark.record);
}

}  // namespace

Mark Cursor::mark_of(const TopicPartition& stream) const {
  const auto found = ahead.find(stream);
  return found == ahead.end() || found->second < common ? common : found->second;
}

std::string encode_cursor(const Cursor& cursor) {
  std::string token = "1:" + std::to_string(cursor.epoch.value()) + ":" + mark_text(cursor.common);
  for (const auto& [stream, mark] : cursor.ahead) {
    if (mark <= cursor.common) continue;
    token += "," + stream.topic + "/" + std::to_string(stream.partition.value()) + "=" + mark_text(mark);
  }
  return token;
}

Result<Cursor> decode_cursor(std::string_view token) {
  TokenReader reader(token);
  Cursor cursor;
  if (reader.number<std::uint32_t>() != 1) return malformed();
  reader.expect(':');
  cursor.epoch = Epoch(reader.number<std::uint32_t>());
  reader.expect(':');
  cursor.common = reader.mark();
  while (!reader.failed() && !reader.at_end()) {
    reader.expect(',');
    TopicPartition stream;
    stream.topic = std::string(reader.until('/'));
    reader.expect('/');
    stream.partition = Partition(reader.number<std::int32_t>());
    reader.expect('=');
    const Mark mark = reader.mark();
    if (reader.failed() || stream.topic.empty()) return malformed();
    cursor.ahead[stream] = mark;
  }
  // One form only: ascending, no partition twice, none that is not ahead.
  if (reader.failed() || encode_cursor(cursor) != token) return malformed();
  return cursor;
}

}  // namespace shoal::topic
