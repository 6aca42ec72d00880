#include "swarm/dht_watch.h"

#include <gtest/gtest.h>

namespace shoal::swarm {
namespace {

using namespace std::chrono_literals;

TEST(DhtWatch, SaysOnceThatNobodyAnswersAndThatItIsOver) {
  DhtWatch watch({"192.0.2.1:7000", "example.org:1"}, 0s);
  EXPECT_FALSE(watch.look(4s, 0));
  const auto said = watch.look(5s, 0);
  ASSERT_TRUE(said);
  EXPECT_NE(said->find("192.0.2.1:7000, example.org:1"), std::string::npos) << *said;
  EXPECT_FALSE(watch.look(600s, 0));
  EXPECT_EQ(watch.look(601s, 1), "the DHT answers now");
  EXPECT_FALSE(watch.watching());
  EXPECT_FALSE(watch.look(1000s, 1));
}

TEST(DhtWatch, IsSilentWhenAllIsWellOrNothingWasNamed) {
  DhtWatch well({"192.0.2.1:7000"}, 0s);
  EXPECT_FALSE(well.look(1s, 1));
  EXPECT_FALSE(well.look(600s, 1)) << "a quiet DHT is no dead one";
  DhtWatch none({}, 0s);
  EXPECT_FALSE(none.look(600s, 0));
}

}  // namespace
}  // namespace shoal::swarm
