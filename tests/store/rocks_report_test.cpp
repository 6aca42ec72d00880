// Which failures of RocksDB's own threads writers see, and what it says into the log.
#include "store/rocks_report.h"

#include <gtest/gtest.h>
#include <rocksdb/env.h>
#include <rocksdb/listener.h>

#include <cstdarg>
#include <memory>
#include <string>
#include <vector>

namespace shoal::store {
namespace {

using rocksdb::BackgroundErrorReason;
using rocksdb::InfoLogLevel;
using rocksdb::Status;

class Lines final : public base::LogSink {
 public:
  void log(base::LogLevel level, std::string_view component, std::string_view message) override {
    lines.push_back(std::to_string(static_cast<int>(level)) + " " + std::string(component) + " " +
                    std::string(message));
  }
  std::vector<std::string> lines;
};

std::string line(base::LogLevel level, const std::string& rest) {
  return std::to_string(static_cast<int>(level)) + " " + rest;
}

TEST(RocksHealth, AFullDiskPassesAndAnythingElseStays) {
  RocksHealth health;
  EXPECT_TRUE(health.check().ok());
  EXPECT_TRUE(health.report(Error{Code::no_space, "full"}));
  EXPECT_FALSE(health.report(Error{Code::no_space, "full"})) << "no news";
  EXPECT_EQ(health.check().error().code, Code::no_space);
  health.clear();
  EXPECT_TRUE(health.check().ok());
  EXPECT_TRUE(health.report(Error{Code::no_space, "full"}));
  EXPECT_TRUE(health.report(Error{Code::io, "first"}));
  EXPECT_EQ(health.check().error().message, "first") << "worse than a full disk";
  EXPECT_FALSE(health.report(Error{Code::io, "second"}));
  EXPECT_FALSE(health.report(Error{Code::no_space, "full"}));
  EXPECT_EQ(health.check().error().message, "first");
  health.clear();
  EXPECT_EQ(health.check().error().code, Code::io);
}

TEST(RocksListener, ABackgroundErrorIsReportedAndLogged) {
  Lines log;
  const auto health = std::make_shared<RocksHealth>();
  const auto listener = make_rocks_listener(health, log);
  for (int attempt = 0; attempt < 3; ++attempt) {
    Status status = Status::NoSpace("a flush");
    listener->OnBackgroundError(BackgroundErrorReason::kFlush, &status);
  }
  EXPECT_EQ(health->check().error().code, Code::no_space);
  ASSERT_EQ(log.lines.size(), 1U);
  EXPECT_EQ(log.lines[0], line(base::LogLevel::error, "store " + health->check().error().message));
}

TEST(RocksListener, RocksDbDoesNotRecoverByItself) {
  Lines log;
  bool recovers = true;
  make_rocks_listener(std::make_shared<RocksHealth>(), log)
      ->OnErrorRecoveryBegin(BackgroundErrorReason::kFlush, Status::NoSpace(), &recovers);
  EXPECT_FALSE(recovers);
}

void log_plainly(rocksdb::Logger& logger, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  logger.Logv(format, arguments);
  va_end(arguments);
}

TEST(RocksLogger, PassesOnWarningsAndErrors) {
  Lines log;
  const auto logger = make_rocks_logger(log);
  logger->SetInfoLogLevel(InfoLogLevel::DEBUG_LEVEL);
  for (const InfoLogLevel level : {InfoLogLevel::DEBUG_LEVEL, InfoLogLevel::INFO_LEVEL, InfoLogLevel::WARN_LEVEL,
                                   InfoLogLevel::ERROR_LEVEL, InfoLogLevel::FATAL_LEVEL, InfoLogLevel::HEADER_LEVEL}) {
    rocksdb::Log(level, logger, "%s %d", "level", static_cast<int>(level));
  }
  log_plainly(*logger, "%s", "plain");
  rocksdb::Log(InfoLogLevel::WARN_LEVEL, logger, "%s", "");
  rocksdb::Log(InfoLogLevel::WARN_LEVEL, logger, "%s", std::string(1000, 'x').c_str());
  EXPECT_EQ(log.lines,
            (std::vector<std::string>{
                line(base::LogLevel::warning, "rocksdb level 2"), line(base::LogLevel::error, "rocksdb level 3"),
                line(base::LogLevel::error, "rocksdb level 4"), line(base::LogLevel::warning, "rocksdb plain"),
                line(base::LogLevel::warning, "rocksdb " + std::string(511, 'x'))}));
}

TEST(RocksLogger, LeavesAFullDiskToTheListener) {
  Lines log;
  rocksdb::Log(InfoLogLevel::ERROR_LEVEL, make_rocks_logger(log), "%s", "flush: No space left on device");
  EXPECT_TRUE(log.lines.empty());
}

TEST(RocksLogger, LeavesDumpsOut) {
  Lines log;
  rocksdb::Log(InfoLogLevel::WARN_LEVEL, make_rocks_logger(log), "%s",
               "cannot commit VersionEdit {\n  LogNumber: 7\n}");
  EXPECT_EQ(log.lines, std::vector<std::string>{line(base::LogLevel::warning, "rocksdb cannot commit VersionEdit {")});
}

TEST(RocksLogger, AsksForWarningsOnly) {
  Lines log;
  EXPECT_EQ(make_rocks_logger(log)->GetInfoLogLevel(), InfoLogLevel::WARN_LEVEL);
}

}  // namespace
}  // namespace shoal::store
