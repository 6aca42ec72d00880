// The journal's bytes as docs/FORMAT.md ("Journal") gives them.
#include "store/journal_sector.h"

#include "base/bytes.h"
#include "base/wire.h"
#include "journal_samples.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace shoal::store {
namespace {

using testing::sealed_sector;

Bytes header(std::uint32_t version) {
  base::WireWriter content;
  content.bytes(base::as_bytes("SHOALJNL"));
  content.u32(version);
  content.u32(1024);
  content.u32(1024);
  return std::move(content).take();
}

Bytes sector_of(ByteView bytes, std::size_t sector) {
  const ByteView part = bytes.subspan(sector * 512, 512);
  return Bytes(part.begin(), part.end());
}

TEST(JournalSector, AFreshFileIsAsDocumented) {
  const Bytes file = fresh_journal();
  EXPECT_EQ(file.size(), 12'587'008U);
  EXPECT_EQ(sector_of(file, 0), sealed_sector(0, header(1)));
  EXPECT_EQ(sector_of(file, 4), sealed_sector(4, header(1)));
  EXPECT_EQ(sector_of(file, 1), Bytes(512));
  EXPECT_EQ(sector_of(file, 8), sealed_sector(8, {2})) << "an unused head record";
  EXPECT_EQ(sector_of(file, 12), sealed_sector(12, {2}));
  EXPECT_EQ(sector_of(file, 2049 * 8), sealed_sector(2049 * 8, {3})) << "a ring sector without a group";
  EXPECT_EQ(sector_of(file, 3073 * 8 - 1), sealed_sector(3073 * 8 - 1, {3}));
}

TEST(JournalSector, AHeadRecordIsAsDocumented) {
  HeadRecord record;
  record.state = HeadState::current;
  record.sequence = 0x0102;
  record.feed.key.bytes.fill(0xaa);
  record.group_page = 7;
  record.group_size = 500;
  record.head = {0xca, 0xfe};
  const Page page = encode_head_page(2, record);
  const auto content = base::from_hex("02010002000000070000000000000102000001f4" + std::string(64, 'a') + "cafe");
  ASSERT_TRUE(content.has_value());
  EXPECT_EQ(sector_of(page, 0), sealed_sector(16, *content));
  EXPECT_EQ(sector_of(page, 4), sealed_sector(20, *content));
  for (const std::size_t copy : kCopySectors) {
    const auto decoded = decode_head(2, page, copy);
    ASSERT_TRUE(decoded.has_value());
    EXPECT_EQ(decoded->head, record.head);
    EXPECT_EQ(decoded->sequence, record.sequence);
    EXPECT_EQ(decoded->group_page, 7U);
    EXPECT_EQ(decoded->group_size, 500U);
    EXPECT_EQ(decoded->feed, record.feed);
    EXPECT_FALSE(decode_head(3, page, copy).has_value()) << "another place";
  }
}

TEST(JournalSector, AGroupIsAsDocumentedAndWraps) {
  const Bytes group = testing::sample(1, 500);
  const Bytes pages = encode_group(kRingPages - 1, 9, 0x0102, group);
  ASSERT_EQ(pages.size(), 4096U);
  Bytes first = *base::from_hex("03000009000001f4000000000000010200000000");
  first.insert(first.end(), group.begin(), group.begin() + 476);
  Bytes second = *base::from_hex("03000009000001f4000000000000010200000001");
  second.insert(second.end(), group.begin() + 476, group.end());
  const std::uint64_t place = 3072 * 8;
  EXPECT_EQ(sector_of(pages, 0), sealed_sector(place, first));
  EXPECT_EQ(sector_of(pages, 1), sealed_sector(place + 1, second));
  const Bytes rest = *base::from_hex("0300000000000000000000000000010200000000");
  EXPECT_EQ(sector_of(pages, 7), sealed_sector(place + 7, rest));

  const Bytes wrapping = encode_group(kRingPages - 1, 9, 3, testing::sample(2, 5000));
  const auto sector = decode_ring_sector(0, sector_of(wrapping, 8));
  ASSERT_TRUE(sector.has_value()) << "the ninth sector lies at the ring's start";
  EXPECT_EQ(sector->index, 8U);
  EXPECT_FALSE(decode_ring_sector(8, sector_of(wrapping, 8)).has_value());
}

TEST(JournalSector, MatchesTheDocumentsWorkedExample) {
  const Bytes pages = encode_group(0, 9, 0x0102, Bytes{'h', 'e', 'l', 'l', 'o'});
  EXPECT_EQ(base::to_hex(ByteView(pages).first(25)), "030000090000000500000000000001020000000068656c6c6f");
  EXPECT_EQ(base::to_hex(ByteView(pages).subspan(496, 16)), "1f3629421c2747a0b621453d9610fb36");
}

TEST(JournalSector, SealedNonsenseIsDamage) {
  const std::uint64_t place = kFirstRingPage * kSectorsPerPage;
  for (const char* content : {"02", "03000400", "0300000000040001", "0300000000000001000000000000000100000001"}) {
    EXPECT_FALSE(decode_ring_sector(0, sealed_sector(place, *base::from_hex(content))).has_value()) << content;
  }
  Bytes page(kPageSize);
  for (const char* content :
       {"03", "0205", "02010101", "0201000000000400", "0201000000000000000000000000000100040001"}) {
    const Bytes sector = sealed_sector(8, *base::from_hex(content));
    std::copy(sector.begin(), sector.end(), page.begin());
    EXPECT_FALSE(decode_head(1, page, 0).has_value()) << content;
  }
}

TEST(JournalSector, NamesTheVersionItDoesNotKnow) {
  const auto disk = std::make_shared<testing::CrashDisk>();
  for (const std::uint64_t copy : kCopySectors) {
    const Bytes sector = sealed_sector(copy, header(2));
    std::copy(sector.begin(), sector.end(), disk->current.begin() + static_cast<std::ptrdiff_t>(copy * 512));
  }
  const Result<OpenedJournal> opened = testing::open_on(disk);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, Code::unsupported);
  EXPECT_NE(opened.error().message.find("version 2"), std::string::npos);
}

}  // namespace
}  // namespace shoal::store
