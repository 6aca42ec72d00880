#pragma once

#include "feed/bundle/bundle_file.h"
#include "feed/bundle/bundle_stream.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

/// The files that `export` writes: complete or not at all.
namespace shoal::command {

/// Writes bundles to temporary files beside their targets; commit() syncs and renames them. So a crash or a full disk
/// leaves the old files. Without commit() the temporary files are removed. Used by one thread.
class BundleFilesWriter {
 public:
  struct Options {
    std::filesystem::path file;  ///< the first part
    std::size_t first_part = 0;  ///< number of the part that the first bundle goes into
    bool split = false;          ///< each bundle becomes a part of its own
    bool append = false;         ///< the first bundle is appended to part `first_part`
    std::optional<feed::Checkpoint>
        before;  ///< head of the bundle that is continued: the growth must begin with its tree
  };

  explicit BundleFilesWriter(Options options) : options_(std::move(options)) {}
  BundleFilesWriter(const BundleFilesWriter&) = delete;
  BundleFilesWriter& operator=(const BundleFilesWriter&) = delete;
  ~BundleFilesWriter();

  /// Code::no_space for a full disk, Code::not_found for a directory that is not there, Code::io; Code::unverified when
  /// the growth is of another history.
  [[nodiscard]] Result<void> take(ByteView bytes);
  [[nodiscard]] Result<void> commit();
  /// The files that were written, once committed.
  [[nodiscard]] const std::vector<std::filesystem::path>& files() const { return targets_; }

 private:
  struct Draft {
    int descriptor = -1;
    std::filesystem::path name;  ///< empty once renamed
  };

  [[nodiscard]] Result<void> begin_part();
  [[nodiscard]] Result<void> copy_old();
  [[nodiscard]] Result<void> write(ByteView bytes);
  /// The next bytes of the framing: what they are follows from `state_`.
  [[nodiscard]] Result<void> step();

  enum class State : std::uint8_t { magic, frame, base, body };

  Options options_;
  std::vector<Draft> drafts_;
  std::vector<std::filesystem::path> targets_;
  State state_ = State::magic;
  Bytes held_;                 // bytes of the magic, frame header or base that came so far
  std::uint64_t passing_ = 0;  // bytes of a body still to come
  bool ends_ = false;          // that body is a bundle's last frame
};

/// Reads files one after the other; `count` is called with the bytes read so far.
[[nodiscard]] feed::ByteSource bytes_of(std::vector<std::filesystem::path> files,
                                        std::function<void(std::uint64_t)> count);

}  // namespace shoal::command
