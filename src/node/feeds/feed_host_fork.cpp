#include "base/try.h"
#include "node/feeds/feed_host.h"

// What a node does about a feed whose owner signed two histories.
namespace shoal::node {

Result<void> FeedHost::settle_fork() {
  if (!reader_.fork_limit() && !parts_.forks.empty()) {
    const auto proof = fork_file_.read();
    if (!proof) return {};
    // Of a feed that was removed here and is back.
    SHOAL_CHECK(log_->put_fork_proof(*proof));
  }
  keep_fork_file();
  return {};
}

bool FeedHost::keep_fork_file() const {
  const auto proof = reader_.fork_proof();
  if (!proof || parts_.forks.empty()) return false;
  const auto kept = fork_file_.keep(*proof);
  if (!kept) parts_.log->log(base::LogLevel::error, "feed", kept.error().message);
  return kept.ok();
}

std::string FeedHost::fork_file() const { return reader_.fork_limit() ? fork_file_.path().string() : ""; }

std::optional<Error> FeedHost::fork_error() const {
  if (!reader_.fork_limit()) return std::nullopt;
  const std::string what = "the owner of feed " + id_.hex() + " signed two histories; ";
  const std::string stays = "what lies before the fork stays readable";
  if (!keep_fork_file()) return Error{Code::fork, what + "the proof is in the store", stays};
  return Error{Code::fork, what + "the proof is " + fork_file_.path().string(),
               "shoal verify-fork checks that file anywhere; " + stays};
}

void FeedHost::on_fork(const feed::ForkProof& proof) {
  if (own()) {
    if (parts_.on_own_fork) parts_.on_own_fork(proof);
    return;
  }
  keep_fork_file();
  notify();
}

}  // namespace shoal::node
