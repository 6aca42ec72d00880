#include "node/table/own_feed_opening.h"

#include "base/bytes.h"
#include "base/try.h"
#include "feed/log/feed_rows.h"
#include "feed/write/writer_start.h"

#include <string_view>
#include <utility>

namespace shoal::node {
namespace {

constexpr std::string_view kName = "writer/name";

}  // namespace

Result<std::optional<FeedId>> find_named(store::KvStore& own, const std::string& name) {
  SHOAL_TRY(const auto feeds, feed::FeedLog::list(own));
  for (const FeedId& feed : feeds) {
    SHOAL_TRY(const auto rows, feed::open_feed_rows({&own, &own}, feed));
    SHOAL_TRY(const auto named, rows.property(kName));
    if (named && base::as_text(*named) == name) return std::optional(feed);
  }
  return std::optional<FeedId>{};
}

Result<std::shared_ptr<OwnFeed>> OwnFeedOpening::open(const std::string& name, std::shared_ptr<FeedHost> host,
                                                      crypto::KeyPair key, store::KvStore& store,
                                                      store::Journal& journal, std::string place) const {
  std::shared_ptr<OwnFeed> opened;
  // The journal belongs to the commit thread, which therefore opens one writer after the other.
  const auto open_here = [&]() -> Result<void> {
    SHOAL_CHECK(context_.open->storage());
    opened = context_.open->writer(name);
    if (opened) return {};
    auto signer = open_signer(name, *host, std::move(key), store, journal, place);
    if (!signer) {
      const Error problem = host->fork().error().value_or(signer.error());
      host->own_terms().set_writer_problem(problem);
      return problem;
    }
    opened = std::make_shared<OwnFeed>(host, std::move(*signer), context_.heartbeat, *context_.commit_thread,
                                       *context_.clock, *context_.log);
    host->own_terms().set_writer_problem(std::nullopt);
    host->own_terms().set_signed_size(0);
    // The writer may have replayed blocks from the journal.
    host->news().notify();
    context_.open->add_writer(name, opened);
    context_.commit_thread->add(opened);
    return {};
  };
  SHOAL_CHECK(context_.commit_thread->run(open_here));
  return opened;
}

Result<OwnFeed::Signer> OwnFeedOpening::open_signer(const std::string& name, FeedHost& host, crypto::KeyPair key,
                                                    store::KvStore& store, store::Journal& journal,
                                                    const std::string& place) const {
  OwnFeed::Signer signer;
  feed::WriterOptions options;
  options.place = place;
  const bool is_volatile = place.empty();
  if (!is_volatile) {
    SHOAL_TRY(signer.lock, KeyLock::take(key.public_key()));
    SHOAL_CHECK(context_.keys->check_not_released(name));
    SHOAL_TRY(options.marked, context_.keys->marked(name, host.id()));
  }
  SHOAL_TRY(signer.writer, feed::FeedWriter::open(host.log(), store, journal, std::move(key), *context_.clock,
                                                  *context_.log, options));
  // With it a name whose keys are gone makes no other feed.
  SHOAL_TRY(const auto named, host.log().property(kName));
  if (!is_volatile && (!named || base::as_text(*named) != name)) {
    SHOAL_CHECK(host.log().set_property(kName, Bytes(name.begin(), name.end())));
  }
  // Before the first signature.
  const feed::Checkpoint* const head = signer.writer->head();
  if (!is_volatile) {
    SHOAL_CHECK(context_.keys->mark_signed(
        name, {host.id(), head != nullptr ? head->tree_size : 0, KeyMark::Origin::here, place}));
  }
  return signer;
}

void OwnFeedOpening::stop_signing(const FeedId& feed, const std::string& name,
                                  std::function<std::optional<Error>(FeedHost& host)> keep) const {
  context_.commit_thread->post([this, feed, name, keep = std::move(keep)] {
    const auto host = context_.open->host(feed);
    if (!host) return;
    const std::optional<Error> problem = keep(*host);
    if (!problem) return;
    host->own_terms().set_writer_problem(problem);
    if (const auto writer = context_.open->writer(name)) writer->stop_signing(*problem);
    host->news().notify();
  });
}

}  // namespace shoal::node
