#pragma once

#include <shoal/types.h>

#include <rocksdb/slice.h>

#include <cstdint>
#include <string>

namespace shoal::store {

/// Bytes as RocksDB takes and gives them, not copied.
inline rocksdb::Slice slice(ByteView bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
inline ByteView view(const rocksdb::Slice& bytes) {
  return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}
inline ByteView text_view(const std::string& bytes) {
  return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}

}  // namespace shoal::store
