#include "node/reading/group_offsets.h"

#include "base/bytes.h"
#include "base/try.h"
#include "base/wire.h"
#include "feed/format/block.h"
#include "feed/format/row_range.h"
#include "store/keyspace.h"

#include <utility>

namespace shoal::node {
namespace {

constexpr std::uint8_t kRowVersion = 1;

Result<void> check_group(const std::string& group) {
  if (!group.empty() && group.size() <= store::kMaxGroupName) return {};
  return Error{Code::invalid_argument,
               "the name of a group has 1 to " + std::to_string(store::kMaxGroupName) + " bytes", ""};
}

Result<void> check(const GroupOffset& offset) {
  if (!feed::is_legal_topic(offset.stream.topic)) {
    return Error{Code::invalid_argument, "'" + offset.stream.topic + "' is no legal topic name", ""};
  }
  if (offset.stream.partition.value() < 0 || offset.offset.value() < 0 || offset.leader_epoch < -1) {
    return Error{Code::invalid_argument, "partitions, offsets and epochs begin at 0", ""};
  }
  if (offset.metadata.size() > GroupOffset::kMaxMetadata) {
    return Error{Code::limit_exceeded,
                 "an offset's metadata has at most " + std::to_string(GroupOffset::kMaxMetadata) + " bytes", ""};
  }
  return {};
}

Bytes encode(const GroupOffset& offset, UnixMs now) {
  base::WireWriter row;
  row.u8(kRowVersion);
  row.i64(offset.offset.value());
  row.u32(static_cast<std::uint32_t>(offset.leader_epoch));
  row.i64(now.value());
  row.u16(static_cast<std::uint16_t>(offset.metadata.size()));
  row.bytes(base::as_bytes(offset.metadata));
  return std::move(row).take();
}

Result<GroupOffset> decode(TopicPartition stream, ByteView row) {
  base::WireReader reader(row);
  const std::uint8_t version = reader.u8();
  GroupOffset offset;
  offset.stream = std::move(stream);
  offset.offset = Offset(reader.i64());
  offset.leader_epoch = static_cast<std::int32_t>(reader.u32());
  offset.time = UnixMs(reader.i64());
  offset.metadata = std::string(base::as_text(reader.bytes(reader.u16())));
  if (version != kRowVersion || !reader.finished()) return Error{Code::corrupt, "a group's offset is damaged", ""};
  return offset;
}

}  // namespace

Result<void> GroupOffsets::put(const FeedId& feed, const std::string& group, const std::vector<GroupOffset>& offsets,
                               UnixMs now) {
  SHOAL_CHECK(check_group(group));
  store::WriteBatch batch;
  for (const GroupOffset& offset : offsets) {
    SHOAL_CHECK(check(offset));
    batch.put(store::Column::meta, store::group_offset_key(feed, group, offset.stream), encode(offset, now));
  }
  if (batch.empty()) return {};
  return store_->write(batch, store::Sync::yes);
}

Result<std::vector<GroupOffset>> GroupOffsets::get(const FeedId& feed, const std::string& group) const {
  SHOAL_CHECK(check_group(group));
  std::vector<GroupOffset> offsets;
  const store::KeyRange range = store::group_offsets_range(feed, group);
  const auto rows = store_->iterate(store::Column::meta);
  for (rows->seek(range.begin); rows->valid() && feed::in_range(range, rows->key()); rows->next()) {
    SHOAL_TRY(auto key, store::group_offset_of_key(rows->key()));
    SHOAL_TRY(auto offset, decode(std::move(key.stream), rows->value()));
    offsets.push_back(std::move(offset));
  }
  SHOAL_CHECK(rows->status());
  return offsets;
}

Result<std::vector<std::string>> GroupOffsets::groups(const FeedId& feed) const {
  std::vector<std::string> names;
  const store::KeyRange range = store::groups_range(feed);
  const auto rows = store_->iterate(store::Column::meta);
  rows->seek(range.begin);
  while (rows->valid() && feed::in_range(range, rows->key())) {
    SHOAL_TRY(auto key, store::group_offset_of_key(rows->key()));
    // The rows of one group lie together.
    rows->seek(store::group_offsets_range(feed, key.group).end);
    names.push_back(std::move(key.group));
  }
  SHOAL_CHECK(rows->status());
  return names;
}

Result<void> GroupOffsets::erase(const FeedId& feed, const std::string& group) {
  SHOAL_TRY(const auto offsets, get(feed, group));
  if (offsets.empty()) return Error{Code::not_found, "there is no group '" + group + "'", ""};
  const store::KeyRange range = store::group_offsets_range(feed, group);
  store::WriteBatch batch;
  batch.erase_range(store::Column::meta, range.begin, range.end);
  return store_->write(batch, store::Sync::yes);
}

}  // namespace shoal::node
