#include "record_source.h"

#include "base/try.h"

namespace shoal::command {
namespace {

/// This many bad records are reported one by one; further ones are only counted.
constexpr std::uint64_t kMaxNamed = 100;

}  // namespace

RecordSource::RecordSource(RecordSourceOptions options, Messages& messages, int stop_fd)
    : options_([&] {
        if (options.files.empty()) options.files.emplace_back("-");
        return std::move(options);
      }()),
      messages_(messages),
      stop_fd_(stop_fd),
      selector_(options_.selectors) {}

Result<bool> RecordSource::open_next() {
  if (next_file_ == options_.files.size()) return false;
  frames_.reset();
  bytes_before_ = bytes_read();
  source_.reset();
  SHOAL_TRY(FdSource source, FdSource::open(options_.files[next_file_++], stop_fd_));
  source_.emplace(std::move(source));
  frames_.emplace(*source_, options_.framing, options_.max_record);
  return true;
}

Result<RecordSource::Step> RecordSource::next(ProducerRecord& record) {
  while (true) {
    if (!frames_) {
      SHOAL_TRY(const bool opened, open_next());
      if (!opened) return Step::end;
    }
    const auto frame = frames_->next();
    if (!frame.ok()) {
      const Code code = frame.error().code;
      if (code != Code::limit_exceeded && code != Code::invalid_argument) return frame.error();
      if (!refuse(frame.error())) return Step::stopped;
      continue;
    }
    if (!frame->has_value()) {
      frames_.reset();
      continue;
    }
    if (frames_->number() <= options_.skip_records) continue;
    const ByteView payload = **frame;
    const auto selected = selector_.apply(payload, record);
    if (!selected.ok()) {
      if (!refuse(selected.error())) return Step::stopped;
      continue;
    }
    if (!record.value) record.value.emplace();
    record.value->assign(payload.begin(), payload.end());
    return Step::record;
  }
}

bool RecordSource::refuse(const Error& why) {
  ++bad_records_;
  if (!options_.skip_bad) {
    messages_.error(
        {why.code, place() + why.message, why.hint.empty() ? "--on-bad-line skip leaves such lines out" : why.hint});
    return false;
  }
  if (bad_records_ <= kMaxNamed) messages_.warning(place() + why.message + " (left out)");
  if (bad_records_ == kMaxNamed) messages_.warning("further bad lines are counted, not named");
  return true;
}

std::string RecordSource::place() const {
  const std::string& file = options_.files[next_file_ - 1];
  const char* unit = options_.framing == Framing::lines ? ", line " : ", record ";
  return (file == "-" ? "stdin" : file) + unit + std::to_string(frames_->number()) + ": ";
}

}  // namespace shoal::command
