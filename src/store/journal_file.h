#pragma once

#include <shoal/types.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace shoal::store {

/// The disk below a journal: one file of fixed size. The seam where tests let writes fail or tear.
class JournalFile {
 public:
  virtual ~JournalFile() = default;

  /// Fills `out` from byte `offset`; Code::corrupt when the file ends before.
  [[nodiscard]] virtual Result<void> read(std::uint64_t offset, std::span<std::uint8_t> out) const = 0;
  /// Code::no_space or Code::io; then any part of it may have been written.
  [[nodiscard]] virtual Result<void> write(std::uint64_t offset, ByteView bytes) = 0;
  /// Returns when every write before is on the disk (fdatasync).
  [[nodiscard]] virtual Result<void> sync() = 0;
  [[nodiscard]] virtual Result<std::uint64_t> size() const = 0;
};

/// Opens an existing file and locks it against other processes. Code::not_found, Code::in_use, Code::io.
[[nodiscard]] Result<std::unique_ptr<JournalFile>> open_journal_file(const std::string& path);

/// All bytes of an existing file, which is neither locked nor written. Code::not_found, Code::io.
[[nodiscard]] Result<Bytes> read_journal_file(const std::string& path);

/// Creates `path` with mode 0600 and the given content, all of it on the disk (name included) on return; a crash
/// before that leaves no file at `path`.
[[nodiscard]] Result<void> create_journal_file(const std::string& path, ByteView content);

}  // namespace shoal::store
