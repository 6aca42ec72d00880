#pragma once

#include <shoal/result.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

/// Where `pub` reads from.
namespace shoal::command {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Waits for at least one byte; 0 at the end. Code::cancelled when asked to stop, Code::io.
  [[nodiscard]] virtual Result<std::size_t> read(std::span<std::uint8_t> into) = 0;
};

/// A file, pipe or terminal. `stop_fd` (or -1) becomes readable when reading should end.
class FdSource final : public ByteSource {
 public:
  /// `-` is stdin. Code::not_found and Code::io.
  [[nodiscard]] static Result<FdSource> open(const std::string& path, int stop_fd);
  /// Bytes in the files together; nullopt unless each is a regular file.
  [[nodiscard]] static std::optional<std::uint64_t> size_of(const std::vector<std::string>& paths);
  /// The errors of open() without opening: a pipe that was opened and closed has lost its writer.
  [[nodiscard]] static Result<void> check(const std::string& path);
  FdSource(int fd, bool owned, int stop_fd) : fd_(fd), owned_(owned), stop_fd_(stop_fd) {}
  FdSource(FdSource&& other) noexcept;
  FdSource& operator=(FdSource&&) = delete;
  ~FdSource() override;

  [[nodiscard]] Result<std::size_t> read(std::span<std::uint8_t> into) override;
  /// Bytes that read() gave.
  [[nodiscard]] std::uint64_t taken() const { return taken_; }

 private:
  int fd_;
  bool owned_;
  int stop_fd_;
  std::uint64_t taken_ = 0;
};

}  // namespace shoal::command
