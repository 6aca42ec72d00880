#include "node/feeds/fork_record.h"

#include "base/try.h"

namespace shoal::node {

ForkRecord::ForkRecord(feed::FeedLog& log, const std::filesystem::path& directory, base::LogSink& sink)
    : log_(&log), reader_(log), has_files_(!directory.empty()), file_(directory, log.id()), sink_(&sink) {}

Result<void> ForkRecord::open() {
  if (!reader_.fork_limit() && has_files_) {
    const auto proof = file_.read();
    if (!proof) return {};
    SHOAL_CHECK(log_->put_fork_proof(*proof));
  }
  keep_file();
  return {};
}

bool ForkRecord::keep_file() const {
  const auto proof = reader_.fork_proof();
  if (!proof || !has_files_) return false;
  const auto kept = file_.keep(*proof);
  if (!kept) sink_->log(base::LogLevel::error, "feed", kept.error().message);
  return kept.ok();
}

std::optional<Error> ForkRecord::error() const {
  if (!reader_.fork_limit()) {
    const auto note = reader_.contradiction();
    return note ? std::optional(feed::contradiction_error(log_->id(), *note)) : std::nullopt;
  }
  const std::string what = "the owner of feed " + log_->id().hex() + " signed two histories; ";
  const std::string stays = "what lies before the fork stays readable";
  if (!keep_file()) return Error{Code::fork, what + "the proof is in the store", stays};
  return Error{Code::fork, what + "the proof is " + file_.path().string(),
               "shoal verify-fork checks that file anywhere; " + stays};
}

std::string ForkRecord::path() const { return reader_.fork_limit() ? file_.path().string() : ""; }

}  // namespace shoal::node
