#include "node/directory/peer_book.h"

#include <gtest/gtest.h>

namespace shoal::node {
namespace {

constexpr std::int64_t kHour = 3600 * 1000;

PublicKey node_of(int number) {
  PublicKey key;
  key.bytes[0] = static_cast<std::uint8_t>(number);
  return key;
}

TEST(PeerBook, KeepsWhoWasMetTheBestFirst) {
  PeerBook book;
  EXPECT_TRUE(book.note_met("10.0.0.1:1", node_of(1), UnixMs(1000)));
  EXPECT_TRUE(book.note_met("10.0.0.2:1", node_of(2), UnixMs(2000)));
  EXPECT_EQ(book.addresses(), (std::vector<std::string>{"10.0.0.2:1", "10.0.0.1:1"}));
  book.begin_run(UnixMs(3000));
  EXPECT_TRUE(book.note_met("10.0.0.1:1", node_of(1), UnixMs(3000)));
  EXPECT_EQ(book.addresses(), (std::vector<std::string>{"10.0.0.1:1", "10.0.0.2:1"}));
}

TEST(PeerBook, MeetingAgainIsNoNewsForAnHour) {
  PeerBook book;
  EXPECT_TRUE(book.note_met("10.0.0.1:1", node_of(1), UnixMs(0)));
  EXPECT_FALSE(book.note_met("10.0.0.1:1", node_of(1), UnixMs(kHour - 1)));
  EXPECT_TRUE(book.note_met("10.0.0.1:1", node_of(1), UnixMs(kHour)));
  EXPECT_TRUE(book.note_met("10.0.0.1:1", node_of(9), UnixMs(kHour)));
  EXPECT_FALSE(book.note_met("", node_of(1), UnixMs(kHour)));
  EXPECT_FALSE(book.note_met(std::string(500, '1'), node_of(1), UnixMs(kHour)));
  EXPECT_EQ(book.peers().size(), 1U);
}

TEST(PeerBook, ForgetsWhomManyStartsDidNotMeetAndWhoWasMetLongAgo) {
  PeerBook book;
  book.note_met("10.0.0.1:1", node_of(1), UnixMs(1000));
  for (int i = 0; i < PeerBook::kMaxFailures; ++i) book.begin_run(UnixMs(2000));
  EXPECT_EQ(book.addresses().size(), 1U);
  book.begin_run(UnixMs(2000));
  EXPECT_TRUE(book.addresses().empty());

  book.note_met("10.0.0.1:1", node_of(1), UnixMs(1000));
  for (int i = 0; i < 100; ++i) {
    book.begin_run(UnixMs(2000));
    book.note_met("10.0.0.1:1", node_of(1), UnixMs(2000));
  }
  EXPECT_EQ(book.addresses().size(), 1U);
  book.begin_run(UnixMs(2000 + 31 * 24 * kHour));
  EXPECT_TRUE(book.addresses().empty());
}

TEST(PeerBook, AClockThatWasAheadKeepsNobodyForEver) {
  PeerBook book;
  book.note_met("10.0.0.1:1", node_of(1), UnixMs(1000 * 24 * kHour));
  book.begin_run(UnixMs(kHour));
  book.begin_run(UnixMs(kHour + 31 * 24 * kHour));
  EXPECT_TRUE(book.addresses().empty());
}

TEST(PeerBook, ANodeThatMovedIsKeptAtItsNewAddress) {
  PeerBook book;
  book.note_met("10.0.0.1:1", node_of(1), UnixMs(1000));
  book.begin_run(UnixMs(2000));
  book.note_met("10.0.0.7:1", node_of(1), UnixMs(2000));
  EXPECT_EQ(book.addresses(), std::vector<std::string>{"10.0.0.7:1"});
}

TEST(PeerBook, IsBoundedAndComesBackFromItsRow) {
  PeerBook book;
  for (int i = 0; i < 200; ++i) book.note_met("10.0.0.1:" + std::to_string(i), node_of(i), UnixMs(i));
  EXPECT_EQ(book.peers().size(), PeerBook::kMaxPeers);
  EXPECT_EQ(book.addresses().front(), "10.0.0.1:199");
  book.begin_run(UnixMs(300));
  const auto back = PeerBook::decode(book.encode());
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->peers(), book.peers());
}

TEST(PeerBook, AMalformedRowIsNamed) {
  PeerBook book;
  book.note_met("10.0.0.1:1", node_of(1), UnixMs(1000));
  const Bytes row = book.encode();
  for (std::size_t size = 0; size < row.size(); ++size) {
    EXPECT_EQ(PeerBook::decode(ByteView(row).first(size)).error().code, Code::corrupt) << size;
  }
  Bytes longer = row;
  longer.push_back(0);
  EXPECT_FALSE(PeerBook::decode(longer).ok());
  Bytes many = row;
  many[1] = 0xff;
  EXPECT_FALSE(PeerBook::decode(many).ok());
}

}  // namespace
}  // namespace shoal::node
