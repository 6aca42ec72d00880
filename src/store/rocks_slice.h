#pragma once

#include <shoal/types.h>

#include <string>

namespace rocksdb {
class Slice;
}

namespace shoal::store {

/// Bytes as RocksDB takes and gives them, not copied.
[[nodiscard]] rocksdb::Slice slice(ByteView bytes);
[[nodiscard]] ByteView view(const rocksdb::Slice& bytes);
[[nodiscard]] ByteView text_view(const std::string& bytes);

}  // namespace shoal::store
