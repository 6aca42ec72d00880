#include "base/bytes.h"

#include <shoal/types.h>

#include <algorithm>

namespace shoal {

std::string PublicKey::hex() const { return base::to_hex(bytes); }

Result<PublicKey> PublicKey::parse(std::string_view hex) {
  PublicKey key;
  auto raw = base::from_hex(hex);
  if (!raw || raw->size() != key.bytes.size()) {
    return Error{Code::invalid_argument, "a public key is 64 hexadecimal digits", ""};
  }
  std::copy(raw->begin(), raw->end(), key.bytes.begin());
  return key;
}

Result<FeedId> FeedId::parse(std::string_view hex) {
  auto key = PublicKey::parse(hex);
  if (!key) return Error{Code::invalid_argument, "a feed id is 64 hexadecimal digits", ""};
  return FeedId{*key};
}

}  // namespace shoal
