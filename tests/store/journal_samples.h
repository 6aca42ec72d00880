#pragma once

#include "base/wire.h"
#include "crash_disk.h"
#include "crypto/hash.h"
#include "store/file_journal.h"

#include <gtest/gtest.h>

#include <memory>
#include <utility>

namespace shoal::store::testing {

inline FeedId feed_number(std::uint32_t n) {
  FeedId feed;
  feed.key.bytes.fill(0x5a);
  for (std::size_t i = 0; i < 4; ++i) feed.key.bytes[i] = static_cast<std::uint8_t>(n >> (8 * i));
  return feed;
}

/// Bytes that differ for every seed and place, so that mixed-up pieces never look right.
inline Bytes sample(std::uint64_t seed, std::size_t size) {
  Bytes bytes(size);
  std::uint64_t state = seed * 0x9e3779b97f4a7c15ULL + 1;
  for (std::uint8_t& byte : bytes) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    byte = static_cast<std::uint8_t>(state);
  }
  return bytes;
}

inline Bytes sample_head(std::uint64_t seed) { return sample(seed, 153); }

/// A sector of the file as docs/FORMAT.md gives it, written a second time.
inline Bytes sealed_sector(std::uint64_t place, const Bytes& content) {
  base::WireWriter hashed;
  hashed.u64(place);
  hashed.bytes(content);
  hashed.bytes(Bytes(496 - content.size()));
  const crypto::Digest digest = crypto::sha256(hashed.view());
  Bytes sector(hashed.view().begin() + 8, hashed.view().end());
  sector.insert(sector.end(), digest.bytes.begin(), digest.bytes.begin() + 16);
  return sector;
}

/// A ring sector of these fields without the group's bytes.
inline Bytes ring_sector_of(std::uint64_t place, const RingSector& sector) {
  base::WireWriter content;
  content.u8(3);
  content.u8(0);
  content.u16(sector.slot);
  content.u32(sector.group_size);
  content.u64(sector.sequence);
  content.u32(sector.index);
  return sealed_sector(place, std::move(content).take());
}

inline Result<OpenedJournal> open_on(const std::shared_ptr<CrashDisk>& disk) {
  return load_journal(std::make_unique<CrashFile>(disk));
}

/// For tests in which the file must open.
inline std::unique_ptr<Journal> must_open(const std::shared_ptr<CrashDisk>& disk) {
  Result<OpenedJournal> opened = open_on(disk);
  EXPECT_TRUE(opened.ok()) << (opened.ok() ? "" : opened.error().message);
  return opened.ok() ? std::move(opened->journal) : nullptr;
}

/// The head, which must be readable; empty when there is none.
inline Bytes head_of(const Journal& journal, const FeedId& feed) {
  const Result<std::optional<Bytes>> head = journal.last_head(feed);
  EXPECT_TRUE(head.ok()) << (head.ok() ? "" : head.error().message);
  return head.ok() && *head ? **head : Bytes{};
}

inline std::vector<Bytes> groups_of(const Journal& journal, const FeedId& feed) {
  const Result<std::vector<Bytes>> groups = journal.groups(feed);
  EXPECT_TRUE(groups.ok());
  return groups.ok() ? *groups : std::vector<Bytes>{};
}

/// Starts a commit and cuts the power before its sync; the unsynced sectors that `survives` picks, counted from 0 in
/// the order of writing, are on the disk.
template <typename Predicate>
void cut_commit_short(CrashDisk& disk, Journal& journal, const FeedId& feed, const Bytes& head, const Bytes& group,
                      Predicate survives) {
  disk.failed_sync_forgets = false;
  disk.fail_after = group.empty() ? 1 : 2;
  EXPECT_FALSE(journal.commit(feed, head, group).ok());
  disk.crash(survives);
  disk.failed_sync_forgets = true;
}

}  // namespace shoal::store::testing
