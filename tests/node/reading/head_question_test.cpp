#include "node/reading/head_question.h"

#include "node/feeds/host_world.h"

using namespace std::chrono_literals;

namespace shoal::node {
namespace {

TEST(HeadQuestion, EndsAtItsTimeoutWhenNobodyIsThere) {
  testing::HostWorld world;
  const auto host = world.open();
  const auto question = HeadQuestion::ask(*host, 100ms, 2s);
  const std::uint64_t version = host->news().version();
  world.time.run_for(1900ms);
  EXPECT_FALSE(question->done);
  world.time.run_for(200ms);
  EXPECT_TRUE(question->done);
  EXPECT_FALSE(question->answered);
  EXPECT_NE(host->news().version(), version);
}

TEST(HeadQuestion, IsNotAskedOnceTheFeedIsGone) {
  testing::HostWorld world;
  auto host = world.open();
  const auto question = HeadQuestion::ask(*host, 100ms, 2s);
  host.reset();
  world.time.run_for(5s);
  EXPECT_FALSE(question->done);
}

}  // namespace
}  // namespace shoal::node
