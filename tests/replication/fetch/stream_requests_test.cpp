#include "replication/fetch/stream_requests.h"

#include "replication/core_world.h"

using namespace std::chrono_literals;

namespace shoal::replication {
namespace {

using feed::testing::stream;
using testing::wire_size;

/// A reader without blocks of a feed whose blocks belong to a, b, c, a, b, c ...: eight of each.
struct RequestsWorld : testing::CoreWorld {
  explicit RequestsWorld(std::size_t value_size = 16)
      : CoreWorld(0, value_size),
        heads(
            core, [] {}, [] { return false; }),
        fetcher(core, heads, hooks()),
        requests(core, fetcher) {
    for (int i = 0; i < 24; ++i) publish(1, std::string(1, static_cast<char>('a' + i % 3)));
    take_head();
  }
  BlockFetcher::Hooks hooks() {
    BlockFetcher::Hooks out;
    out.on_run = [this](const FetchWant& want, const Data& run) {
      if (const auto cut = requests.on_run(want, run)) cuts.push_back(*cut);
    };
    out.on_payload = [this](const FetchWant& want, BlockIndex) { requests.on_payload(want); };
    out.on_end = [this](const FetchWant& want, std::optional<EndReason>) {
      if (const auto request = requests.on_end(want)) ended.push_back(*request);
    };
    out.on_new_blocks = [] {};
    out.has_alternative = [](const FetchWant&) { return true; };
    return out;
  }
  static StreamRequests::Request of(const std::string& topic, std::uint64_t begin = 0, std::uint64_t end = 24) {
    StreamRequests::Request request;
    request.streams = {stream(topic)};
    request.begin = begin;
    request.end = end;
    return request;
  }
  /// A request whose streams have so many bytes for each block of the feed.
  static StreamRequests::Request dense(double bytes_per_block) {
    StreamRequests::Request request = of("b");
    request.bytes_per_block = bytes_per_block;
    return request;
  }
  Want want_of(PeerId id) { return sent<Want>(id).back(); }
  void give(PeerId id, Body body) {
    const std::size_t size = wire_size(body);
    if (auto* data = std::get_if<Data>(&body)) fetcher.on_data(id, peer(id), *data, size);
    if (auto* piece = std::get_if<Piece>(&body)) fetcher.on_piece(id, peer(id), std::move(*piece), size);
    if (auto* end = std::get_if<WantEnd>(&body)) fetcher.on_end(id, peer(id), *end);
  }
  /// The peer brought `bytes` a second for some seconds.
  void measured(PeerId id, std::uint64_t bytes) {
    peer(id).path.set_owing(true, core.now());
    for (int i = 0; i < 30; ++i) {
      time.run_for(100ms);
      peer(id).path.delivered(bytes / 10, core.now());
    }
  }

