#include "feed_text.h"

#include "output.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace shoal::command {
namespace {

using Json = nlohmann::json;

FeedInfo sample() {
  FeedInfo info;
  info.name = "quakes";
  info.own = true;
  info.tree_size = 12;
  info.held_blocks = 11;
  info.root_hash = "ab";
  info.head_time = UnixMs(1517616000000);
  info.mirrors = {{.node_key = "ab12", .name = "backup", .tree_size = 4, .since = UnixMs(1000), .time = UnixMs(2000)},
                  {.node_key = "cd34", .tree_size = 3, .topics = {"us"}, .oldest = UnixMs(5), .connected = true}};
  info.disk_bytes = 4096;
  info.topics.push_back({.name = "us", .partition = Partition(1), .end_offset = Offset(168), .bytes = 99});
  return info;
}

TEST(FeedText, InfoJsonHasTheContractsMembers) {
  const Json json = Json::parse(info_json(sample()));
  EXPECT_EQ(json["feed"], std::string(64, '0'));
  EXPECT_EQ(json["name"], "quakes");
  EXPECT_EQ(json["tree_size"], 12);
  EXPECT_EQ(json["held_blocks"], 11);
  EXPECT_EQ(json["root_hash"], "ab");
  EXPECT_EQ(json["epoch"], 0);
  EXPECT_EQ(json["head_time_ms"], 1517616000000);
  ASSERT_EQ(json["mirrors"].size(), 2U);
  EXPECT_EQ(json["mirrors"][0]["name"], "backup");
  EXPECT_EQ(json["mirrors"][0]["tree_size"], 4);
  EXPECT_EQ(json["mirrors"][0]["everything"], true);
  EXPECT_EQ(json["mirrors"][0]["oldest_ms"], nullptr);
  EXPECT_EQ(json["mirrors"][0]["since_ms"], 1000);
  EXPECT_EQ(json["mirrors"][1]["topics"], nlohmann::json::array({"us"}));
  EXPECT_EQ(json["mirrors"][1]["connected"], true);
  EXPECT_EQ(json["disk_bytes"], 4096);
  ASSERT_EQ(json["topics"].size(), 1U);
  for (const char* member :
       {"name", "partition", "log_start_offset", "high_watermark", "end_offset", "bytes", "complete"}) {
    EXPECT_TRUE(json["topics"][0].contains(member)) << member;
  }
  EXPECT_EQ(Json::parse(topics_json(sample())), json["topics"]);
}

TEST(FeedText, NoHeadIsNull) { EXPECT_TRUE(Json::parse(info_json({}))["head_time_ms"].is_null()); }

TEST(FeedText, TitlesThatAreNotUtf8DoNotEndTheProcess) {
  FeedInfo info = sample();
  info.title = "\xff";
  EXPECT_EQ(Json::parse(info_json(info))["title"], "\xef\xbf\xbd");
}

TEST(FeedText, ListsAreArrays) {
  EXPECT_EQ(feeds_json({}), "[]\n");
  EXPECT_EQ(peers_json({}), "[]\n");
  EXPECT_EQ(Json::parse(peers_json({PeerInfo{}}))[0]["round_trip_us"], Json());
}

TEST(FeedText, APeerShowsWhatItHoldsAndHowFastItIs) {
  PeerInfo peer;
  peer.address = "127.0.0.1:7001";
  peer.node_key = "ab12";
  peer.held_begin = 3;
  peer.held_end = 12;
  peer.rate_in = 4096;
  peer.round_trip_us = 1234;
  peer.since = UnixMs(1000);
  const std::string text = peers_text({peer}, UnixMs(1000 + 7200'000));
  EXPECT_NE(text.find("3..12 (part)"), std::string::npos);
  EXPECT_NE(text.find("1.2 ms"), std::string::npos);
  EXPECT_NE(text.find("4096"), std::string::npos);
  EXPECT_NE(text.find("2 h"), std::string::npos);
  EXPECT_NE(text.find("ab12"), std::string::npos);
  peer.name = "lighthouse";
  peer.suspect = true;
  peer.complete = true;
  const std::string named = peers_text({peer}, UnixMs(1000));
  EXPECT_NE(named.find("lighthouse"), std::string::npos);
  EXPECT_EQ(named.find("ab12"), std::string::npos);
  EXPECT_NE(named.find("silent"), std::string::npos);
  EXPECT_EQ(named.find("(part)"), std::string::npos);
}

TEST(FeedText, AHeadThatNobodyHasIsSaid) {
  EXPECT_EQ(hint_text(std::nullopt), "");
  EXPECT_NE(hint_text(HeadHintInfo{12, UnixMs(1517616000000)}).find("a newer head of 12 blocks, signed 2018-02-03"),
            std::string::npos);
}

TEST(FeedText, TablesAreAligned) {
  EXPECT_EQ(format_table({{"A", "B"}, {"long", "x"}}), "A     B\nlong  x\n");
  EXPECT_NE(info_text(sample(), UnixMs(1517616000000 + 7200'000)).find("2018-02-03T00:00:00.000Z (2 h ago)"),
            std::string::npos);
}

TEST(FeedText, AHeadFromTheFutureIsSaidToBeOne) {
  const std::string text = info_text(sample(), UnixMs(1517616000000 - 7200'000));
  EXPECT_NE(text.find("(2 h in the future: this machine's clock or the owner's is wrong)"), std::string::npos) << text;
}

TEST(FeedText, TheProofOfAForkIsNamed) {
  FeedInfo info = sample();
  info.forked = true;
  info.fork_proof = "/data/forks/ab.fork";
  EXPECT_NE(info_text(info, UnixMs(0)).find("proof: /data/forks/ab.fork"), std::string::npos);
  EXPECT_EQ(Json::parse(info_json(info))["fork_proof"], "/data/forks/ab.fork");
}

TEST(FeedText, AContradictionIsNamed) {
  FeedInfo info = sample();
  EXPECT_EQ(info_text(info, UnixMs(0)).find("contradicts"), std::string::npos);
  info.contradiction = "at block 5, under the head of size 9: x";
  EXPECT_NE(info_text(info, UnixMs(0)).find("the owner contradicts himself at block 5"), std::string::npos);
  EXPECT_EQ(Json::parse(info_json(info))["contradiction"], info.contradiction);
}

}  // namespace
}  // namespace shoal::command
