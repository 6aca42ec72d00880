#pragma once

#include "frame_reader.h"
#include "output.h"
#include "selector.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// The records for `pub`: from files, one after the other, cut into records, with topic, key and time as selected.
namespace shoal::command {

struct RecordSourceOptions {
  std::vector<std::string> files = {};  ///< empty or `-`: stdin
  Framing framing = Framing::lines;
  std::uint64_t skip_records = 0;  ///< of each file
  bool skip_bad = false;
  SelectorOptions selectors = {};
  std::size_t max_record = std::size_t{32} << 20;
};

class RecordSource {
 public:
  enum class Step : std::uint8_t {
    record,
    end,
    stopped,  ///< at a bad record that may not be skipped; it was reported on stderr
  };

  RecordSource(RecordSourceOptions options, Messages& messages, int stop_fd);

  /// Fills value, topic, key and time of `record`, the latter three only when selected. Code::cancelled, Code::io,
  /// Code::not_found for a file that is gone.
  [[nodiscard]] Result<Step> next(ProducerRecord& record);
  /// Reports that the last record was refused. True when reading may go on.
  [[nodiscard]] bool refuse(const Error& why);
  [[nodiscard]] std::uint64_t bad_records() const { return bad_records_; }
  /// Bytes read of all files so far.
  [[nodiscard]] std::uint64_t bytes_read() const { return bytes_before_ + (source_ ? source_->taken() : 0); }

 private:
  [[nodiscard]] Result<bool> open_next();
  [[nodiscard]] std::string place() const;

  const RecordSourceOptions options_;
  Messages& messages_;
  const int stop_fd_;
  RecordSelector selector_;
  std::size_t next_file_ = 0;
  std::optional<FdSource> source_;
  std::optional<FrameReader> frames_;
  std::uint64_t bytes_before_ = 0;  ///< of the files that are done
  std::uint64_t bad_records_ = 0;
};

}  // namespace shoal::command