  HeadExchange heads;
  BlockFetcher fetcher;
  StreamRequests requests;
  std::vector<StreamRequests::Request> cuts;
  std::vector<StreamRequests::Request> ended;
};

TEST(StreamRequests, SendsAWantForTheWholeRangeWhileTheDensityIsNotKnown) {
  RequestsWorld world;
  const PeerId id = world.join();
  EXPECT_EQ(world.requests.ask(id, RequestsWorld::of("b", 3, 20), 1), 20U);
  ASSERT_EQ(world.sent<Want>(id).size(), 1U);
  EXPECT_EQ(world.want_of(id).begin, 3U);
  EXPECT_EQ(world.want_of(id).end, 20U);
  EXPECT_EQ(world.want_of(id).base, 0U) << "the edge at 3 is not known";
  EXPECT_EQ(world.want_of(id).tree_size, 24U);
  EXPECT_EQ(world.want_of(id).streams, std::vector{stream("b")});
  EXPECT_FALSE(world.want_of(id).headers_only);
  EXPECT_TRUE(world.requests.pending(stream("b")).contains(3, 20));
  EXPECT_FALSE(world.requests.pending(stream("b")).contains(2));
  EXPECT_FALSE(world.requests.pending(stream("b")).contains(20));
  EXPECT_TRUE(world.requests.pending(stream("a")).runs().empty());
}

TEST(StreamRequests, ProvesFromTheBeginWhereTheEdgeIsKnown) {
  RequestsWorld world;
  const PeerId id = world.join();
  world.publish();
  const auto growth = merkle::build_cover(world.publisher.tree(), 24, 25, {});
  ASSERT_TRUE(world.follower.mirror->accept(world.head(), 24, {}, *growth).ok());
  world.requests.ask(id, RequestsWorld::of("b", 24, 25), 1);
  EXPECT_EQ(world.want_of(id).base, 24U);
}

TEST(StreamRequests, ARequestThatCannotBeSentIsNotPending) {
  RequestsWorld world;
  const PeerId id = world.join();
  EXPECT_EQ(world.requests.ask(id, RequestsWorld::of("b", 5, 5), 1), std::nullopt);
  EXPECT_EQ(world.requests.ask(PeerId{99}, RequestsWorld::of("b"), 1), std::nullopt);
  EXPECT_TRUE(world.requests.pending(stream("b")).runs().empty());
  EXPECT_TRUE(world.sent<Want>(id).empty());
}

TEST(StreamRequests, WithoutAHeadNothingIsAskedFor) {
  testing::CoreWorld world;
  HeadExchange heads(
      world.core, [] {}, [] { return false; });
  BlockFetcher fetcher(world.core, heads, {});
  StreamRequests requests(world.core, fetcher);
  const PeerId id = world.join();
  EXPECT_EQ(requests.ask(id, RequestsWorld::of("t"), 1), std::nullopt);
  EXPECT_TRUE(world.outbox(id).sent.empty());
}

TEST(StreamRequests, IsCutToWhatThePeerBringsInHalfASecond) {
  RequestsWorld world;
  const PeerId id = world.join();
  // 256 KiB before the rate is known; all is 24 MiB, whose fourth part is more.
  EXPECT_EQ(world.requests.ask(id, RequestsWorld::dense(64 << 10), 4), 4U);
  EXPECT_EQ(world.want_of(id).end, 4U);
  // A stalled peer gets 64 KiB.
  world.peer(id).stalls = 1;
  EXPECT_EQ(world.requests.ask(id, RequestsWorld::dense(32 << 10), 4), 2U);
  EXPECT_EQ(world.requests.ask(id, RequestsWorld::dense(1e9), 4), 1U) << "at least one block";
  EXPECT_EQ(world.requests.ask(id, RequestsWorld::dense(1), 4), 24U) << "all when it is less";
  StreamRequests::Request headers = RequestsWorld::dense(1e9);
  headers.headers_only = true;
  EXPECT_EQ(world.requests.ask(id, headers, 4), 24U);
  EXPECT_TRUE(world.want_of(id).headers_only);
}

TEST(StreamRequests, NearTheEndIsCutToThePeersShare) {
  RequestsWorld world;
  const PeerId id = world.join();
  // All is 768 KiB; half of it in four portions is 96 KiB.
  EXPECT_EQ(world.requests.ask(id, RequestsWorld::dense(32 << 10), 0.5), 3U);
  EXPECT_EQ(world.requests.ask(id, RequestsWorld::dense(32 << 10), 0), 2U) << "64 KiB at least";
}

TEST(StreamRequests, ACutCountsFromTheBeginOfTheRequest) {
  RequestsWorld world;
  const PeerId id = world.join();
  world.peer(id).stalls = 1;
  StreamRequests::Request request = RequestsWorld::dense(32 << 10);
  request.begin = 20;
  EXPECT_EQ(world.requests.ask(id, request, 1), 22U);
  request.begin = 22;
  EXPECT_EQ(world.requests.ask(id, request, 1), 24U);
}

TEST(StreamRequests, ARequestThatTurnsOutTooMuchIsCutAndEndsEarly) {
  RequestsWorld world(50'000);
  const PeerId id = world.join();
  world.peer(id).stalls = 1;
  world.requests.ask(id, RequestsWorld::of("b"), 1);
  std::vector<Body> all = world.serve(world.want_of(id));
  ASSERT_GT(all.size(), 4U);
  ASSERT_TRUE(world.cuts.empty());
  world.give(id, all[0]);
  // Two blocks of the feed brought 50 KB; 64 KiB are two more.
  ASSERT_EQ(world.cuts.size(), 1U);
  EXPECT_EQ(world.cuts[0].begin, 0U);
  EXPECT_EQ(world.cuts[0].end, 4U);
  EXPECT_EQ(world.cuts[0].streams, std::vector{stream("b")});
  EXPECT_NEAR(world.cuts[0].bytes_per_block, 25'000, 500);
  EXPECT_FALSE(world.requests.pending(stream("b")).contains(4)) << "the rest may be asked elsewhere";
  EXPECT_TRUE(world.sent<Cancel>(id).empty());
  world.give(id, all[1]);
  EXPECT_EQ(world.sent<Cancel>(id).size(), 1U) << "block 4 came, which is behind the end";
  ASSERT_EQ(world.ended.size(), 1U);
  EXPECT_EQ(world.ended[0].end, 4U);
}

TEST(StreamRequests, ASmallExcessIsNotCut) {
  RequestsWorld world(50'000);
  const PeerId id = world.join();
  // 256 KiB are ten blocks of the feed; the 22 that are left are less than four times as many.
  world.requests.ask(id, RequestsWorld::of("b"), 1);
  world.give(id, world.serve(world.want_of(id)).front());
  EXPECT_TRUE(world.cuts.empty());
  EXPECT_TRUE(world.requests.pending(stream("b")).contains(0, 24));
}

TEST(StreamRequests, AWantThatEndsGivesItsRequestBack) {
  RequestsWorld world;
  const PeerId id = world.join();
  world.requests.ask(id, RequestsWorld::of("b"), 1);
  const Want want = world.want_of(id);
  for (Body& body : world.serve(want)) world.give(id, std::move(body));
  ASSERT_EQ(world.ended.size(), 1U);
  EXPECT_EQ(world.ended[0].streams, std::vector{stream("b")});
  EXPECT_EQ(world.ended[0].end, 24U);
  EXPECT_GT(world.ended[0].bytes_per_block, 0);
  EXPECT_TRUE(world.requests.pending(stream("b")).runs().empty());
  EXPECT_TRUE(world.sent<Cancel>(id).empty());
}

TEST(StreamRequests, WantsOfOthersAreNotItsOwn) {
  RequestsWorld world;
  const PeerId id = world.join();
  FetchWant::Ask ask;
  ask.peer = id;
  ask.proof = world.head();
  ask.end = 24;
  world.fetcher.ask(ask);
  for (Body& body : world.serve(world.want_of(id))) world.give(id, std::move(body));
  EXPECT_TRUE(world.ended.empty());
  EXPECT_TRUE(world.cuts.empty());
  EXPECT_EQ(world.closed(id), "");
}

TEST(StreamRequests, ClearCancelsAllOfThem) {
  RequestsWorld world;
  const PeerId id = world.join();
  world.requests.ask(id, RequestsWorld::of("b"), 1);
  world.requests.ask(id, RequestsWorld::of("c"), 1);
  world.requests.clear();
  EXPECT_EQ(world.sent<Cancel>(id).size(), 2U);
  EXPECT_TRUE(world.ended.empty()) << "they are forgotten";
  EXPECT_TRUE(world.requests.pending(stream("b")).runs().empty());
}

/// One peer that owes most of a request, and a fast one without work.
struct ShareWorld : RequestsWorld {
  ShareWorld() : RequestsWorld(50'000), owner(join()), helper(join()) {
    peer(helper).path.measured_trip(10ms, core.now());
    measured(helper, 600'000);
    peer(helper).path.set_owing(false, core.now());
    measured(owner, 300'000);
    requests.ask(owner, of("b"), 1);
    give(owner, serve(want_of(owner)).front());
  }
  void share(bool able = true) {
    requests.share({helper}, [able](PeerId, const StreamRequests::Request&) { return able; });
  }
  PeerId owner;
  PeerId helper;
};

TEST(StreamRequests, APeerWithoutWorkTakesTheEndOfTheLongestRequest) {
  ShareWorld world;
  world.share();
  ASSERT_EQ(world.sent<Want>(world.helper).size(), 1U);
  const Want taken = world.want_of(world.helper);
  EXPECT_GT(taken.begin, 2U) << "the owner keeps its share";
  EXPECT_EQ(taken.end, 24U);
  EXPECT_EQ(taken.streams, std::vector{stream("b")});
  EXPECT_TRUE(world.requests.pending(stream("b")).contains(0, 24)) << "all of it is asked for";
  EXPECT_TRUE(world.sent<Cancel>(world.owner).empty());
  for (Body& body : world.serve(taken)) world.give(world.helper, std::move(body));
  const RangeSet pending = world.requests.pending(stream("b"));
  EXPECT_TRUE(pending.contains(0, taken.begin));
  EXPECT_FALSE(pending.contains(taken.begin)) << "no part is asked for twice";
}

TEST(StreamRequests, OfAPeerThatBringsNothingAllIsTaken) {
  ShareWorld world;
  world.time.run_for(4s);
  world.share();
  ASSERT_EQ(world.sent<Want>(world.helper).size(), 1U);
  EXPECT_EQ(world.want_of(world.helper).begin, 2U);
  EXPECT_EQ(world.sent<Cancel>(world.owner).size(), 1U) << "what is left of its request is here";
  EXPECT_FALSE(world.requests.pending(stream("b")).contains(0));
}

TEST(StreamRequests, TakesNothingOverThatThePeerMayNotBeAskedFor) {
  ShareWorld world;
  world.share(false);
  EXPECT_TRUE(world.sent<Want>(world.helper).empty());
}

TEST(StreamRequests, APeerWithWorkTakesNothingOver) {
  ShareWorld world;
  world.requests.ask(world.helper, RequestsWorld::of("c"), 1);
  world.share();
  EXPECT_EQ(world.sent<Want>(world.helper).size(), 1U);
}

TEST(StreamRequests, SharesAtIntervals) {
  ShareWorld world;
  world.share(false);
  world.time.run_for(40ms);
  world.share();
  EXPECT_TRUE(world.sent<Want>(world.helper).empty());
  world.time.run_for(10ms);
  world.share();
  EXPECT_EQ(world.sent<Want>(world.helper).size(), 1U);
}

TEST(StreamRequests, RequestsForHeadersAreNotShared) {
  RequestsWorld world;
  const PeerId owner = world.join();
  StreamRequests::Request request = RequestsWorld::dense(50'000);
  request.headers_only = true;
  world.requests.ask(owner, request, 1);
  const PeerId helper = world.join();
  world.measured(helper, 10'000'000);
  world.requests.share({helper}, [](PeerId, const StreamRequests::Request&) { return true; });
  EXPECT_TRUE(world.sent<Want>(helper).empty());
}

TEST(StreamRequests, RequestsOfUnknownDensityAreNotShared) {
  RequestsWorld world;
  const PeerId owner = world.join();
  world.requests.ask(owner, RequestsWorld::of("b"), 1);
  const PeerId helper = world.join();
  world.measured(helper, 10'000'000);
  world.requests.share({helper}, [](PeerId, const StreamRequests::Request&) { return true; });
  EXPECT_TRUE(world.sent<Want>(helper).empty());
}

}  // namespace
}  // namespace shoal::replication
