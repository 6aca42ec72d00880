#include "node/reading/batch_access.h"

#include "base/try.h"
#include "record/record_batch.h"

#include <string>
#include <utility>

namespace shoal::node {
namespace {

std::string name_of(const TopicPartition& stream) {
  return stream.topic + "/" + std::to_string(stream.partition.value());
}

StreamEnds ends_of(const feed::TopicView& view) {
  return {view.stream, view.log_start, view.high_watermark, view.end, view.largest_time};
}

Result<StreamEnds> ends_of(const FeedHost& host, const TopicPartition& stream) {
  SHOAL_TRY(const auto view, host.reader().topic(stream));
  if (!view) return Error{Code::not_found, "there is no partition " + name_of(stream) + " here", ""};
  return ends_of(*view);
}

Result<void> check_offset(const StreamEnds& ends, Offset offset) {
  const std::string name = "offset " + std::to_string(offset.value()) + " of " + name_of(ends.stream);
  if (offset < ends.log_start) return Error{Code::pruned, name + " is below the log start offset", ""};
  if (offset > ends.end) return Error{Code::not_found, name + " is above the partition's end", ""};
  return {};
}

/// The first record of the block with a time at or after `time`; nullopt when the payload was pruned.
Result<std::optional<TimedOffset>> find_in_block(const feed::FeedReader& reader, BlockIndex block, UnixMs time) {
  auto payload = reader.payload(block);
  if (!payload && payload.error().code == Code::pruned) return std::optional<TimedOffset>{};
  if (!payload && payload.error().code == Code::not_found) {
    return Error{Code::unavailable, "the block where that time is reached is not held here", "mirror the feed"};
  }
  SHOAL_CHECK(payload);
  SHOAL_TRY(const auto batch, record::DecodedBatch::decode(std::move(*payload)));
  for (const record::RecordView& record : batch.records()) {
    if (record.timestamp >= time) return std::optional(TimedOffset{record.offset, record.timestamp});
  }
  return std::optional<TimedOffset>{};
}

}  // namespace

Result<FetchedBatches> fetch_batches(const FeedHost& host, const FetchRequest& request) {
  if (const auto closed = host.news().closed()) return *closed;
  if (request.offset.value() < 0) return Error{Code::invalid_argument, "offsets begin at 0", ""};
  FetchedBatches fetched;
  SHOAL_TRY(fetched.ends, ends_of(host, request.stream));
  SHOAL_CHECK(check_offset(fetched.ends, request.offset));
  const feed::FeedReader& reader = host.reader();
  SHOAL_TRY(auto block, reader.block_of_offset(request.stream, request.offset));
  std::size_t bytes = 0;
  std::optional<Offset> next;
  while (block) {
    SHOAL_TRY(const auto header, reader.header(*block));
    // A block that is missing in between ends the answer.
    if (next && header.base_offset != *next) break;
    if (!fetched.batches.empty() && bytes + header.payload_size > request.max_bytes) break;
    SHOAL_TRY(const bool held, reader.has_payload(*block));
    if (!held) break;
    SHOAL_TRY(auto payload, reader.payload(*block));
    bytes += payload.size();
    fetched.batches.push_back({*block, request.stream, header.append_time, std::move(payload)});
    next = header.next_offset();
    SHOAL_TRY(block, reader.next_block(request.stream, *block));
  }
  return fetched;
}

Result<std::vector<StreamEnds>> stream_ends(const FeedHost& host, const std::vector<TopicPartition>& streams) {
  if (const auto closed = host.news().closed()) return *closed;
  std::vector<StreamEnds> ends;
  if (streams.empty()) {
    SHOAL_TRY(const auto views, host.reader().topics());
    for (const feed::TopicView& view : views) ends.push_back(ends_of(view));
  }
  for (const TopicPartition& stream : streams) {
    SHOAL_TRY(auto found, ends_of(host, stream));
    ends.push_back(std::move(found));
  }
  return ends;
}

// The running largest time of blocks never falls, so the first block that reaches `time` holds the first such record.
// When that block was pruned, the first one that is still here is looked for behind it.
Result<std::optional<TimedOffset>> find_offset(const FeedHost& host, const TopicPartition& stream, UnixMs time) {
  if (const auto closed = host.news().closed()) return *closed;
  SHOAL_TRY(const StreamEnds ends, ends_of(host, stream));
  const feed::FeedReader& reader = host.reader();
  SHOAL_TRY(auto block, reader.block_of_time(stream, time));
  while (block) {
    SHOAL_TRY(const auto header, reader.header(*block));
    if (header.largest_time >= time && header.next_offset() > ends.log_start) {
      SHOAL_TRY(const auto found, find_in_block(reader, *block, time));
      if (found) return found;
    }
    SHOAL_TRY(block, reader.next_block(stream, *block));
  }
  return std::optional<TimedOffset>{};
}

}  // namespace shoal::node
