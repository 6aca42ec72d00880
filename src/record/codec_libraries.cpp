#include "record/codec_libraries.h"

#include <lz4.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

namespace shoal::record {

LibraryVersions library_versions() {
  // Snappy tells its version to the compiler only.
  const std::string snappy =
      std::to_string(SNAPPY_MAJOR) + "." + std::to_string(SNAPPY_MINOR) + "." + std::to_string(SNAPPY_PATCHLEVEL);
  return {{"zstd", ZSTD_versionString()}, {"lz4", LZ4_versionString()}, {"snappy", snappy}, {"zlib", zlibVersion()}};
}

}  // namespace shoal::record
