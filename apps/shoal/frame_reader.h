#pragma once

#include "byte_source.h"

#include <shoal/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>

/// Cuts a stream of bytes into records. Bytes are exact: a CR stays, an empty line is a record of zero bytes, the last
/// record may lack its separator.
namespace shoal::command {

enum class Framing : std::uint8_t {
  lines,  ///< LF ends a record
  nul,    ///< NUL ends a record
  len32,  ///< a 4-byte big-endian length stands before each record
  file,   ///< the whole input is one record
};

class FrameReader {
 public:
  /// Records longer than `max_record` bytes are refused; the buffer never holds much more than one record.
  FrameReader(ByteSource& source, Framing framing, std::size_t max_record)
      : source_(source), framing_(framing), max_record_(max_record) {}

  /// The next record, valid until the next call; nullopt at the end. Code::limit_exceeded for a record above the limit
  /// (it is skipped, the next call goes on behind it), Code::invalid_argument when the input ends inside a `len32`
  /// record (the next call says end), otherwise the source's errors.
  [[nodiscard]] Result<std::optional<ByteView>> next();

  /// Number of the record that next() last returned or refused, from 1.
  [[nodiscard]] std::uint64_t number() const { return number_; }

 private:
  [[nodiscard]] Result<std::optional<ByteView>> next_separated(std::uint8_t separator);
  [[nodiscard]] Result<std::optional<ByteView>> next_prefixed();
  [[nodiscard]] Result<std::optional<ByteView>> whole_input();
  /// Reads more bytes into the buffer; false at the end of the input.
  [[nodiscard]] Result<bool> fill();
  [[nodiscard]] std::size_t buffered() const { return end_ - begin_; }
  [[nodiscard]] ByteView take(std::size_t size);
  [[nodiscard]] Error too_long() const;

  ByteSource& source_;
  const Framing framing_;
  const std::size_t max_record_;
  Bytes buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool at_end_ = false;
  bool whole_done_ = false;
  std::uint64_t number_ = 0;
};

}  // namespace shoal::command
