#include "node/directory/storage.h"

#include "base/try.h"
#include "crypto/key_file.h"
#include "feed/format/directory_marker.h"
#include "store/buffered_store.h"
#include "store/rocks_kv_store.h"

namespace shoal::node {
Result<crypto::KeyPair> load_node_key(const std::filesystem::path& file) {
  if (std::error_code unreadable; !std::filesystem::exists(file, unreadable) && !unreadable) {
    const auto made = crypto::write_key_file(file, crypto::KeyPair::generate(), std::nullopt);
    // Another process may have been as quick.
    if (!made && made.error().code != Code::already_exists) return made.error();
  }
  return crypto::read_key_file(file, std::nullopt);
}

Result<std::shared_ptr<Storage>> Storage::open(const std::filesystem::path& path, base::LogSink& log) {
  auto storage = std::make_shared<Storage>();
  SHOAL_TRY(storage->directory, DataDirectory::open(path));
  const DataDirectory& directory = *storage->directory;
  SHOAL_TRY(auto own, store::open_rocks_store(directory.own_store(), store::Backing::disk, log));
  SHOAL_TRY(auto mirrored, store::open_rocks_store(directory.mirror_store(), store::Backing::disk, log));
  storage->own = std::make_unique<store::BufferedStore>(std::move(own), store::BufferedStore::kOwnFeeds);
  storage->mirrored = std::make_unique<store::BufferedStore>(std::move(mirrored), store::BufferedStore::kMirrors);
  SHOAL_TRY(auto journal, store::open_file_journal(directory.journal().string()));
  if (journal.damaged_sectors > 0) {
    log.log(
        base::LogLevel::warning, "node",
        std::to_string(journal.damaged_sectors) + " damaged sectors in the journal " + directory.journal().string());
  }
  storage->journal = std::move(journal.journal);
  SHOAL_TRY(storage->place, feed::directory_marker(path, directory.journal()));
  SHOAL_TRY(storage->node_key, load_node_key(directory.node_key()));
  return storage;
}

}  // namespace shoal::node
