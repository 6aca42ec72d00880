#include "feed/format/hash_list.h"

namespace shoal::feed {

using merkle::Digest;

void write_hashes(base::WireWriter& out, const std::vector<Digest>& hashes) {
  for (const Digest& hash : hashes) out.bytes(hash.bytes);
}

std::vector<Digest> read_hashes(base::WireReader& in, std::size_t count) {
  std::vector<Digest> out;
  if (in.remaining() < count * sizeof(Digest::bytes)) {
    in.fail();
    return out;
  }
  out.reserve(count);
  for (std::size_t i = 0; i < count; ++i) out.push_back(Digest{in.array<32>()});
  return out;
}

}  // namespace shoal::feed
