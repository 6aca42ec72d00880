// The text of key files: one form only, so what parses is exactly what writing its parts gives.
#include "crypto/key_text.h"
#include "fuzz/fuzz.h"

namespace shoal::crypto {
namespace {

std::string written(const KeyText& key) {
  std::string out = "shoalcast secret key v1\npublic " + key.public_key.hex() + "\n";
  if (key.sealing) {
    out += "argon2id " + std::to_string(key.sealing->passes) + " " + std::to_string(key.sealing->memory_kib) + " " +
           base::to_hex(key.sealing->salt) + "\n";
  }
  return out + (key.sealing ? "sealed " : "seed ") + base::to_hex(key.seed.view()) + "\n";
}

}  // namespace
}  // namespace shoal::crypto

std::vector<shoal::Bytes> shoal::fuzz::seeds() {
  using namespace shoal::crypto;
  init();
  const auto key = KeyPair::from_seed(Bytes(32, 7)).value();
  const auto clear = write_key_text(key, std::nullopt).value();
  const std::string head(base::as_text(clear.view().first(clear.size() - 70)));
  const std::string sealed =
      head + "argon2id 3 65536 " + std::string(32, 'a') + "\nsealed " + std::string(96, 'b') + "\n";
  return {{clear.view().begin(), clear.view().end()}, text(sealed)};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace shoal::crypto;
  init();
  const shoal::ByteView input(data, size);
  const auto key = parse_key_text(input);
  if (!key.ok()) return 0;
  SHOAL_ASSERT(size <= kMaxKeyTextSize && written(*key) == shoal::base::as_text(input));
  const auto pair = open_key_text(*key, std::nullopt);
  SHOAL_ASSERT(!(key->sealing && pair.ok()));
  if (!pair.ok()) return 0;
  SHOAL_ASSERT(pair->public_key() == key->public_key);
  SHOAL_ASSERT(shoal::fuzz::same(write_key_text(*pair, std::nullopt)->view(), input));
  return 0;
}
