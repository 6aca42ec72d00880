// Every parser of the feed's formats: the first byte chooses one. What decodes must encode to the same bytes.
#include "base/assert.h"
#include "base/bytes.h"
#include "feed/bundle_frame.h"
#include "feed/fork.h"

#include <algorithm>

namespace shoal::feed {
namespace {

bool same(const Bytes& a, ByteView b) { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }

void parse(std::uint8_t parser, ByteView input) {
  switch (parser) {
    case 0:
      if (const auto header = decode_header(input); header.ok()) SHOAL_ASSERT(same(encode_header(*header), input));
      break;
    case 1:
      if (const auto head = decode_checkpoint(input); head.ok()) SHOAL_ASSERT(same(encode_checkpoint(*head), input));
      break;
    case 2: (void)parse_signed_note(base::as_text(input)); break;
    case 3:
      if (const auto manifest = decode_manifest(input); manifest.ok()) {
        SHOAL_ASSERT(decode_manifest(base::as_bytes(encode_manifest(*manifest))).value() == *manifest);
      }
      break;
    case 4:
      if (const auto entry = decode_topic_entry(input); entry.ok())
        SHOAL_ASSERT(same(encode_topic_entry(*entry), input));
      break;
    case 5:
      if (const auto proof = decode_fork_proof(input); proof.ok()) {
        SHOAL_ASSERT(same(encode_fork_proof(*proof), input));
        (void)verify_fork_proof(*proof);
      }
      break;
    case 6:
      if (const auto run = decode_run(input); run.ok()) SHOAL_ASSERT(same(encode_run(*run), input));
      break;
    case 7:
      if (const auto entries = decode_topic_entries(input); entries.ok()) {
        SHOAL_ASSERT(same(encode_topic_entries(*entries), input));
      }
      break;
    default: break;
  }
}

}  // namespace
}  // namespace shoal::feed

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size != 0) shoal::feed::parse(data[0] % 8, shoal::ByteView(data + 1, size - 1));
  return 0;
}
