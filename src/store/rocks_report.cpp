#include "store/rocks_report.h"

#include "store/rocks_status.h"

#include <rocksdb/env.h>
#include <rocksdb/listener.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace shoal::store {
namespace {

class Listener final : public rocksdb::EventListener {
 public:
  Listener(std::shared_ptr<RocksHealth> health, base::LogSink& log) : health_(std::move(health)), log_(log) {}

  void OnBackgroundError(rocksdb::BackgroundErrorReason, rocksdb::Status* status) override {
    Error error = rocks_error(*status, "background work failed");
    const std::string message = error.message;
    // A full disk fails each attempt to go on, once a second.
    if (health_->report(std::move(error))) log_.log(base::LogLevel::error, "store", message);
  }

  // Resuming by itself would hide the failure from the writer that must stop acknowledging.
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status, bool* auto_recovery) override {
    *auto_recovery = false;
  }

 private:
  std::shared_ptr<RocksHealth> health_;
  base::LogSink& log_;
};

class Logger final : public rocksdb::Logger {
 public:
  explicit Logger(base::LogSink& log) : rocksdb::Logger(rocksdb::InfoLogLevel::WARN_LEVEL), log_(log) {}

  using rocksdb::Logger::Logv;
  void Logv(const char* format, va_list arguments) override { write(base::LogLevel::warning, format, arguments); }
  void Logv(const rocksdb::InfoLogLevel level, const char* format, va_list arguments) override {
    if (level < rocksdb::InfoLogLevel::WARN_LEVEL || level > rocksdb::InfoLogLevel::FATAL_LEVEL) return;
    write(level == rocksdb::InfoLogLevel::WARN_LEVEL ? base::LogLevel::warning : base::LogLevel::error, format,
          arguments);
  }

 private:
  void write(base::LogLevel level, const char* format, va_list arguments) {
    std::array<char, 512> line{};
    if (std::vsnprintf(line.data(), line.size(), format, arguments) <= 0) return;
    // The listener, or the call that failed, says it once.
    const std::string_view text = line.data();
    const bool full = text.find(std::strerror(ENOSPC)) != std::string_view::npos;
    // Behind the first line end are dumps of RocksDB's own structures.
    if (!full) log_.log(level, "rocksdb", text.substr(0, text.find('\n')));
  }

  base::LogSink& log_;
};

}  // namespace

bool RocksHealth::report(Error error) {
  const std::lock_guard lock(mutex_);
  const bool news = !failure_ || (failure_->code == Code::no_space && error.code != Code::no_space);
  if (!failure_ || failure_->code == Code::no_space) failure_ = std::move(error);
  return news;
}

void RocksHealth::clear() {
  const std::lock_guard lock(mutex_);
  if (failure_ && failure_->code == Code::no_space) failure_.reset();
}

Result<void> RocksHealth::check() const {
  const std::lock_guard lock(mutex_);
  if (failure_) return *failure_;
  return {};
}

std::shared_ptr<rocksdb::EventListener> make_rocks_listener(std::shared_ptr<RocksHealth> health, base::LogSink& log) {
  return std::make_shared<Listener>(std::move(health), log);
}

std::shared_ptr<rocksdb::Logger> make_rocks_logger(base::LogSink& log) { return std::make_shared<Logger>(log); }

}  // namespace shoal::store
