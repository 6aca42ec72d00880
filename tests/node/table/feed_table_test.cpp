#include "node/table/feed_table.h"

#include "node/api/feed_link.h"
#include "node/network/hand_transport.h"
#include "node/table/table_world.h"

namespace shoal::node {
namespace {

using namespace std::chrono_literals;
using replication::discovery_key;
using testing::code_of;
using testing::must;

class FeedTableTest : public testing::TableWorld {
 protected:
  FeedTableTest() {
    must(foreign_.open());
    must(foreign_.writer->commit({feed::testing::batch_of(feed::testing::stream("t"), {1})}));
  }
  [[nodiscard]] FeedReference foreign() const { return {foreign_.id(), "", false, {}}; }
  [[nodiscard]] std::optional<FeedReference> known(const FeedId& feed) const {
    std::optional<FeedReference> found;
    for (const FeedReference& reference : must(table_->known())) {
      if (reference.feed != feed) continue;
      EXPECT_FALSE(found.has_value()) << "twice";
      found = reference;
    }
    return found;
  }

  feed::testing::Producer foreign_{{}, 8};
};

TEST_F(FeedTableTest, AFeedIsFoundByNameIdAndLink) {
  open();
  const FeedId own = make_key("mine");
  const auto by_name = must(table_->resolve("mine"));
  EXPECT_EQ(by_name.feed, own);
  EXPECT_EQ(by_name.name, "mine");
  EXPECT_TRUE(by_name.own);
  const auto by_id = must(table_->resolve(own.hex()));
  EXPECT_EQ(by_id.feed, own);
  EXPECT_EQ(by_id.name, "mine");
  EXPECT_TRUE(by_id.own);
  const auto other = must(table_->resolve(foreign_.id().hex()));
  EXPECT_EQ(other.feed, foreign_.id());
  EXPECT_EQ(other.name, "");
  EXPECT_FALSE(other.own);
  const auto link = must(table_->resolve(format_feed_link({foreign_.id(), "x", {"192.0.2.1:7"}})));
  EXPECT_EQ(link.feed, foreign_.id());
  EXPECT_EQ(link.peer_hints, std::vector<std::string>{"192.0.2.1:7"});
}

TEST_F(FeedTableTest, WhatIsNoFeedIsSaid) {
  open();
  EXPECT_EQ(code_of(table_->resolve("nobody")), Code::not_found);
  EXPECT_EQ(code_of(table_->resolve(std::string(31, 'a'))), Code::not_found);
  EXPECT_EQ(code_of(table_->resolve(std::string(32, 'a'))), Code::invalid_argument);
  EXPECT_EQ(code_of(table_->resolve(std::string(32, 'x'))), Code::not_found);
}

TEST_F(FeedTableTest, ARemovedOwnFeedIsThatOfOthers) {
  open();
  const FeedId own = make_key("mine");
  publish(*must(table_->own("mine")));
  must(table_->remove(must(table_->resolve("mine"))));
  EXPECT_FALSE(must(table_->resolve("mine")).own);
  EXPECT_FALSE(must(table_->resolve(own.hex())).own);
  EXPECT_EQ(must(table_->resolve(own.hex())).name, "mine");
  EXPECT_EQ(code_of(table_->own("mine")), Code::unsafe_to_sign);
  EXPECT_FALSE(known(own).has_value());
  must(table_->host(must(table_->resolve("mine"))));
  ASSERT_TRUE(known(own).has_value());
  EXPECT_FALSE(known(own)->own);
  EXPECT_EQ(known(own)->name, "mine");
}

TEST_F(FeedTableTest, AFeedIsOpenedOnce) {
  open();
  const FeedId own = make_key("mine");
  const auto writer = must(table_->own("mine"));
  EXPECT_EQ(must(table_->own("mine")), writer);
  const auto host = must(table_->host({own, "mine", true, {}}));
  EXPECT_EQ(must(table_->host({own, "mine", true, {}})), host);
  EXPECT_TRUE(host->own());
  EXPECT_FALSE(host->own_terms().writer_problem().has_value());
  const auto other = must(table_->host(foreign()));
  EXPECT_FALSE(other->own());
  EXPECT_EQ(must(table_->host(foreign())), other);
  EXPECT_EQ(table_->open_hosts().size(), 2U);
}

TEST_F(FeedTableTest, AnOwnFeedOpensWithItsWriter) {
  open();
  const FeedId own = make_key("mine");
  publish(*must(table_->own("mine")));
  close();
  open();
  const auto host = must(table_->host({own, "mine", true, {}}));
  EXPECT_EQ(host->reader().head()->tree_size, 1U);
  EXPECT_TRUE(must(table_->own("mine"))->has_head());
  EXPECT_TRUE(log_.lines().empty());
}

TEST_F(FeedTableTest, AnOwnFeedWhoseKeyDoesNotOpenIsReadOnly) {
  open();
  const FeedId own = make_key("mine");
  publish(*must(table_->own("mine")));
  close();
  open();
  const auto host = must(table_->host({own, "other", true, {}}));  // no key has this name
  ASSERT_TRUE(host->own_terms().writer_problem().has_value());
  EXPECT_EQ(host->own_terms().writer_problem()->code, Code::not_found);
  ASSERT_EQ(log_.lines().size(), 1U);
  EXPECT_NE(log_.lines()[0].find("reading only"), std::string::npos);
  // Once the writer is there, nothing is wrong any more.
  must(table_->own("mine"));
  EXPECT_FALSE(host->own_terms().writer_problem().has_value());
}

TEST_F(FeedTableTest, AVolatileFeedIsKnownUntilTheEnd) {
  open();
  make_key("mine");
  EXPECT_EQ(code_of(table_->open_volatile("mine")), Code::already_exists);
  EXPECT_EQ(code_of(table_->open_volatile("no/name")), Code::invalid_argument);
  const auto made = must(table_->open_volatile("v"));
  EXPECT_TRUE(made.created);
  const auto again = must(table_->open_volatile("v"));
  EXPECT_FALSE(again.created);
  EXPECT_EQ(again.feed, made.feed);
  EXPECT_TRUE(table_->is_volatile(made.feed));
  EXPECT_FALSE(table_->is_volatile(foreign_.id()));
  EXPECT_EQ(must(table_->resolve("v")).feed, made.feed);
  EXPECT_TRUE(must(table_->resolve("v")).own);
  EXPECT_EQ(must(table_->resolve(made.feed.hex())).name, "v");
  EXPECT_TRUE(must(table_->resolve(made.feed.hex())).own);
  publish(*must(table_->own("v")));
  ASSERT_TRUE(known(made.feed).has_value());
  EXPECT_TRUE(known(made.feed)->own);
  close();
  open();
  EXPECT_EQ(code_of(table_->resolve("v")), Code::not_found);
  EXPECT_FALSE(known(made.feed).has_value());
}

TEST_F(FeedTableTest, EveryFeedIsKnownOnce) {
  open();
  EXPECT_TRUE(must(table_->known()).empty());
  const FeedId own = make_key("mine");
  must(table_->own("mine"));
  must(table_->host(foreign()));
  EXPECT_EQ(must(table_->known()).size(), 2U);
  ASSERT_TRUE(known(own).has_value());
  EXPECT_TRUE(known(own)->own);
  ASSERT_TRUE(known(foreign_.id()).has_value());
  EXPECT_FALSE(known(foreign_.id())->own);
  EXPECT_EQ(known(foreign_.id())->name, "");
}

TEST_F(FeedTableTest, AMirrorIsResumed) {
  open();
  make_key("mine");
  must(table_->own("mine"));
  MirrorOptions options;
  options.topics = {"a"};
  {
    const auto host = must(table_->mirror(foreign(), options));
    EXPECT_EQ(host->terms().options(), options);
    fetch(foreign_, *host);
  }
  close();
  open();
  table_->resume_mirrors();
  const auto resumed = must(table_->host(foreign()));
  EXPECT_EQ(resumed->terms().options(), options);
  EXPECT_EQ(resumed->reader().head()->tree_size, 1U);
  EXPECT_TRUE(log_.lines().empty());
  // Who set other options meanwhile is not overruled.
  resumed->set_mirror(MirrorOptions{});
  table_->resume_mirrors();
  EXPECT_EQ(resumed->terms().options(), MirrorOptions{});
}

TEST_F(FeedTableTest, RetentionIsKept) {
  open();
  const FeedId own = make_key("mine");
  const FeedReference mine{own, "mine", true, {}};
  EXPECT_FALSE(must(table_->host(mine))->own_terms().retention().has_value());
  Retention retention;
  retention.max_bytes = 5;
  must(table_->set_retention(mine, retention));
  EXPECT_EQ(must(table_->host(mine))->own_terms().retention(), retention);
  close();
  open();
  EXPECT_EQ(must(table_->host(mine))->own_terms().retention(), retention);
  must(table_->set_retention(mine, {}));
  EXPECT_FALSE(must(table_->host(mine))->own_terms().retention().has_value());
}

TEST_F(FeedTableTest, AFeedJoinsTheSwarmAndDialsItsPeers) {
  peers_ = {"192.0.2.1:7"};
  open(true);
  const std::string pinned = feed::testing::test_key(9).public_key().hex() + "@192.0.2.3:9";
  FeedReference hinted = foreign();
  hinted.peer_hints = {"192.0.2.2:8", "nonsense", pinned};
  must(table_->host(hinted));
  const auto calls = swarm_.calls();
  EXPECT_EQ(calls.joins, std::vector{discovery_key(foreign_.id())});
  ASSERT_EQ(calls.dials.size(), 3U);
  EXPECT_EQ(calls.dials[0].key, discovery_key(foreign_.id()));
  EXPECT_EQ(calls.dials[0].address, "192.0.2.1:7");
  EXPECT_EQ(calls.dials[1].address, "192.0.2.2:8");
  EXPECT_FALSE(calls.dials[1].pinned.has_value());
  EXPECT_EQ(calls.dials[2].address, "192.0.2.3:9");
  EXPECT_EQ(calls.dials[2].pinned, feed::testing::test_key(9).public_key());
  EXPECT_EQ(log_.lines().size(), 1U);
  // Of an open feed new hints are dialled, and it joins no second time.
  hinted.peer_hints = {"192.0.2.4:1"};
  must(table_->host(hinted));
  EXPECT_EQ(swarm_.calls().joins.size(), 1U);
  ASSERT_EQ(swarm_.calls().dials.size(), 4U);
  EXPECT_EQ(swarm_.calls().dials[3].address, "192.0.2.4:1");
}

TEST_F(FeedTableTest, ARemovedFeedLeavesTheSwarm) {
  open(true);
  const auto host = must(table_->host(foreign()));
  must(table_->remove(foreign()));
  EXPECT_EQ(swarm_.calls().leaves, std::vector{discovery_key(foreign_.id())});
  // Nobody connects for it any more, and nothing is asked for it.
  const auto transport =
      std::make_shared<testing::HandTransport>(replication::PeerAddress{"192.0.2.1:5", "tcp", false});
  const auto handler = hub_->acceptor(foreign_.id())->on_connected(transport);
  EXPECT_EQ(transport->closed(), "the feed is not served any more");
  replication::PeerView peer;
  peer.address.dial_at = "192.0.2.1:5";
  discovery_->note_peers(*host, {peer});
  EXPECT_TRUE(swarm_.calls().needs.empty());
}

TEST_F(FeedTableTest, OfflineNobodyIsDialled) {
  open();
  FeedReference hinted = foreign();
  hinted.peer_hints = {"192.0.2.2:8", "nonsense"};
  EXPECT_FALSE(must(table_->host(hinted))->online());
  EXPECT_TRUE(log_.lines().empty());
}

TEST_F(FeedTableTest, OnceReleasedItIsClosedAndTheDirectoryFree) {
  open();
  make_key("mine");
  const auto writer = must(table_->own("mine"));
  publish(*writer);
  must(table_->mirror(foreign(), {}));
  thread_->stop();
  table_->close_feeds();
  pool_->stop();
  table_->release();
  EXPECT_EQ(code_of(table_->storage()), Code::closed);
  EXPECT_EQ(code_of(table_->host(foreign())), Code::closed);
  EXPECT_EQ(code_of(table_->own("mine")), Code::closed);
  EXPECT_EQ(code_of(table_->known()), Code::closed);
  EXPECT_TRUE(Storage::open(dir_ / "data", log_).ok());
}

}  // namespace
}  // namespace shoal::node
