#include "bundle_files.h"

#include "base/bytes.h"
#include "base/try.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>

namespace shoal::command {
namespace {

constexpr std::size_t kChunk = std::size_t{1} << 20;

Error system_error(std::string_view doing, const std::filesystem::path& file) {
  const int number = errno;
  const Code code = number == ENOENT                       ? Code::not_found
                    : number == ENOSPC || number == EDQUOT ? Code::no_space
                                                           : Code::io;
  return Error{code, "cannot " + std::string(doing) + " " + file.string() + ": " + std::strerror(number)};
}

/// Makes renames in it durable.
Result<void> sync_directory(const std::filesystem::path& file) {
  const std::filesystem::path directory = file.has_parent_path() ? file.parent_path() : ".";
  const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return system_error("open", directory);
  const bool synced = ::fsync(descriptor) == 0;
  const Error failed = synced ? Error{} : system_error("sync", directory);
  ::close(descriptor);
  if (!synced) return failed;
  return {};
}

}  // namespace

BundleFilesWriter::~BundleFilesWriter() {
  for (const Draft& draft : drafts_) {
    if (draft.descriptor >= 0) ::close(draft.descriptor);
    if (!draft.name.empty()) ::unlink(draft.name.c_str());
  }
}

Result<void> BundleFilesWriter::begin_part() {
  targets_.push_back(feed::bundle_part(options_.file, options_.first_part + drafts_.size()));
  std::string name = targets_.back().string() + ".XXXXXX";
  const int descriptor = ::mkostemp(name.data(), O_CLOEXEC);
  if (descriptor < 0) return system_error("create a file beside", targets_.back());
  drafts_.push_back({descriptor, name});
  // mkostemp makes files for their owner only; a bundle holds nothing secret.
  if (::fchmod(descriptor, 0644) != 0) return system_error("write", name);
  if (drafts_.size() == 1 && options_.append) return copy_old();
  return {};
}

/// The old bytes are copied, or shared where the file system can: until the rename nothing of the old file changes.
Result<void> BundleFilesWriter::copy_old() {
  const int old = ::open(targets_.back().c_str(), O_RDONLY | O_CLOEXEC);
  if (old < 0) return system_error("open", targets_.back());
  const std::shared_ptr<const int> closer(&old, [](const int* descriptor) { ::close(*descriptor); });
  while (true) {
    const ssize_t copied = ::copy_file_range(old, nullptr, drafts_.back().descriptor, nullptr, kChunk * 64, 0);
    if (copied == 0) return {};
    if (copied > 0 || errno == EINTR) continue;
    if (errno != EXDEV && errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP) {
      return system_error("copy", targets_.back());
    }
    break;
  }
  Bytes chunk(kChunk);
  while (true) {
    const ssize_t got = ::read(old, chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error("read", targets_.back());
    if (got == 0) return {};
    SHOAL_CHECK(write(ByteView(chunk).first(static_cast<std::size_t>(got))));
  }
}

Result<void> BundleFilesWriter::write(ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(drafts_.back().descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_error("write", targets_.back());
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> BundleFilesWriter::take(ByteView bytes) {
  while (!bytes.empty()) {
    if (state_ == State::magic && held_.empty() && (drafts_.empty() || options_.split)) SHOAL_CHECK(begin_part());
    std::size_t wanted = 0;
    switch (state_) {
      case State::magic: wanted = feed::kBundleMagic.size() - held_.size(); break;
      case State::frame: wanted = feed::kFrameHeaderSize - held_.size(); break;
      case State::base:
      case State::body: wanted = passing_; break;
    }
    const ByteView part = bytes.first(std::min(wanted, bytes.size()));
    SHOAL_CHECK(write(part));
    bytes = bytes.subspan(part.size());
    if (state_ == State::body || state_ == State::base) passing_ -= part.size();
    if (state_ != State::body) base::append(held_, part);
    if (part.size() == wanted) SHOAL_CHECK(step());
  }
  return {};
}

Result<void> BundleFilesWriter::step() {
  if (state_ == State::frame) {
    SHOAL_TRY(const feed::FrameHeader frame, feed::decode_frame_header(held_));
    state_ = frame.type == feed::FrameType::base ? State::base : State::body;
    passing_ = frame.size;
    ends_ = frame.type == feed::FrameType::end;
    held_.clear();
    if (passing_ > 0) return {};
  }
  if (state_ == State::base && options_.before) {
    SHOAL_TRY(const merkle::RightEdge edge, feed::decode_base(held_));
    if (edge.size() != options_.before->tree_size || edge.root() != options_.before->root) {
      return Error{Code::unverified, "the bundle and the node hold different histories of the feed",
                   "keep both: shoal verify tells which of them is sound"};
    }
    options_.before.reset();  // what follows continues this growth
  }
  state_ = state_ == State::body && ends_ ? State::magic : State::frame;
  held_.clear();
  return {};
}

Result<void> BundleFilesWriter::commit() {
  for (std::size_t i = 0; i < drafts_.size(); ++i) {
    if (::fsync(drafts_[i].descriptor) != 0) return system_error("sync", targets_[i]);
  }
  // The last part first: the new parts count only once the first part is the new file.
  for (std::size_t i = drafts_.size(); i-- > 0;) {
    if (::rename(drafts_[i].name.c_str(), targets_[i].c_str()) != 0) return system_error("rename to", targets_[i]);
    drafts_[i].name.clear();
  }
  return sync_directory(options_.file);
}

feed::ByteSource bytes_of(std::vector<std::filesystem::path> files, std::function<void(std::uint64_t)> count) {
  struct Reading {
    std::vector<std::filesystem::path> files;
    std::size_t next = 0;
    std::ifstream input;
    std::uint64_t bytes = 0;
  };
  auto reading = std::make_shared<Reading>();
  reading->files = std::move(files);
  return [reading, count = std::move(count)]() -> Result<Bytes> {
    while (true) {
      if (reading->input.is_open()) {
        Bytes chunk(kChunk);
        reading->input.read(reinterpret_cast<char*>(chunk.data()), static_cast<std::streamsize>(chunk.size()));
        chunk.resize(static_cast<std::size_t>(reading->input.gcount()));
        if (reading->input.bad()) return Error{Code::io, "cannot read " + reading->files[reading->next - 1].string()};
        reading->bytes += chunk.size();
        if (count) count(reading->bytes);
        if (!chunk.empty()) return chunk;
        reading->input.close();
      }
      if (reading->next == reading->files.size()) return Bytes{};
      const std::filesystem::path& file = reading->files[reading->next++];
      reading->input = std::ifstream(file, std::ios::binary);
      if (!reading->input.is_open()) return system_error("open", file);
    }
  };
}

}  // namespace shoal::command
