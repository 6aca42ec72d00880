#include "text/nearest_name.h"

#include <gtest/gtest.h>

namespace shoal::command {
namespace {

const std::vector<std::string> kNames = {"pub", "sub", "get", "mirror", "verify", "key export"};

TEST(NearestName, ForgivesTwoLettersOrASwap) {
  EXPECT_EQ(nearest_name("miror", kNames), "mirror");
  EXPECT_EQ(nearest_name("mirrror", kNames), "mirror");
  EXPECT_EQ(nearest_name("vreify", kNames), "verify");
  EXPECT_EQ(nearest_name("verrifi", kNames), "verify");
  EXPECT_EQ(nearest_name("key exprot", kNames), "key export");
}

TEST(NearestName, ShortWordsForgiveOne) {
  EXPECT_EQ(nearest_name("pbu", kNames), "pub");
  EXPECT_EQ(nearest_name("pubs", kNames), "pub");
  EXPECT_EQ(nearest_name("xyb", kNames), "");
}

TEST(NearestName, WhatIsFarIsNotGuessed) {
  EXPECT_EQ(nearest_name("subscribe", kNames), "");
  EXPECT_EQ(nearest_name("", kNames), "");
  EXPECT_EQ(nearest_name("anything", {}), "");
}

}  // namespace
}  // namespace shoal::command
