#include "store/rocks_version.h"

#include <rocksdb/version.h>

namespace shoal::store {

LibraryVersions library_versions() { return {{"RocksDB", rocksdb::GetRocksVersionAsString()}}; }

}  // namespace shoal::store
