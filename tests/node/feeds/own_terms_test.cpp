#include "node/feeds/own_terms.h"

#include <gtest/gtest.h>

namespace shoal::node {
namespace {

TEST(OwnTerms, AFeedCanBeSignedUntilAProblemIsSet) {
  OwnTerms terms;
  EXPECT_FALSE(terms.writer_problem().has_value());
  terms.set_writer_problem(Error{Code::fork, "forked", ""});
  EXPECT_EQ(terms.writer_problem()->message, "forked");
  EXPECT_FALSE(terms.retention().has_value());
  terms.set_writer_problem(std::nullopt);
  EXPECT_FALSE(terms.writer_problem().has_value());
}

TEST(OwnTerms, WhatWasSignedIsKeptBesideTheProblem) {
  OwnTerms terms;
  EXPECT_EQ(terms.signed_size(), 0U);
  terms.set_signed_size(7);
  EXPECT_EQ(terms.signed_size(), 7U);
  EXPECT_EQ(lost_blocks(3, 7).code, Code::corrupt);
  EXPECT_NE(lost_blocks(3, 7).message.find("blocks 3 to 6 "), std::string::npos);
}

TEST(OwnTerms, EverythingStaysUntilARetentionIsSet) {
  OwnTerms terms;
  EXPECT_FALSE(terms.retention().has_value());
  Retention retention;
  retention.max_bytes = 5;
  terms.set_retention(retention);
  EXPECT_EQ(terms.retention()->max_bytes, 5U);
  EXPECT_FALSE(terms.writer_problem().has_value());
  terms.set_retention(std::nullopt);
  EXPECT_FALSE(terms.retention().has_value());
}

}  // namespace
}  // namespace shoal::node
