#include "feed/bundle/bundle_file.h"

#include "base/bytes.h"
#include "base/try.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>
#include <utility>

namespace shoal::feed {
namespace {

Error bad(std::string_view what) { return Error{Code::unverified, "bundle: " + std::string(what)}; }

Error system_error(std::string_view doing, const std::filesystem::path& file) {
  const int number = errno;
  const Code code = number == ENOENT ? Code::not_found : Code::io;
  return Error{code, "cannot " + std::string(doing) + " " + file.string() + ": " + std::strerror(number)};
}

}  // namespace

BundleFile::BundleFile(BundleFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), size_(other.size_) {}

BundleFile::~BundleFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<BundleFile> BundleFile::open(const std::filesystem::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return system_error("open", file);
  BundleFile opened(descriptor, 0);
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return system_error("read", file);
  opened.size_ = S_ISREG(status.st_mode) ? static_cast<std::uint64_t>(status.st_size) : 0;
  std::array<std::uint8_t, kBundleMagic.size()> magic{};
  if (!opened.read(0, magic).ok() || base::as_text(magic) != kBundleMagic) {
    return Error{Code::unverified, file.string() + " is no bundle that this version reads"};
  }
  return opened;
}

Result<void> BundleFile::read(std::uint64_t offset, std::span<std::uint8_t> out) const {
  if (offset > size_ || size_ - offset < out.size()) return bad("cut short");
  while (!out.empty()) {
    const ssize_t got = ::pread(descriptor_, out.data(), out.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Error{Code::io, std::string("cannot read the bundle: ") + std::strerror(errno)};
    if (got == 0) return bad("cut short");
    out = out.subspan(static_cast<std::size_t>(got));
    offset += static_cast<std::uint64_t>(got);
  }
  return {};
}

Result<Bytes> BundleFile::read(std::uint64_t offset, std::size_t size) const {
  if (offset > size_ || size_ - offset < size) return bad("cut short");  // before anything is allocated for it
  Bytes out(size);
  SHOAL_CHECK(read(offset, std::span<std::uint8_t>(out)));
  return out;
}

Result<bool> FrameWalk::next_bundle() {
  if (position_ == file_->size()) return false;
  SHOAL_TRY(const Bytes magic, file_->read(position_, kBundleMagic.size()));
  if (base::as_text(magic) != kBundleMagic) return bad("no bundle that this version reads");
  position_ += magic.size();
  return true;
}

Result<FramePlace> FrameWalk::next() {
  std::array<std::uint8_t, kFrameHeaderSize> head{};
  SHOAL_CHECK(file_->read(position_, head));
  SHOAL_TRY(const FrameHeader frame, decode_frame_header(head));
  const FramePlace place{frame.type, position_ + kFrameHeaderSize, frame.size};
  if (frame.size > file_->size() - place.offset) return bad("cut short");
  position_ = place.offset + frame.size;
  return place;
}

Result<std::vector<BundleFacts>> inspect_bundles(const std::filesystem::path& file) {
  SHOAL_TRY(const BundleFile opened, BundleFile::open(file));
  FrameWalk walk(opened);
  std::vector<BundleFacts> bundles;
  while (true) {
    SHOAL_TRY(const bool more, walk.next_bundle());
    if (!more) return bundles;
    BundleFacts facts;
    SHOAL_TRY(const FramePlace note, walk.next());
    if (note.type != FrameType::note) return bad("does not begin with a note");
    SHOAL_TRY(const Bytes text, opened.read(note.offset, note.size));
    SHOAL_TRY(const ParsedNote parsed, parse_signed_note(base::as_text(text)));
    SHOAL_TRY(const FramePlace base, walk.next());
    if (base.type != FrameType::base) return bad("no base after its note");
    SHOAL_TRY(const Bytes edge, opened.read(base.offset, base.size));
    SHOAL_TRY(const merkle::RightEdge decoded, decode_base(edge));
    SHOAL_TRY(FramePlace place, walk.next());
    while (place.type != FrameType::end) {
      SHOAL_TRY(place, walk.next());
    }
    SHOAL_TRY(const Bytes end, opened.read(place.offset, place.size));
    SHOAL_TRY(facts.end, decode_end(end));
    facts.feed = parsed.feed;
    facts.head = parsed.head;
    facts.base = decoded.size();
    bundles.push_back(std::move(facts));
  }
}

std::filesystem::path bundle_part(const std::filesystem::path& file, std::size_t number) {
  if (number == 0) return file;
  std::string digits = std::to_string(number);
  if (digits.size() < 3) digits.insert(0, 3 - digits.size(), '0');
  return file.string() + "." + digits;
}

std::vector<std::filesystem::path> bundle_parts(const std::filesystem::path& file) {
  std::vector<std::filesystem::path> parts{file};
  std::error_code error;
  while (std::filesystem::is_regular_file(bundle_part(file, parts.size()), error)) {
    parts.push_back(bundle_part(file, parts.size()));
  }
  return parts;
}

}  // namespace shoal::feed
