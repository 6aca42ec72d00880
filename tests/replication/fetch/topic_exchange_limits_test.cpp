#include "replication/core_world.h"
#include "replication/fetch/topic_exchange.h"
#include "replication/serve/request_server.h"

#include <string>
#include <vector>

using namespace std::chrono_literals;

namespace shoal::replication {
namespace {

struct QuestionWorld : testing::CoreWorld {
  QuestionWorld()
      : heads(
            core, [] {}, [] { return false; }),
        topics(core, heads) {}
  void fetch(const std::string& topic) {
    topics.fetch(topic, 60s, [](const Result<void>&) {});
  }
  std::vector<TopicStateRequest> asked(PeerId id) { return sent<TopicStateRequest>(id); }
  HeadExchange heads;
  TopicExchange topics;
};

TEST(TopicExchange, NoMoreQuestionsThanAllowedAreOpenAtOnePeer) {
  QuestionWorld world;
  world.take_head();
  const PeerId id = world.join();
  const std::size_t most = TopicExchange::kMostOfPeer;
  EXPECT_LE(4 * most, RequestServer::kMaxWaiting);
  for (std::size_t i = 0; i < most; ++i) world.fetch("topic" + std::to_string(i));
  EXPECT_EQ(world.asked(id).size(), most);
  world.fetch("one more");
  EXPECT_EQ(world.asked(id).size(), most);
  TopicStateReply none;
  none.request = world.asked(id).front().request;
  none.answer = TopicAnswer::not_held;
  world.topics.on_reply(id, world.peer(id), none);
  world.topics.tick();
  EXPECT_EQ(world.asked(id).size(), most + 1) << "an answer makes room for one";
  const PeerId other = world.join();
  world.fetch("and another");
  EXPECT_EQ(world.asked(id).size(), most + 1);
  EXPECT_EQ(world.asked(other).size(), 1U) << "others are asked at once";
  world.peer(id).gone = true;
  world.topics.forget(id);
  EXPECT_EQ(world.asked(other).size(), most);
}

}  // namespace
}  // namespace shoal::replication
