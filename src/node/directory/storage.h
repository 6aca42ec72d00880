#pragma once

#include "base/log_sink.h"
#include "crypto/keys.h"
#include "node/directory/data_directory.h"
#include "node/directory/disk_reserve.h"
#include "store/fail_stop.h"
#include "store/journal.h"
#include "store/kv_store.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace shoal::node {

/// The node's key, made when the file is missing.
[[nodiscard]] Result<crypto::KeyPair> load_node_key(const std::filesystem::path& file);

/// The files of one data directory, open. Shared by the node and by calls that are on their way while it closes: the
/// directory's lock goes back when the last of them is through.
struct Storage {
  /// What to do when the disk is too full to open the stores: such an opening writes a little.
  enum class WhenFull : std::uint8_t { refuse, read_only, use_reserve };
  /// Code::in_use names the process that has the directory. `log` outlives the storage. `failed` is told of writes and
  /// syncs that fail (store::DiskFailure). On a read-only file system everything can be read and every write fails with
  /// Code::unsupported; read-only on a full disk they fail with Code::no_space.
  [[nodiscard]] static Result<std::shared_ptr<Storage>> open(const std::filesystem::path& path, base::LogSink& log,
                                                             store::DiskFailure failed = {},
                                                             WhenFull when_full = WhenFull::refuse);

  std::unique_ptr<DataDirectory> directory;  ///< first, so that the lock is given back last
  std::unique_ptr<store::KvStore> own;       ///< own feeds, accepted heads, cursors
  std::unique_ptr<store::KvStore> mirrored;  ///< everything else of other people's feeds
  std::unique_ptr<store::Journal> journal;   ///< commit thread only
  std::optional<DiskReserve> reserve;        ///< nullopt when nothing may be written
  std::optional<crypto::KeyPair> node_key;
  std::string place;  ///< see feed::WriterOptions
  store::DiskFailure failed;
};

}  // namespace shoal::node
