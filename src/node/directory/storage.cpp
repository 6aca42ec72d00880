#include "node/directory/storage.h"

#include "base/try.h"
#include "crypto/key_file.h"
#include "feed/format/directory_marker.h"
#include "node/directory/quarantine.h"
#include "store/buffered_store.h"
#include "store/file_journal.h"
#include "store/rocks_kv_store.h"
#include "store/rocks_salvage.h"

#include <string_view>
#include <system_error>
#include <utility>

// Damage stays where it is. Of a store what can be read is taken over: nobody else may have an archive any more. A
// store of other people's feeds of which nothing can be read, and the node's key, are put aside and begun anew. The
// journal says whether what is left of the own store is enough to sign on: FeedWriter compares them. A journal that
// cannot be read is as good as none: everything is readable, and only what it vouched for may not be signed. Each case
// gives one line that says what was found, where it is now and what follows. Nothing but Code::corrupt leads here: a
// full disk, a missing right or another version changes nothing.
namespace shoal::node {
namespace {

void report(base::LogSink& log, std::string_view found, const Error& error, const std::filesystem::path& aside,
            std::string_view follows) {
  log.log(base::LogLevel::error, "node",
          std::string(found) + " (" + error.message + "); the damaged one is kept as " + aside.string() + "; " +
              std::string(follows));
}

bool is_there(const std::filesystem::path& path) {
  std::error_code unreadable;
  return std::filesystem::exists(path, unreadable) && !unreadable;
}

/// Also when it is missing.
bool has_nothing(const std::filesystem::path& path) {
  std::error_code unreadable;
  const bool empty = std::filesystem::is_empty(path, unreadable);
  return unreadable || empty;
}

Result<std::unique_ptr<store::KvStore>> open_mirrored(const std::filesystem::path& path, base::LogSink& log) {
  auto opened = store::open_rocks_store(path, store::Backing::disk, log);
  if (opened || opened.error().code != Code::corrupt) return opened;
  SHOAL_TRY(const auto aside, set_aside(path));
  report(log, "the store of other people's feeds is damaged", opened.error(), aside,
         "what is mirrored is fetched again, own feeds are untouched; remove the damaged one when you do not need it");
  return store::open_rocks_store(path, store::Backing::disk, log);
}

Result<std::unique_ptr<store::KvStore>> open_own(const std::filesystem::path& path, base::LogSink& log) {
  auto opened = store::open_rocks_store(path, store::Backing::disk, log);
  if (opened || opened.error().code != Code::corrupt) return opened;
  SHOAL_TRY(const auto aside, set_aside(path));
  if (const auto salvaged = store::salvage_rocks_store(aside, path); !salvaged) {
    std::error_code failure;
    std::filesystem::rename(aside, path, failure);  // as it was
    Error error = opened.error();
    error.message += "; nothing could be taken over: " + salvaged.error().message;
    return error;
  }
  report(log, "the store of own feeds is damaged", opened.error(), aside,
         "what could be read of it was taken over; feeds that lost something are not signed on (exit 9) and can be "
         "read as far as they are here: run `shoal verify` on each own feed");
  return store::open_rocks_store(path, store::Backing::disk, log);
}

Result<std::unique_ptr<store::Journal>> open_journal(const std::filesystem::path& path, bool expected,
                                                     base::LogSink& log) {
  constexpr std::string_view kFollows =
      "all can be read, and feeds that were signed before are not signed on (exit 9); "
      "new feeds can be signed";
  auto opened = store::open_file_journal(path.string());
  if (!opened && opened.error().code == Code::corrupt) {
    SHOAL_TRY(const auto aside, set_aside(path));
    report(log, "the journal is damaged", opened.error(), aside, kFollows);
    opened = store::open_file_journal(path.string());
  } else if (opened && !opened->existed && expected) {
    log.log(base::LogLevel::warning, "node", "the journal " + path.string() + " is missing: " + std::string(kFollows));
  }
  if (!opened) return std::move(opened).error();
  if (opened->damaged_sectors > 0) {
    log.log(base::LogLevel::warning, "node",
            std::to_string(opened->damaged_sectors) + " damaged sectors in the journal " + path.string());
  }
  return std::move(opened->journal);
}

Result<crypto::KeyPair> open_node_key(const std::filesystem::path& path, base::LogSink& log) {
  auto key = load_node_key(path);
  if (key || !crypto::is_damaged_key_file(path)) return key;
  SHOAL_TRY(const auto aside, set_aside(path));
  report(log, "the node's key is damaged", key.error(), aside,
         "this node has a new key: receipts of the old one count no more, and whoever pinned or trusted it has to be "
         "given the new one (shoal key show --node)");
  return load_node_key(path);
}

using Stores = std::pair<std::unique_ptr<store::KvStore>, std::unique_ptr<store::KvStore>>;

Result<Stores> open_stores(const DataDirectory& directory, base::LogSink& log) {
  SHOAL_TRY(auto own, open_own(directory.own_store(), log));
  SHOAL_TRY(auto mirrored, open_mirrored(directory.mirror_store(), log));
  return Stores(std::move(own), std::move(mirrored));
}

feed::MarkedFiles marked_files(const DataDirectory& directory) {
  return {directory.path(), directory.journal(), directory.stamp()};
}

Result<void> open_read_only(Storage& storage, const Error& why, base::LogSink& log) {
  const DataDirectory& directory = *storage.directory;
  SHOAL_TRY(auto own, store::open_rocks_store_read_only(directory.own_store(), why, log));
  storage.own = std::make_unique<store::BufferedStore>(std::move(own), store::BufferedStore::kReadOnly);
  SHOAL_TRY(storage.mirrored, store::open_rocks_store_read_only(directory.mirror_store(), why, log));
  SHOAL_TRY(auto journal, store::open_read_only_journal(directory.journal().string(), why));
  storage.journal = std::move(journal.journal);
  SHOAL_TRY(storage.place, feed::directory_marker(marked_files(directory)));
  SHOAL_TRY(storage.node_key, crypto::read_key_file(directory.node_key(), std::nullopt));
  return {};
}

}  // namespace

Result<crypto::KeyPair> load_node_key(const std::filesystem::path& file) {
  if (std::error_code unreadable; !std::filesystem::exists(file, unreadable) && !unreadable) {
    const auto made = crypto::write_key_file(file, crypto::KeyPair::generate(), std::nullopt);
    // Another process may have been as quick.
    if (!made && made.error().code != Code::already_exists) return made.error();
  }
  return crypto::read_key_file(file, std::nullopt);
}

Result<std::shared_ptr<Storage>> Storage::open(const std::filesystem::path& path, base::LogSink& log,
                                               store::DiskFailure failed, WhenFull when_full) {
  auto storage = std::make_shared<Storage>();
  storage->failed = std::move(failed);
  SHOAL_TRY(storage->directory, DataDirectory::open(path));
  const DataDirectory& directory = *storage->directory;
  if (directory.read_only()) {
    const Error why{Code::unsupported, "the file system of " + path.string() + " is read-only", "copy the directory"};
    SHOAL_CHECK(open_read_only(*storage, why, log));
    return storage;
  }
  const bool used = is_there(directory.own_store());
  // The journal alone would be replayed: whoever put an old one back has to be told from a crash.
  const bool own_lost = is_there(directory.journal()) && has_nothing(directory.own_store());
  const DiskReserve reserve(directory.reserve());
  auto stores = open_stores(directory, log);
  if (!stores && stores.error().code == Code::no_space && when_full == WhenFull::use_reserve && reserve.release()) {
    stores = open_stores(directory, log);
  }
  if (!stores && stores.error().code == Code::no_space && used && when_full == WhenFull::read_only) {
    SHOAL_CHECK(open_read_only(*storage, {Code::no_space, stores.error().message, "free some space"}, log));
    return storage;
  }
  if (!stores) return std::move(stores).error();
  auto& [own, mirrored] = *stores;
  if (storage->failed) {
    own = store::watched(std::move(own), storage->failed);
    mirrored = store::watched(std::move(mirrored), storage->failed);
  }
  storage->own = std::make_unique<store::BufferedStore>(std::move(own), store::BufferedStore::kOwnFeeds);
  storage->mirrored = std::make_unique<store::BufferedStore>(std::move(mirrored), store::BufferedStore::kMirrors);
  // On a full disk a directory of an older version goes without a stamp.
  if (const auto kept = feed::keep_stamp(marked_files(directory), own_lost);
      !kept && kept.error().code != Code::no_space) {
    return kept.error();
  }
  SHOAL_TRY(storage->journal, open_journal(directory.journal(), used, log));
  if (storage->failed) storage->journal = store::watched(std::move(storage->journal), storage->failed);
  SHOAL_TRY(storage->place, feed::directory_marker(marked_files(directory)));
  SHOAL_TRY(storage->node_key, open_node_key(directory.node_key(), log));
  storage->reserve = reserve;
  if (when_full != WhenFull::use_reserve) reserve.keep();
  return storage;
}

}  // namespace shoal::node
