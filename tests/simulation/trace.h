#pragma once

#include <shoal/types.h>

/// One number for a whole run: two runs of one seed must give the same.
namespace shoal::simulation {

/// FNV-1a, 64 bits, over bytes and numbers in the order they are added. Not for secrets.
class Trace {
 public:
  void add(ByteView bytes) {
    for (const std::uint8_t byte : bytes) step(byte);
  }
  void add(std::uint64_t number) {
    for (int i = 0; i < 8; ++i) step(static_cast<std::uint8_t>(number >> (8 * i)));
  }
  [[nodiscard]] std::uint64_t value() const { return value_; }

 private:
  void step(std::uint8_t byte) { value_ = (value_ ^ byte) * 0x100000001b3ULL; }
  std::uint64_t value_ = 0xcbf29ce484222325ULL;
};

inline std::uint64_t hash_bytes(ByteView bytes) {
  Trace trace;
  trace.add(bytes);
  return trace.value();
}

}  // namespace shoal::simulation
