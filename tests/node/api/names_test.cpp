#include "node/api/names.h"

#include <gtest/gtest.h>

#include <string>

namespace shoal::node {
namespace {

TEST(Names, LettersDigitsAndThreeMarksAreLegal) {
  for (const std::string& name : {std::string("a"), std::string("Z"), std::string("0"), std::string("_x"),
                                  std::string("a.b-c_d9"), std::string(64, 'x')}) {
    EXPECT_TRUE(is_legal_name(name)) << name;
  }
}

TEST(Names, WhatAFileOrAnOptionWouldMisreadIsNot) {
  for (const std::string& name :
       {std::string(), std::string(65, 'x'), std::string(".a"), std::string("-a"), std::string("a/b"),
        std::string("a,b"), std::string("a@b"), std::string("a b"), std::string("\xc3\xa9"), std::string("a\0b", 3)}) {
    EXPECT_FALSE(is_legal_name(name)) << name;
  }
}

TEST(Names, AFeedIdIsNoName) {
  EXPECT_FALSE(is_legal_name(std::string(64, 'a')));
  EXPECT_TRUE(is_legal_name(std::string(63, 'a')));
}

}  // namespace
}  // namespace shoal::node
