#include "node/local_owning.h"

#include "base/try.h"
#include "node/reading/local_producer.h"
#include "node/table/own_feed_opening.h"

#include <algorithm>
#include <optional>

namespace shoal::node {

Result<OpenedFeed> LocalOwning::open_feed(const std::string& name, const FeedOptions& options) {
  SHOAL_CHECK(context_.table->storage());
  SHOAL_TRY(auto key, context_.keys->find(name));
  if (options.in_memory) {
    SHOAL_TRY(const auto opened, context_.table->open_volatile(name));
    return set_retention(opened, name, options);
  }
  if (!key) {
    if (const auto known = context_.table->resolve(name)) return set_retention({known->feed, false}, name, options);
    if (!options.create) {
      return Error{Code::not_found, "there is no own feed named " + name, "shoal init " + name + " makes it"};
    }
  }
  bool created = !key;
  if (!key) {
    SHOAL_TRY(const auto files, context_.table->storage());
    SHOAL_TRY(const auto known, find_named(*files->own, name));
    if (known) {
      return Error{Code::bad_key, "the key of feed " + name + " (" + known->hex() + ") is gone",
                   "put it back from a backup (shoal key import " + name + " FILE), or choose another name"};
    }
    SHOAL_TRY(key, context_.keys->generate(name, options.passphrase));
  }
  SHOAL_TRY(const auto feed, context_.table->own(name, options.passphrase));
  SHOAL_TRY(const auto host, own_host(name));
  context_.table->hear_peers(*host);
  if (const auto problem = signing_problem(*host)) return *problem;
  // A key that exists but never signed anything is a new feed, too.
  created = created || (options.create && !feed->has_head());
  return set_retention(OpenedFeed{FeedId{key->key}, created}, name, options);
}

Result<std::shared_ptr<FeedHost>> LocalOwning::own_host(const std::string& name) const {
  SHOAL_TRY(const auto feed, context_.table->resolve(name));
  return context_.table->host(feed);
}

Result<OpenedFeed> LocalOwning::set_retention(const OpenedFeed& feed, const std::string& name,
                                              const FeedOptions& options) {
  if (!options.retention) return feed;
  SHOAL_CHECK(context_.table->set_retention({feed.feed, name, true, {}}, *options.retention));
  context_.retention->wake();
  return feed;
}

Result<void> LocalOwning::publish_manifest(const std::string& name, const Manifest& manifest) {
  SHOAL_TRY(const auto feed, context_.table->own(name));
  return context_.commit_thread->run([feed, &manifest] { return feed->publish_manifest(manifest); });
}

Result<MirrorQuorum> LocalOwning::quorum_of(const Acks& acks) const {
  MirrorQuorum quorum;
  if (acks.level != Acks::Level::mirrors && acks.level != Acks::Level::named) return quorum;
  if (context_.offline) {
    return Error{Code::invalid_argument, "no mirror can acknowledge anything: the node is offline", ""};
  }
  if (acks.level == Acks::Level::mirrors) {
    if (acks.count == 0 || acks.count > ReceivedReceipts::kMaxMirrors) {
      return Error{Code::invalid_argument, "1 to 64 mirrors can be waited for", ""};
    }
    quorum.count = acks.count;
    return quorum;
  }
  if (acks.names.empty()) return Error{Code::invalid_argument, "no mirror is named to wait for", ""};
  for (const std::string& name : acks.names) {
    SHOAL_TRY(const auto key, context_.mirrors->find(name));
    if (!key) {
      return Error{Code::not_found, "no mirror is trusted as " + name,
                   "shoal key trust " + name + " HEX, with what shoal key show --node prints at the mirror"};
    }
    // A mirror that was named twice counts once.
    if (std::find(quorum.named.begin(), quorum.named.end(), *key) == quorum.named.end()) quorum.named.push_back(*key);
  }
  return quorum;
}

Result<std::shared_ptr<ProducerApi>> LocalOwning::begin_producing(const std::string& name,
                                                                  const ProducerOptions& options,
                                                                  OwnFeed::Sharing sharing, const Wait& wait) {
  SHOAL_TRY(MirrorQuorum quorum, quorum_of(options.acks));
  SHOAL_TRY(auto feed, context_.table->own(name));
  SHOAL_TRY(const auto host, own_host(name));
  if (!feed->producing()) context_.table->hear_peers(*host);
  SHOAL_TRY(const auto sender, feed->begin_producing(options, std::move(quorum), sharing, wait));
  return std::shared_ptr<ProducerApi>(std::make_shared<LocalProducer>(std::move(feed), sender, context_.node.lock()));
}

Result<std::shared_ptr<ProducerApi>> LocalOwning::open_producer(const std::string& name, const ProducerOptions& options,
                                                                const Wait& wait) {
  return begin_producing(name, options, OwnFeed::Sharing::exclusive, wait);
}

Result<std::shared_ptr<ProducerApi>> LocalOwning::share_producer(const std::string& name,
                                                                 const ProducerOptions& options, const Wait& wait) {
  return begin_producing(name, options, OwnFeed::Sharing::shared, wait);
}

}  // namespace shoal::node
