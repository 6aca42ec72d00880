#pragma once

#include "base/clock.h"
#include "feed/feed_world.h"
#include "node/network/fake_swarm.h"
#include "node/network/network_world.h"
#include "node/node_testing.h"
#include "node/table/feed_table.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace shoal::node::testing {

/// The feeds of a directory, without the node around them; online it has a swarm that only notes what it is asked.
class TableWorld : public ::testing::Test {
 protected:
  ~TableWorld() override { close(); }

  void open(bool online = false) {
    auto storage = must(Storage::open(dir_ / "data", log_));
    keys_ = std::make_unique<KeyStore>(storage->directory->keys(), nullptr);
    mirrors_ = std::make_unique<TrustedMirrors>(storage->directory->keys());
    pool_ = std::make_unique<WorkerPool>(2);
    hub_ = std::make_shared<PeerHub>(feed::testing::test_key(40), *pool_, clock_, log_);
    thread_ = std::make_unique<CommitThread>(clock_);
    FeedTable::Context context;
    context.forks = storage->directory->forks();
    context.storage = std::move(storage);
    context.keys = keys_.get();
    context.mirrors = mirrors_.get();
    context.pool = pool_.get();
    context.hub = hub_.get();
    context.commit_thread = thread_.get();
    context.clock = &clock_;
    context.log = &log_;
    context.peers = peers_;
    if (online) {
      discovery_ = std::make_shared<Discovery>(Discovery::Context{&swarm_, pool_.get(), &clock_, &log_, true, true});
      discovery_->start();
      context.swarm = &swarm_;
      context.discovery = discovery_;
    }
    table_ = std::make_unique<FeedTable>(std::move(context));
  }
  void close() {
    if (!table_) return;
    table_->stop_taking();
    if (discovery_) discovery_->stop();
    thread_->stop();
    table_->close_feeds();
    hub_->close();
    pool_->stop();
    table_->release();
    table_.reset();
    discovery_.reset();
  }

  /// The id of a new key.
  FeedId make_key(const std::string& name) { return FeedId{must(keys_->generate(name)).key}; }
  static void publish(OwnFeed& feed) {
    const auto sender = must(feed.begin_producing({}, {}, OwnFeed::Sharing::exclusive));
    must(feed.send(sender, record("t", "v"), {5s}));
    must(feed.flush(sender, {5s}));
    feed.end_producing(sender);
  }
  /// Another node's feed, all of which is brought to its host here.
  static void fetch(const feed::testing::Producer& from, FeedHost& host) {
    const auto reader = from.reader();
    const feed::Checkpoint head = *reader.head();
    EXPECT_TRUE(host.run([&] {
      const std::uint64_t begin = host.log().header_prefix();
      const auto blocks = feed::testing::span(begin, head.tree_size);
      EXPECT_TRUE(feed::testing::deliver(reader, head, begin, blocks).to(*host.mirror()).ok());
    }));
  }

  TempDir dir_;
  base::SystemClock clock_;
  WarningLog log_;
  FakeSwarm swarm_;
  std::vector<std::string> peers_;
  std::unique_ptr<KeyStore> keys_;
  std::unique_ptr<TrustedMirrors> mirrors_;
  std::unique_ptr<WorkerPool> pool_;
  std::shared_ptr<PeerHub> hub_;
  std::unique_ptr<CommitThread> thread_;
  std::shared_ptr<Discovery> discovery_;
  std::unique_ptr<FeedTable> table_;
};

}  // namespace shoal::node::testing
