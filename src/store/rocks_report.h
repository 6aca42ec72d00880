#pragma once

#include "base/log_sink.h"

#include <shoal/result.h>

#include <memory>
#include <mutex>
#include <optional>

namespace rocksdb {
class EventListener;
class Logger;
}  // namespace rocksdb

namespace shoal::store {

/// The first background error of a store. RocksDB's threads report, every writer asks. A full disk passes: clear() says
/// that RocksDB works again. Any other error stays until the store is opened again, because what was acknowledged
/// meanwhile could not be trusted.
class RocksHealth {
 public:
  /// False when the same is known already.
  bool report(Error error);
  [[nodiscard]] Result<void> check() const;
  /// Forgets a full disk.
  void clear();

 private:
  mutable std::mutex mutex_;
  std::optional<Error> failure_;
};

/// Reports background errors to `health` and to `log`.
std::shared_ptr<rocksdb::EventListener> make_rocks_listener(std::shared_ptr<RocksHealth> health, base::LogSink& log);

/// Passes RocksDB's warnings and errors to `log`, which must outlive the store.
std::shared_ptr<rocksdb::Logger> make_rocks_logger(base::LogSink& log);

}  // namespace shoal::store
