// Bundle files, from a file in memory and as a stream: both give the same frames, which are the file byte for byte.
#include "feed/bundle/bundle.h"
#include "feed/bundle/bundle_file.h"
#include "feed/bundle/bundle_stream.h"
#include "fuzz/fuzz.h"

#include <sys/mman.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

namespace shoal::feed {
namespace {

/// A file without a place on disk, named through /proc.
class MemoryFile {
 public:
  explicit MemoryFile(ByteView content) : descriptor_(::memfd_create("bundle", MFD_CLOEXEC)) {
    SHOAL_ASSERT(descriptor_ >= 0);
    SHOAL_ASSERT(::write(descriptor_, content.data(), content.size()) == static_cast<ssize_t>(content.size()));
  }
  ~MemoryFile() { ::close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  [[nodiscard]] std::filesystem::path path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

/// In pieces, so that fields lie across their ends.
ByteSource source_of(ByteView input) {
  return [input, at = std::size_t{0}]() mutable -> Result<Bytes> {
    const ByteView piece = input.subspan(at, std::min<std::size_t>(97, input.size() - at));
    at += piece.size();
    return Bytes(piece.begin(), piece.end());
  };
}

/// What the stream gives is what the file gives at its places, and the bytes whole.
void try_frames(const BundleFile& file, ByteView input) {
  const ByteSource source = source_of(input);
  FrameReader reader(source);
  FrameWalk walk(file);
  Bytes again;
  while (true) {
    const auto more = reader.next_bundle();
    if (!more.ok() || !*more) break;
    SHOAL_ASSERT(walk.next_bundle().value());
    base::append(again, base::as_bytes(kBundleMagic));
    for (bool ended = false; !ended;) {
      const auto type = reader.next();
      if (!type.ok()) return;
      const FramePlace place = walk.next().value();
      SHOAL_ASSERT(place.type == *type && fuzz::same(file.read(place.offset, place.size).value(), reader.body()));
      base::append(again, encode_frame_header(*type, reader.body().size()));
      base::append(again, reader.body());
      ended = *type == FrameType::end;
    }
  }
  SHOAL_ASSERT(fuzz::same(again, input.first(again.size())));
}

/// Whole bundles into the fold: nothing is proven that its end does not count.
void try_fold(ByteView input) {
  const ByteSource source = source_of(input);
  if (const auto import = BundleImport::open(source); import.ok()) {
    SHOAL_ASSERT(verify_checkpoint(import->feed(), import->head()).ok());
  }
}

}  // namespace
}  // namespace shoal::feed

std::vector<shoal::Bytes> shoal::fuzz::seeds() {
  const Bytes json = vector_file("golden_feed.json");
  const auto golden = nlohmann::json::parse(json.begin(), json.end());
  std::vector<Bytes> out;
  for (const char* name : {"bundle", "sparse_bundle", "growth_bundle"}) {
    out.push_back(base::from_hex(golden[name].get<std::string>()).value());
  }
  return out;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace shoal::feed;
  const shoal::ByteView input(data, size);
  try_fold(input);
  const MemoryFile file(input);
  const auto opened = BundleFile::open(file.path());
  if (!opened.ok()) return 0;
  try_frames(*opened, input);
  if (const auto bundles = inspect_bundles(file.path()); bundles.ok()) {
    for (const auto& one : *bundles) SHOAL_ASSERT(verify_checkpoint(one.feed, one.head).ok());
  }
  return 0;
}
