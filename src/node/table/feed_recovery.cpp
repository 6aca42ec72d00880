#include "node/table/feed_recovery.h"

#include "base/try.h"
#include "feed/read/feed_audit.h"
#include "feed/write/signed_elsewhere.h"
#include "feed/write/writer_start.h"
#include "node/api/deadline.h"
#include "node/reading/head_question.h"
#include "node/reading/stall_detector.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

// A key whose newest head is not known here may have signed more than is here: on the machine that the directory was
// copied from, or before a backup was put back. The blocks are still with those who mirror the feed, each signed. So
// the feed's own rows are opened as a mirror's, which follows the newest head that anybody shows, verified as always:
// what is here must be its prefix, or the feed has forked. Then journal and store are made to agree on that head (the
// table in writer_start.cpp), and the writer goes on in the same epoch.
//
// What others show is the newest head only as far as they know. Four things bound that: the journal and the mark
// beside the key, which may know of more; the head that the DHT keeps; a named mirror has to be among those who answer,
// where mirrors were named; and all who are connected are waited for until nothing new came for kQuiet. Without the
// first three a peer that shows an old head would make the owner sign a second history.
namespace shoal::node {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kQuiet{10'000};

Error unsafe(const std::string& feed, const std::string& what, const std::string& hint) {
  return {Code::unsafe_to_sign, "feed " + feed + " is not signed on: " + what, hint};
}

}  // namespace

bool FeedRecovery::is_busy(const FeedId& feed) const {
  const std::lock_guard lock(mutex_);
  return busy_.contains(feed);
}

Result<std::shared_ptr<void>> FeedRecovery::take_over(const FeedReference& feed) {
  {
    const std::lock_guard lock(mutex_);
    if (!busy_.insert(feed.feed).second) {
      return Error{Code::in_use, "feed " + feed.name + " is being recovered already", "wait for its end"};
    }
  }
  std::shared_ptr<void> taken(nullptr, [this, id = feed.feed](void*) {
    const std::lock_guard lock(mutex_);
    busy_.erase(id);
  });
  std::shared_ptr<KeyLock> lock;
  const auto end_writer = [&]() -> Result<void> {
    if (const auto writer = context_.service.open->writer(feed.name)) {
      if (writer->producing()) {
        return Error{Code::in_use, "feed " + feed.name + " is being published to", "end that producer first"};
      }
      writer->close();
      context_.commit_thread->drop(writer);
      writer->release();
    }
    // Not beside another directory of this host that signs with the key. Here, where no writer is being opened that
    // has the lock until it is refused.
    SHOAL_TRY(lock, KeyLock::take(feed.feed.key));
    return {};
  };
  SHOAL_CHECK(context_.commit_thread->run(end_writer));
  close_host(feed);
  SHOAL_CHECK(bring_over(feed));
  return std::shared_ptr<void>(lock.get(), [lock, taken](void*) mutable {
    lock.reset();
    taken.reset();
  });
}

/// A key that comes to where its feed is mirrored: the blocks are here, in the store of other people's feeds.
Result<void> FeedRecovery::bring_over(const FeedReference& feed) const {
  SHOAL_TRY(const auto files, context_.service.open->storage());
  return feed::move_block_rows({files->own.get(), files->mirrored.get()}, feed.feed);
}

void FeedRecovery::close_host(const FeedReference& feed) const {
  const auto host = context_.service.open->host(feed.feed);
  if (!host) return;
  context_.service.end(feed, host, {Code::closed, "feed " + feed.feed.hex() + " is opened anew", "open it again"});
}

Result<RecoveredFeed> FeedRecovery::recover(const FeedReference& feed, const RecoverOptions& options,
                                            const Wait& wait) {
  if (!options.asserted && context_.service.swarm == nullptr) {
    return unsafe(feed.name, "others have to be asked, and the node is offline",
                  "go online, or assert the newest head");
  }
  SHOAL_TRY(const auto taken, take_over(feed));
  RecoveredFeed recovered;
  if (!options.asserted) {
    auto fetched = fetch(feed, options, wait);
    close_host(feed);
    if (!fetched) return std::move(fetched).error();
    recovered.fetched = *fetched;
  }
  const auto adopt_here = [&]() -> Result<void> {
    SHOAL_TRY(const auto head, adopt(feed, options));
    recovered.tree_size = head.tree_size;
    return {};
  };
  SHOAL_CHECK(context_.commit_thread->run(adopt_here));
  return recovered;
}

Result<void> FeedRecovery::take_in(const FeedReference& feed, const std::function<Result<void>(FeedHost&)>& take) {
  SHOAL_TRY(const auto taken, take_over(feed));
  SHOAL_TRY(const auto host, open_as_mirror(feed));
  auto done = take(*host);
  close_host(feed);
  return done;
}

Result<std::shared_ptr<FeedHost>> FeedRecovery::open_as_mirror(const FeedReference& feed) const {
  constexpr int kTries = 100;
  FeedReference others = feed;
  others.own = false;
  // Those who began to open it before it was taken over may have done so by now; nobody begins any more.
  for (int i = 0; i < kTries; ++i) {
    SHOAL_TRY(auto host, context_.open_as_mirror(others));
    if (!host->own()) return host;
    close_host(feed);
  }
  return Error{Code::in_use, "feed " + feed.name + " is opened again and again", "try again"};
}

Result<std::uint64_t> FeedRecovery::fetch(const FeedReference& feed, const RecoverOptions& options, const Wait& wait) {
  SHOAL_TRY(const auto host, open_as_mirror(feed));
  const std::uint64_t before = host->reader().header_prefix();
  // Drops what is damaged, which is then missing like the rest.
  if (options.rehash) SHOAL_CHECK(feed::audit(host->reader(), [&](auto, auto) { return !wait.stop.stop_requested(); }));
  host->set_mirror(MirrorOptions{});
  if (context_.service.discovery) context_.service.discovery->ask_hint(feed.feed);
  SHOAL_CHECK(wait_fetched(*host, options, wait));
  SHOAL_CHECK(check_hint(*host));
  SHOAL_CHECK(check_witness(*host));
  const auto head = host->reader().head();
  if (!head) return std::uint64_t{0};
  return head->tree_size - std::min(before, head->tree_size);
}

Result<void> FeedRecovery::wait_fetched(FeedHost& host, const RecoverOptions& options, const Wait& wait) const {
  constexpr std::chrono::milliseconds kLook{200};
  const auto question = HeadQuestion::ask(host, std::min(kQuiet, options.find_timeout / 2), options.find_timeout);
  StallDetector stall(options.find_timeout);
  const auto deadline = deadline_of(wait);
  for (;;) {
    const std::uint64_t version = host.news().version();
    if (const auto closed = host.news().closed()) return *closed;
    if (const auto fork = host.fork().error()) return *fork;
    if (wait.stop.stop_requested()) return Error{Code::cancelled, "stopped", ""};
    if (question->done) {
      const auto head = host.reader().head();
      const bool whole = !head || host.reader().header_prefix() >= head->tree_size;
      if (whole && (!head || host.synced_size() >= head->tree_size)) return {};
      if (stall.stalled(host.reader().header_prefix(), host.reader().held_payload_count(), Clock::now())) {
        // Payloads that nobody has any more are no part of what is signed on.
        if (whole) return {};
        return Error{Code::timed_out, "the newest blocks of the feed did not come",
                     "shoal peers shows who is connected"};
      }
    }
    if (Clock::now() >= deadline) return Error{Code::timed_out, "the feed was not recovered in time", "try again"};
    std::ignore = host.news().wait_change(version, std::min(deadline, Clock::now() + kLook), wait.stop);
  }
}

Result<void> FeedRecovery::check_hint(FeedHost& host) const {
  const auto& discovery = context_.service.discovery;
  const auto hinted = discovery ? discovery->stored(host.id()) : std::nullopt;
  const auto head = host.reader().head();
  if (!hinted || !feed::goes_beyond(*hinted, head)) return {};
  return unsafe(host.id().hex(),
                "the DHT shows that its key signed " + std::to_string(hinted->tree_size) + " blocks, and " +
                    std::to_string(head ? head->tree_size : 0) + " came",
                "try again when a mirror that has them is connected");
}

Result<void> FeedRecovery::check_witness(FeedHost& host) const {
  std::vector<replication::PeerView> peers;
  if (!host.run([&] { peers = host.replicator().peers(); })) return Error{Code::closed, "the node is closed", ""};
  SHOAL_TRY(const auto named, context_.mirrors->list());
  const auto head = host.reader().head();
  const std::uint64_t size = head ? head->tree_size : 0;
  const auto counts = [&](const replication::PeerView& peer) {
    // A reader that came with nothing shows what it has just heard from us.
    if (!peer.first_head || peer.first_head->tree_size < size || !peer.complete) return false;
    return named.empty() || context_.mirrors->name_of(peer.node_key).has_value();
  };
  if (std::ranges::any_of(peers, counts)) return {};
  return unsafe(host.id().hex(),
                std::string(named.empty() ? "nobody who holds it" : "none of the named mirrors") +
                    " answered, so it is not known what its key signed last",
                "start a mirror of it and try again; when nothing was signed elsewhere, pub --assert-head SIZE:ROOT");
}

Result<feed::Checkpoint> FeedRecovery::adopt(const FeedReference& feed, const RecoverOptions& options) const {
  SHOAL_TRY(const auto files, context_.service.open->storage());
  SHOAL_TRY(const auto log, feed::FeedLog::open({files->own.get(), files->own.get()}, feed.feed));
  feed::WriterOptions start;
  start.place = files->place;
  SHOAL_TRY(start.marked, context_.keys->marked(feed.name, feed.feed));
  start.recovered = !options.asserted;
  start.asserted = options.asserted;
  SHOAL_CHECK(feed::recover_journal_and_store(*log, *files->journal, *context_.log, start));
  const auto head = log->head();
  if (!head) return unsafe(feed.name, "nothing of it is here", "take it from a bundle or a mirror first");
  SHOAL_CHECK(context_.keys->mark_signed(feed.name, {feed.feed, head->tree_size, KeyMark::Origin::here, files->place}));
  return *head;
}

}  // namespace shoal::node
