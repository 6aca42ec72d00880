#include "text/topic_name.h"

#include <gtest/gtest.h>

namespace shoal::command {
namespace {

TEST(TopicName, FollowsKafkasRule) {
  for (const std::string& name :
       {std::string("a"), std::string("A.b_c-9"), std::string("..."), std::string(249, 'x')}) {
    EXPECT_TRUE(is_topic_name(name)) << name;
  }
  for (const std::string& name :
       {std::string(), std::string("."), std::string(".."), std::string("a/b"), std::string("a b"),
        std::string("\xc3\xa4"), std::string(250, 'x'), std::string("a\0b", 3)}) {
    EXPECT_FALSE(is_topic_name(name)) << name;
  }
}

TEST(TopicName, GlobsMayHoldWildcards) {
  EXPECT_TRUE(check_topic_glob("us*").ok());
  EXPECT_TRUE(check_topic_glob("?[a-c]").ok());
  EXPECT_FALSE(check_topic_glob("").ok());
  EXPECT_FALSE(check_topic_glob("a/*").ok());
}

TEST(TopicName, DotsReplaceEachIllegalByte) {
  std::string topic;
  ASSERT_TRUE(map_topic("realAWS/ec2 cpu", TopicMap::dots, topic).ok());
  EXPECT_EQ(topic, "realAWS.ec2.cpu");
  ASSERT_TRUE(map_topic("\xc3\xa4", TopicMap::dots, topic).ok() == false) << "two bytes make .., which is no topic";
  EXPECT_FALSE(map_topic("a/b", TopicMap::strict, topic).ok());
  EXPECT_FALSE(map_topic("", TopicMap::dots, topic).ok());
  EXPECT_FALSE(map_topic(std::string(250, 'x'), TopicMap::dots, topic).ok());
}

TEST(TopicName, MessagesHoldNoControlCharacters) {
  const auto checked = check_topic_name("\x1b[31m\n");
  ASSERT_FALSE(checked.ok());
  EXPECT_EQ(checked.error().message, "illegal topic name '?[31m?'");
}

}  // namespace
}  // namespace shoal::command
