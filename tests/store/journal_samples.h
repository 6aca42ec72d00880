#pragma once

#include "crash_disk.h"
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

}  // namespace shoal::store::testing
