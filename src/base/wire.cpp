#include "base/wire.h"

namespace shoal::base {

ByteView WireReader::bytes(std::size_t size) {
  if (failed_ || input_.size() - position_ < size) {
    failed_ = true;
    return {};
  }
  const ByteView out = input_.subspan(position_, size);
  position_ += size;
  return out;
}

std::uint64_t WireReader::number(std::size_t width) {
  std::uint64_t value = 0;
  for (std::uint8_t byte : bytes(width)) value = value << 8 | byte;
  return value;
}

void WireWriter::number(std::uint64_t value, std::size_t width) {
  for (std::size_t i = width; i-- > 0;) out_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

}  // namespace shoal::base
