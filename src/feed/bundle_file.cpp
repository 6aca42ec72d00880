#include "feed/bundle_file.h"

#include "base/bytes.h"
#include "base/try.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>

namespace shoal::feed {
namespace {

Error system_error(std::string_view doing, const std::filesystem::path& file) {
  const int number = errno;
  const Code code = number == ENOENT                       ? Code::not_found
                    : number == ENOSPC || number == EDQUOT ? Code::no_space
                                                           : Code::io;
  return Error{code, "cannot " + std::string(doing) + " " + file.string() + ": " + std::strerror(number)};
}

/// Makes the rename itself durable.
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

BundleFileWriter::BundleFileWriter(int descriptor, std::filesystem::path target, std::filesystem::path temporary)
    : descriptor_(descriptor), target_(std::move(target)), temporary_(std::move(temporary)) {}

BundleFileWriter::BundleFileWriter(BundleFileWriter&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      target_(std::move(other.target_)),
      temporary_(std::exchange(other.temporary_, {})) {}

BundleFileWriter::~BundleFileWriter() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

Result<BundleFileWriter> BundleFileWriter::create(const std::filesystem::path& target) {
  std::string name = target.string() + ".XXXXXX";
  const int descriptor = ::mkostemp(name.data(), O_CLOEXEC);
  if (descriptor < 0) return system_error("create a file beside", target);
  BundleFileWriter writer(descriptor, target, name);
  // mkostemp makes files for their owner only; a bundle holds nothing secret.
  if (::fchmod(descriptor, 0644) != 0) return system_error("write", name);
  SHOAL_CHECK(writer.write(base::as_bytes(kBundleMagic)));
  return writer;
}

Result<void> BundleFileWriter::write(ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_error("write", temporary_);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> BundleFileWriter::add(FrameType type, ByteView body) { return write(encode_frame(type, body)); }

Result<void> BundleFileWriter::commit() {
  if (::fsync(descriptor_) != 0) return system_error("sync", temporary_);
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) return system_error("rename to", target_);
  temporary_.clear();
  return sync_directory(target_);
}

BundleFileReader::BundleFileReader(BundleFileReader&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      size_(other.size_),
      position_(other.position_),
      body_(std::move(other.body_)) {}

BundleFileReader::~BundleFileReader() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<BundleFileReader> BundleFileReader::open(const std::filesystem::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return system_error("open", file);
  struct stat status {};
  BundleFileReader reader(descriptor, 0);
  if (::fstat(descriptor, &status) != 0) return system_error("read", file);
  reader.size_ = S_ISREG(status.st_mode) ? static_cast<std::uint64_t>(status.st_size) : 0;
  std::array<std::uint8_t, kBundleMagic.size()> magic{};
  if (!reader.read_at(0, magic).ok() || base::as_text(magic) != kBundleMagic) {
    return Error{Code::unverified, file.string() + " is no bundle that this version reads"};
  }
  reader.position_ = magic.size();
  return reader;
}

Result<void> BundleFileReader::read_at(std::uint64_t offset, std::span<std::uint8_t> out) const {
  if (offset > size_ || size_ - offset < out.size()) return Error{Code::unverified, "bundle: cut short"};
  while (!out.empty()) {
    const ssize_t got = ::pread(descriptor_, out.data(), out.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Error{Code::io, std::string("cannot read the bundle: ") + std::strerror(errno)};
    if (got == 0) return Error{Code::unverified, "bundle: cut short"};
    out = out.subspan(static_cast<std::size_t>(got));
    offset += static_cast<std::uint64_t>(got);
  }
  return {};
}

Result<FrameType> BundleFileReader::next() {
  std::array<std::uint8_t, kFrameHeaderSize> head{};
  SHOAL_CHECK(read_at(position_, head));
  SHOAL_TRY(const FrameHeader frame, decode_frame_header(head));
  // Before anything is allocated for it.
  if (frame.size > size_ - position_ - kFrameHeaderSize) return Error{Code::unverified, "bundle: cut short"};
  body_.resize(frame.size);
  SHOAL_CHECK(read_at(position_ + kFrameHeaderSize, body_));
  position_ += kFrameHeaderSize + frame.size;
  return frame.type;
}

Result<BundleTotals> BundleFileReader::totals() const {
  std::array<std::uint8_t, kFrameHeaderSize + kTotalsSize> frame{};
  if (size_ < frame.size()) return Error{Code::unverified, "bundle: cut short"};
  SHOAL_CHECK(read_at(size_ - frame.size(), frame));
  const auto head = decode_frame_header(ByteView(frame).first(kFrameHeaderSize));
  if (!head.ok() || head->type != FrameType::end || head->size != kTotalsSize) {
    return Error{Code::unverified, "bundle: cut short"};
  }
  return decode_totals(ByteView(frame).subspan(kFrameHeaderSize));
}

}  // namespace shoal::feed
