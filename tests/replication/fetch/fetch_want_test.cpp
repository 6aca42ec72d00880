#include "replication/fetch/fetch_want.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

using namespace std::chrono_literals;

namespace shoal::replication {
namespace {

constexpr std::size_t kSize = 100;
constexpr base::MonoTime kNow = 10s;

FetchWant::Ask ask_for(std::uint64_t begin, std::uint64_t end, Purpose purpose = Purpose::full) {
  FetchWant::Ask ask;
  ask.purpose = purpose;
  ask.proof.tree_size = 20;
  ask.base = ask.begin = begin;
  ask.end = end;
  ask.window = 1000;
  return ask;
}
FetchWant::Ask live_from(std::uint64_t size) {
  FetchWant::Ask ask = ask_for(size, 0, Purpose::live);
  ask.proof.tree_size = size;
  return ask;
}
FetchWant::Ask of_streams(FetchWant::Ask ask) {
  ask.streams = {{"t", Partition{0}}};
  return ask;
}

Data run_of(std::uint64_t base, std::uint64_t begin, std::uint64_t end, std::uint64_t tree_size = 20) {
  Data data;
  data.tree_size = tree_size;
  data.base = base;
  for (; begin < end; ++begin) data.blocks.push_back({BlockIndex{begin}, {}, PayloadForm::with_block, {}});
  return data;
}
Data with_head(Data data) {
  data.with_head = true;
  data.head.tree_size = data.tree_size;
  return data;
}

/// Why the run may not come; empty: it may.
std::string refused(FetchWant& want, const Data& run, std::size_t size = kSize) {
  const Result<void> result = want.check_run(run, size);
  if (result) return "";
  EXPECT_EQ(result.error().code, Code::unverified);
  return result.error().message;
}
std::string refused(FetchWant::Ask ask, const Data& run) {
  FetchWant want(7, std::move(ask), kNow);
  return refused(want, run);
}
std::string refused(FetchWant::Ask ask, Data run, const std::function<void(Data&)>& change) {
  change(run);
  return refused(std::move(ask), run);
}

TEST(FetchWant, SaysWhatIsAsked) {
  FetchWant::Ask ask = ask_for(3, 9);
  ask.base = 2;
  ask.headers_only = true;
  ask.urgency = Urgency::missed;
  const Want full = FetchWant(7, ask, kNow).message();
  Want expected;
  expected.want = 7;
  expected.tree_size = 20;
  expected.base = 2;
  expected.begin = 3;
  expected.end = 9;
  expected.headers_only = true;
  expected.credit = 1000;
  expected.urgency = Urgency::missed;
  EXPECT_EQ(full, expected);
  ask = of_streams(live_from(20));
  ask.push_limit = 64;
  const Want live = FetchWant(8, ask, kNow).message();
  EXPECT_TRUE(live.live);
  EXPECT_FALSE(live.all_topics);
  EXPECT_EQ(live.streams, ask.streams);
  EXPECT_EQ(live.push_limit, 64U);
}

TEST(FetchWant, TakesRunsInOrderUntilItIsFinished) {
  FetchWant want(7, ask_for(3, 9), kNow);
  EXPECT_EQ(refused(want, run_of(3, 3, 5)), "");
  EXPECT_FALSE(want.begun());
  want.run_taken(run_of(3, 3, 5), kNow + 1s);
  EXPECT_TRUE(want.begun());
  EXPECT_EQ(want.progress(), kNow + 1s);
  EXPECT_EQ(want.asked(), kNow);
  EXPECT_EQ(want.next(), 5U);
  EXPECT_EQ(want.ask().base, 5U) << "a whole run moves the base on";
  EXPECT_FALSE(want.finished());
  EXPECT_EQ(refused(want, run_of(3, 5, 9)), "a run from another base");
  EXPECT_EQ(refused(want, run_of(5, 5, 9)), "");
  want.run_taken(run_of(5, 5, 9), kNow + 2s);
  EXPECT_TRUE(want.finished());
  EXPECT_EQ(want.credit(), 0U);
}

TEST(FetchWant, ARunBehindItsBaseLeavesTheBase) {
  FetchWant::Ask ask = ask_for(3, 9);
  ask.base = 0;
  FetchWant want(7, ask, kNow);
  EXPECT_EQ(refused(want, run_of(0, 3, 5)), "");
  want.run_taken(run_of(0, 3, 5), kNow);
  EXPECT_EQ(want.ask().base, 0U);
  FetchWant streams(7, of_streams(ask_for(3, 9)), kNow);
  streams.run_taken(run_of(3, 3, 5), kNow);
  EXPECT_EQ(streams.ask().base, 3U) << "others of its blocks may follow from there";
}

TEST(FetchWant, RefusesARunThatWasNotAskedFor) {
  EXPECT_EQ(refused(ask_for(3, 9), run_of(3, 3, 10)), "a block that was not asked for");
  EXPECT_EQ(refused(ask_for(3, 9), run_of(3, 2, 5)), "a block that was not asked for");
  EXPECT_EQ(refused(ask_for(3, 9), run_of(3, 4, 9)), "a run with a hole");
  EXPECT_EQ(refused(ask_for(3, 9), run_of(4, 3, 9)), "a run from another base");
  EXPECT_EQ(refused(ask_for(3, 9), run_of(3, 3, 9, 21)), "a run under another tree size");
  EXPECT_EQ(refused(ask_for(3, 9), run_of(3, 3, 3)), "a run without blocks");
  EXPECT_EQ(refused(ask_for(3, 9), with_head(run_of(3, 3, 9, 21))), "a head that this want cannot bring");
}

TEST(FetchWant, OfStreamsBlocksMayBeLeftOutButNotRepeated) {
  EXPECT_EQ(refused(of_streams(ask_for(3, 9)), run_of(3, 4, 9)), "");
  Data twice = run_of(3, 4, 6);
  twice.blocks[1].index = BlockIndex{4};
  EXPECT_EQ(refused(of_streams(ask_for(3, 9)), twice), "a block that was not asked for");
  EXPECT_FALSE(FetchWant(7, of_streams(ask_for(9, 9)), kNow).finished()) << "only its end tells";
}

TEST(FetchWant, RefusesAPayloadThatIsDueOrNotInItsPlace) {
  const auto absent = [](Data& run) { run.blocks[0].form = PayloadForm::absent; };
  const auto pieces_inside = [](Data& run) { run.blocks[0].form = PayloadForm::pieces; };
  const auto pieces_last = [](Data& run) { run.blocks.back().form = PayloadForm::pieces; };
  const auto pruned = [](Data& run) { run.blocks[0].form = PayloadForm::pruned; };
  EXPECT_EQ(refused(ask_for(3, 9), run_of(3, 3, 9), absent), "a block without its payload");
  EXPECT_EQ(refused(ask_for(3, 9), run_of(3, 3, 9), pieces_inside), "pieces inside a run");
  EXPECT_EQ(refused(ask_for(3, 9), run_of(3, 3, 9), pieces_last), "");
  EXPECT_EQ(refused(ask_for(3, 9), run_of(3, 3, 9), pruned), "");
  FetchWant::Ask headers = ask_for(3, 9);
  headers.headers_only = true;
  EXPECT_EQ(refused(headers, run_of(3, 3, 4)), "a payload that was not asked for");
  EXPECT_EQ(refused(headers, run_of(3, 3, 4), absent), "");
  // Of a live want only when it has a push limit.
  EXPECT_EQ(refused(live_from(20), with_head(run_of(20, 20, 22, 22)), absent), "a block without its payload");
  FetchWant::Ask limited = live_from(20);
  limited.push_limit = 1000;
  EXPECT_EQ(refused(limited, with_head(run_of(20, 20, 22, 22)), absent), "");
}

TEST(FetchWant, ALiveWantMovesOnWithEachHead) {
  FetchWant want(7, live_from(20), kNow);
  EXPECT_FALSE(want.unfinished_run());
  EXPECT_FALSE(want.finished()) << "a live want never is";
  EXPECT_EQ(refused(want, with_head(run_of(20, 20, 22, 25))), "");
  EXPECT_EQ(want.ask().proof.tree_size, 25U);
  want.run_taken(run_of(20, 20, 22, 25), kNow);
  EXPECT_TRUE(want.unfinished_run());
  EXPECT_EQ(want.front(), 22U);
  EXPECT_EQ(refused(want, with_head(run_of(25, 25, 26, 26))), "a new head before the blocks of the last");
  EXPECT_EQ(refused(want, run_of(22, 22, 26, 25)), "a block that was not asked for") << "above the head";
  EXPECT_EQ(refused(want, run_of(22, 22, 25, 25)), "");
  want.run_taken(run_of(22, 22, 25, 25), kNow);
  EXPECT_FALSE(want.unfinished_run());
  EXPECT_EQ(refused(want, with_head(run_of(25, 25, 25, 25))), "a head that this want cannot bring") << "no longer";
  Data other_epoch = with_head(run_of(25, 25, 26, 26));
  other_epoch.head.epoch = Epoch(1);
  EXPECT_EQ(refused(want, other_epoch), "a head that this want cannot bring");
  EXPECT_EQ(refused(want, with_head(run_of(25, 25, 26, 26))), "");
}

TEST(FetchWant, ALiveWantOfStreamsTakesAHeadWithoutBlocks) {
  FetchWant want(7, of_streams(live_from(20)), kNow);
  EXPECT_EQ(refused(want, with_head(run_of(20, 0, 0, 22))), "");
  want.run_taken(with_head(run_of(20, 0, 0, 22)), kNow);
  EXPECT_TRUE(want.begun());
  EXPECT_EQ(refused(want, with_head(run_of(22, 24, 25, 25))), "") << "blocks of other streams lie between";
  EXPECT_FALSE(want.unfinished_run());
}

TEST(FetchWant, RefusesBytesThatWereNotGranted) {
  FetchWant want(7, ask_for(3, 9), kNow);
  EXPECT_EQ(refused(want, run_of(3, 3, 4), 1001), "bytes that were not granted");
  EXPECT_EQ(want.credit(), 1000U);
  EXPECT_EQ(refused(want, run_of(3, 3, 4), 1000), "");
  EXPECT_EQ(want.credit(), 0U);
  EXPECT_EQ(want.check_push(1).error().message, "bytes that were not granted");
  EXPECT_EQ(want.check_piece(Piece{}, 1).error().message, "bytes that were not granted");
}

TEST(FetchWant, GrantsWhatIsSpentOnceHalfOfItIs) {
  FetchWant want(7, ask_for(3, 9), kNow);
  (void)refused(want, run_of(3, 3, 4), 499);
  EXPECT_EQ(want.renew(1000), 0U) << "501 bytes are more than half";
  (void)refused(want, run_of(3, 3, 4), 1);
  EXPECT_EQ(want.renew(1000), 500U);
  EXPECT_EQ(want.credit(), 1000U);
  EXPECT_EQ(want.renew(3000), 2000U);
  want.run_taken(run_of(3, 3, 9), kNow);
  EXPECT_EQ(want.renew(10'000), 0U) << "it is finished";
}

TEST(FetchWant, TakesAPushOnlyAfterItWasAllowedAndBetweenHeads) {
  FetchWant want(7, live_from(20), kNow);
  EXPECT_EQ(want.check_push(1).error().message, "a push that was not asked for");
  EXPECT_TRUE(want.begin_compact());
  EXPECT_FALSE(want.begin_compact()) << "said once";
  EXPECT_TRUE(want.check_push(1));
  (void)refused(want, with_head(run_of(20, 20, 22, 25)));
  want.run_taken(run_of(20, 20, 22, 25), kNow);
  EXPECT_EQ(want.check_push(1).error().message, "a push before the blocks of the last head");
}

/// A want in the middle of a block of two pieces.
struct InPieces {
  InPieces() : payload(feed::kPieceSize + 10, 0x55), want(7, ask_for(3, 4), kNow) {
    feed::BlockHeader header;
    header.stream = {"t", Partition{0}};
    header.kind = static_cast<std::uint8_t>(feed::BlockKind::data);
    header.record_count = 1;
    header.smallest_time = header.largest_time = header.running_largest_time = UnixMs{1};
    header.payload_size = static_cast<std::uint32_t>(payload.size());
    for (std::uint32_t i = 0; i < 2; ++i) leaves.push_back(merkle::leaf_hash(bytes(i)));
    header.payload_root = merkle::node_hash(leaves[0], leaves[1]);
    Data run = run_of(3, 3, 4);
    run.blocks[0].form = PayloadForm::pieces;
    run.blocks[0].header = feed::encode_header(header);
    EXPECT_TRUE(feed::decode_header(run.blocks[0].header).ok());
    EXPECT_EQ(refused(want, run), "");
    want.run_taken(run, kNow);
  }
  [[nodiscard]] ByteView bytes(std::uint32_t i) const {
    return ByteView(payload).subspan(i * feed::kPieceSize, i == 0 ? feed::kPieceSize : 10);
  }
  [[nodiscard]] Piece piece(std::uint32_t i) const {
    const ByteView part = bytes(i);
    return {7, BlockIndex{3}, i, {leaves[1 - i]}, Bytes(part.begin(), part.end())};
  }
  Bytes payload;
  std::vector<Digest> leaves;
  FetchWant want;
};

TEST(FetchWant, CollectsThePiecesOfABlock) {
  InPieces world;
  FetchWant& want = world.want;
  EXPECT_FALSE(want.finished());
  EXPECT_EQ(want.front(), 3U) << "the block is not here yet";
  EXPECT_EQ(want.missing_of_pieces(), world.payload.size());
  EXPECT_EQ(refused(want, run_of(4, 4, 5)), "a run in the middle of a block's pieces");
  EXPECT_TRUE(want.check_piece(world.piece(0), 1).ok());
  EXPECT_EQ(want.piece_taken(world.piece(0), kNow + 1s), std::nullopt);
  EXPECT_EQ(want.progress(), kNow + 1s);
  EXPECT_EQ(want.missing_of_pieces(), 10U);
  EXPECT_TRUE(want.check_piece(world.piece(1), 1).ok());
  EXPECT_EQ(want.piece_taken(world.piece(1), kNow + 2s), world.payload);
  EXPECT_EQ(want.missing_of_pieces(), 0U);
  EXPECT_TRUE(want.finished());
  EXPECT_FALSE(want.check_piece(world.piece(1), 1).ok());
}

TEST(FetchWant, RefusesAPieceThatIsNotDueOrDoesNotProve) {
  InPieces world;
  EXPECT_EQ(world.want.check_piece(world.piece(1), 1).error().message, "a piece that was not due");
  Piece other = world.piece(0);
  other.block = BlockIndex{4};
  EXPECT_EQ(world.want.check_piece(other, 1).error().message, "a piece that was not due");
  Piece changed = world.piece(0);
  changed.bytes[5] ^= 1;
  EXPECT_FALSE(world.want.check_piece(changed, 1).ok());
  EXPECT_TRUE(world.want.check_piece(world.piece(0), 1).ok());
}

TEST(FetchWant, ALiveWantInPiecesIsInTheMiddle) {
  FetchWant want(7, of_streams(live_from(3)), kNow);
  EXPECT_TRUE(want.begin_compact());
  InPieces donor;
  Data run = with_head(run_of(3, 3, 4));
  run.blocks[0].form = PayloadForm::pieces;
  run.blocks[0].header = feed::encode_header(donor.want.piece_header());
  EXPECT_EQ(refused(want, run), "");
  want.run_taken(run, kNow);
  EXPECT_TRUE(want.unfinished_run());
  EXPECT_EQ(want.check_push(1).error().message, "a push before the blocks of the last head");
}

}  // namespace
}  // namespace shoal::replication
