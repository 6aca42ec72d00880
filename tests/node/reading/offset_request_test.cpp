#include "node/reading/offset_request.h"

#include "node/feeds/host_world.h"

using namespace std::chrono_literals;

namespace shoal::node {
namespace {

const TopicPartition kStream{"t", Partition(0)};

TEST(OffsetRequest, AsksOnTheStrandAndNotifiesWithTheAnswer) {
  testing::HostWorld world;
  const auto host = world.open();
  const auto request = OffsetRequest::start(*host, kStream, Offset(3), 500ms);
  EXPECT_FALSE(request->answer().has_value());
  const std::uint64_t version = host->news().version();
  world.time.run_for(400ms);
  EXPECT_FALSE(request->answer().has_value());
  world.time.run_for(200ms);
  ASSERT_TRUE(request->answer().has_value());
  // Nobody is connected.
  EXPECT_FALSE(request->answer()->ok());
  EXPECT_NE(host->news().version(), version);
}

TEST(OffsetRequest, IsForOneOffsetOfOnePartition) {
  testing::HostWorld world;
  const auto host = world.open();
  const auto request = OffsetRequest::start(*host, kStream, Offset(3), 1s);
  EXPECT_TRUE(request->is_for(kStream, Offset(3)));
  EXPECT_FALSE(request->is_for(kStream, Offset(4)));
  EXPECT_FALSE(request->is_for({"t", Partition(1)}, Offset(3)));
}

TEST(OffsetRequest, IsNotAskedOnceTheFeedIsGone) {
  testing::HostWorld world;
  auto host = world.open();
  const auto request = OffsetRequest::start(*host, kStream, Offset(3), 1s);
  host.reset();
  world.time.run_for(5s);
  EXPECT_FALSE(request->answer().has_value());
}

}  // namespace
}  // namespace shoal::node
