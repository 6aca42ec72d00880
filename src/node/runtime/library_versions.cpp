#include "node/runtime/library_versions.h"

#include "crypto/crypto_libraries.h"
#include "record/codec_libraries.h"
#include "store/rocks_version.h"
#include "swarm/libtorrent/libtorrent_version.h"

namespace shoal::node {

LibraryVersions library_versions() {
  LibraryVersions all;
  for (const LibraryVersions& some :
       {swarm::library_versions(), store::library_versions(), crypto::library_versions(), record::library_versions()}) {
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

}  // namespace shoal::node
