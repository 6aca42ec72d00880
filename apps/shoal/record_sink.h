#pragma once

#include "output.h"
#include "record_format.h"

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

/// Where `sub` and `get` put records.
namespace shoal::command {

class RecordSink {
 public:
  virtual ~RecordSink() = default;
  /// Whether append() wants the record's cursor token.
  [[nodiscard]] virtual bool wants_cursor() const { return false; }
  /// Writes or buffers the record. The errors of DataOutput::flush().
  [[nodiscard]] virtual Result<void> append(const RecordView& record, std::string_view cursor) = 0;
  /// When it returns, all records have left this process; those of a file are on the disk.
  [[nodiscard]] virtual Result<void> settle() = 0;
};

/// Records in one format on one output: stdout, or a file.
class StreamSink final : public RecordSink {
 public:
  StreamSink(DataOutput& out, RecordStyle style, std::string feed)
      : out_(out), style_(std::move(style)), feed_(std::move(feed)) {}
  [[nodiscard]] bool wants_cursor() const override { return style_.kind == RecordStyle::Kind::json; }
  [[nodiscard]] Result<void> append(const RecordView& record, std::string_view cursor) override;
  [[nodiscard]] Result<void> settle() override { return out_.flush(); }

 private:
  DataOutput& out_;
  RecordStyle style_;
  std::string feed_;
  std::string scratch_;
};

/// One file a record: DIR/TOPIC/PARTITION/OFFSET with 20 digits, payload bytes only; whole or not at all.
class DirectorySink final : public RecordSink {
 public:
  explicit DirectorySink(std::filesystem::path directory) : directory_(std::move(directory)) {}
  [[nodiscard]] Result<void> append(const RecordView& record, std::string_view cursor) override;
  [[nodiscard]] Result<void> settle() override { return {}; }

 private:
  std::filesystem::path directory_;
  std::filesystem::path made_;  ///< the last folder that was made
};

/// The options -f -J --raw -0 --out that `sub` and `get` share.
struct StyleOptions {
  std::string format = {};
  std::string out = {};
  bool json = false;
  bool raw = false;
  bool nul = false;

  void declare(class OptionSet& options);
  /// Code::invalid_argument when more than one was given, or a bad format.
  [[nodiscard]] Result<RecordStyle> style() const;
};

}  // namespace shoal::command
