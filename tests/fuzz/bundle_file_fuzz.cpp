// Bundle files, read from a file in memory: the frames that were read are the file, byte for byte.
#include "feed/bundle.h"
#include "feed/bundle_file.h"
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

void try_frames(const std::filesystem::path& file, ByteView input) {
  auto reader = BundleFileReader::open(file);
  if (!reader.ok()) return;
  Bytes again = fuzz::text(kBundleMagic);
  while (!reader->at_end()) {
    const auto type = reader->next();
    if (!type.ok()) return;
    base::append(again, encode_frame(*type, reader->body()));
    SHOAL_ASSERT(reader->position() == again.size() && again.size() <= input.size());
    if (*type != FrameType::run) continue;
    if (const auto run = decode_run(reader->body()); run.ok()) {
      SHOAL_ASSERT(fuzz::same(encode_run(*run), reader->body()));
    }
  }
  SHOAL_ASSERT(fuzz::same(again, input));
}

}  // namespace
}  // namespace shoal::feed

std::vector<shoal::Bytes> shoal::fuzz::seeds() {
  const Bytes json = vector_file("golden_feed.json");
  const auto golden = nlohmann::json::parse(json.begin(), json.end());
  std::vector<Bytes> out;
  for (const char* name : {"bundle", "sparse_bundle"}) {
    out.push_back(base::from_hex(golden[name].get<std::string>()).value());
  }
  return out;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace shoal::feed;
  const shoal::ByteView input(data, size);
  const MemoryFile file(input);
  try_frames(file.path(), input);
  if (const auto summary = inspect_bundle(file.path()); summary.ok()) {
    SHOAL_ASSERT(verify_checkpoint(summary->feed, summary->head).ok());
  }
  return 0;
}
