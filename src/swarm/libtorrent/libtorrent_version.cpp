#include "swarm/libtorrent/libtorrent_version.h"

#include <libtorrent/version.hpp>

namespace shoal::swarm {

LibraryVersions library_versions() { return {{"libtorrent", lt::version()}}; }

}  // namespace shoal::swarm
