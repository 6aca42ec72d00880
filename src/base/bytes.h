#pragma once

#include <shoal/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace shoal::base {

/// Lower-case hex, two digits a byte.
std::string to_hex(ByteView bytes);
/// Accepts both cases; nullopt for an odd length or another character.
std::optional<Bytes> from_hex(std::string_view hex);

/// Standard base64 with padding (RFC 4648 section 4).
std::string to_base64(ByteView bytes);
/// Strict: padding required, no white space, unused bits zero.
std::optional<Bytes> from_base64(std::string_view text);

/// True when `text` is well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms).
bool is_utf8(ByteView text);

/// The same memory seen as bytes or as text; no copy.
inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

inline void append(Bytes& to, ByteView from) { to.insert(to.end(), from.begin(), from.end()); }

}  // namespace shoal::base
