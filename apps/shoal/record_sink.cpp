#include "record_sink.h"

#include "base/bytes.h"
#include "base/try.h"
#include "option_set.h"
#include "text/topic_name.h"

#include <fcntl.h>
#include <unistd.h>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace shoal::command {
namespace {

Error cannot_write(const std::filesystem::path& file) {
  const Code code = errno == ENOSPC || errno == EDQUOT ? Code::no_space : Code::io;
  return Error{code, "cannot write " + file.string() + ": " + std::strerror(errno), ""};
}

Result<void> write_whole_file(const std::filesystem::path& file, std::string_view bytes) {
  const std::string part = file.string() + ".part";
  const int fd = ::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) return cannot_write(part);
  DataOutput out(fd);
  auto written = out.write(bytes);
  if (written.ok()) written = out.flush();
  if (::close(fd) != 0 && written.ok()) written = cannot_write(part);
  if (written.ok() && std::rename(part.c_str(), file.c_str()) != 0) written = cannot_write(file);
  return written;
}

}  // namespace

Result<void> StreamSink::append(const RecordView& record, std::string_view cursor) {
  scratch_.clear();
  append_record(style_, record, feed_, cursor, scratch_);
  return out_.write(scratch_);
}

Result<void> DirectorySink::append(const RecordView& record, std::string_view) {
  // The name comes from a feed; a path must never leave the directory.
  SHOAL_CHECK(check_topic_name(record.topic));
  const std::filesystem::path folder =
      directory_ / std::string(record.topic) / std::to_string(record.partition.value());
  if (folder != made_) {
    std::error_code failed;
    std::filesystem::create_directories(folder, failed);
    if (failed) return Error{Code::io, "cannot make " + folder.string() + ": " + failed.message(), ""};
    made_ = folder;
  }
  char name[32];
  std::snprintf(name, sizeof name, "%020lld", static_cast<long long>(record.offset.value()));
  return write_whole_file(folder / name, record.value ? base::as_text(*record.value) : std::string_view());
}

void StyleOptions::declare(OptionSet& options) {
  options.group("Output options");
  options.text("-f,--format", format, "FORMAT", "kcat's tokens: %t %p %o %k %s %S %K %T %h %%, and \\n \\t \\xNN");
  options.flag("-J,--json", json, "one JSON object a line");
  options.flag("--raw", raw, "payloads with nothing between");
  options.flag("-0,--nul", nul, "a NUL instead of a line end behind each payload");
  options.text("--out", out, "DIR", "one file a record: DIR/TOPIC/PARTITION/OFFSET");
}

Result<RecordStyle> StyleOptions::style() const {
  const int chosen = (format.empty() ? 0 : 1) + (out.empty() ? 0 : 1) + (json ? 1 : 0) + (raw ? 1 : 0) + (nul ? 1 : 0);
  if (chosen > 1) return Error{Code::invalid_argument, "-f, -J, --raw, -0 and --out exclude each other", ""};
  RecordStyle style;
  if (json) style.kind = RecordStyle::Kind::json;
  if (raw) style.kind = RecordStyle::Kind::raw;
  if (nul) style.kind = RecordStyle::Kind::nul;
  if (!format.empty()) {
    style.kind = RecordStyle::Kind::format;
    SHOAL_TRY(style.format, RecordFormat::compile(format));
  }
  return style;
}

}  // namespace shoal::command
