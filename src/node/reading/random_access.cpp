#include "node/reading/random_access.h"

#include "base/try.h"
#include "feed/read/record_proof.h"
#include "node/api/deadline.h"
#include "node/reading/offset_request.h"
#include "node/reading/record_view.h"
#include "record/record_batch.h"

#include <algorithm>
#include <chrono>
#include <memory>

namespace shoal::node {
namespace {

using SteadyClock = std::chrono::steady_clock;

/// A longer range is cut here: what a call holds in memory is bounded.
constexpr std::size_t kMaxRangeBytes = std::size_t{64} << 20;

/// Keeps the blocks of a range alive behind its views.
struct Fetched {
  std::vector<std::shared_ptr<const record::DecodedBatch>> batches;
  TopicPartition stream;
};

std::string name_of(const TopicPartition& stream, Offset offset) {
  return "offset " + std::to_string(offset.value()) + " of " + stream.topic + "/" +
         std::to_string(stream.partition.value());
}

/// What to say of an offset that is not held when nobody can be asked.
Result<BlockIndex> absent_here(const FeedHost& host, const TopicPartition& stream, Offset offset) {
  SHOAL_TRY(const auto view, host.reader().topic(stream));
  if (view && offset < view->log_start) return Error{Code::pruned, name_of(stream, offset) + " was pruned here", ""};
  const auto head = host.reader().head();
  const std::uint64_t held = head ? head->tree_size : 0;
  // It may be among them.
  if (host.own_terms().signed_size() > held) return lost_blocks(held, host.own_terms().signed_size());
  if (!host.own() && view && offset < view->end) {
    return Error{Code::unavailable, name_of(stream, offset) + " is not held here", "try again without --offline"};
  }
  return Error{Code::not_found, "there is no record at " + name_of(stream, offset),
               "shoal topics shows the offsets that exist"};
}

/// Of a feed whose owner forked or contradicted himself, replaces a failure to find a block by the fork's error, which
/// is the reason.
Result<BlockIndex> name_fork(const FeedHost& host, Result<BlockIndex> found) {
  if (found) return found;
  const Code code = found.error().code;
  const auto fork = host.fork().error();
  const bool by_it = code == Code::fork || code == Code::contradiction;
  if (fork && (by_it || code == Code::timed_out || code == Code::unavailable)) return *fork;
  return found;
}

/// Requests the block from the swarm and waits until it is in the log.
Result<BlockIndex> fetch(FeedHost& host, const TopicPartition& stream, Offset offset, SteadyClock::time_point deadline,
                         const std::stop_token& stop) {
  using std::chrono::milliseconds;
  const auto left = std::max(milliseconds(0), std::chrono::duration_cast<milliseconds>(deadline - SteadyClock::now()));
  const auto request = OffsetRequest::start(host, stream, offset, left);
  // The replicator keeps the deadline. The second is for a strand that is busy.
  const auto latest = deadline + std::chrono::seconds(1);
  for (;;) {
    const std::uint64_t version = host.news().version();
    if (auto answer = request->answer()) return name_fork(host, *std::move(answer));
    if (host.news().wait_change(version, latest, stop)) continue;
    if (const auto closed = host.news().closed()) return *closed;
    if (stop.stop_requested()) return Error{Code::cancelled, "stopped", ""};
    return Error{Code::timed_out, "nobody brought " + name_of(stream, offset) + " in time",
                 "shoal peers shows who is connected"};
  }
}

Result<BlockIndex> locate(FeedHost& host, const TopicPartition& stream, Offset offset, SteadyClock::time_point deadline,
                          const std::stop_token& stop) {
  SHOAL_TRY(const auto held, host.reader().block_of_offset(stream, offset));
  if (held) {
    SHOAL_TRY(const bool readable, host.reader().has_payload(*held));
    if (readable) return *held;
  }
  if (host.own() || !host.online()) return absent_here(host, stream, offset);
  return fetch(host, stream, offset, deadline, stop);
}

}  // namespace

Result<Records> read_range(FeedHost& host, const GetRequest& request, const Wait& wait) {
  const TopicPartition stream{request.topic, request.partition};
  const Offset last = request.last.value_or(request.first);
  if (request.first.value() < 0 || last < request.first) {
    return Error{Code::invalid_argument, "a range of offsets begins at 0 or later and does not run backwards", ""};
  }
  const auto deadline = deadline_of(wait);
  auto fetched = std::make_shared<Fetched>();
  fetched->stream = stream;
  std::vector<RecordView> views;
  std::size_t bytes = 0;
  for (Offset next = request.first; next <= last && bytes < kMaxRangeBytes;) {
    const auto block = locate(host, stream, next, deadline, wait.stop);
    if (!block) {
      if (views.empty()) return block.error();
      break;
    }
    SHOAL_TRY(const auto header, host.reader().header(*block));
    SHOAL_TRY(auto payload, host.reader().payload(*block));
    bytes += payload.size();
    SHOAL_TRY(auto decoded, record::DecodedBatch::decode(std::move(payload)));
    fetched->batches.push_back(std::make_shared<const record::DecodedBatch>(std::move(decoded)));
    for (const record::RecordView& record : fetched->batches.back()->records()) {
      if (record.offset >= next && record.offset <= last)
        views.push_back(to_view(fetched->stream, header.append_time, *block, record));
    }
    next = header.next_offset();
  }
  return Records(std::move(views), std::move(fetched));
}

Result<std::string> prove_record(FeedHost& host, const GetRequest& request, const Wait& wait) {
  const TopicPartition stream{request.topic, request.partition};
  if (request.first.value() < 0) return Error{Code::invalid_argument, "offsets begin at 0", ""};
  SHOAL_TRY(const auto block, locate(host, stream, request.first, deadline_of(wait), wait.stop));
  return feed::make_record_proof(host.reader(), block, request.first);
}

}  // namespace shoal::node
