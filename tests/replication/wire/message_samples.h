#pragma once

#include "base/random.h"
#include "replication/wire/message_fields.h"

#include <set>

namespace shoal::replication::testing {

inline Digest digest(std::uint8_t fill) {
  Digest out;
  out.bytes.fill(fill);
  return out;
}

inline feed::Checkpoint sample_head() {
  feed::Checkpoint head;
  head.tree_size = 77;
  head.root = digest(3);
  head.time = UnixMs{1'700'000'000'123};
  head.topic_count = 5;
  head.topic_root = digest(4);
  head.signature.bytes.fill(9);
  return head;
}

/// At least one message of each type, every list with something in it.
inline std::vector<Message> samples() {
  const TopicPartition stream{"quakes", Partition{2}};
  std::vector<Body> bodies;
  bodies.push_back(Open{digest(1), digest(2)});
  bodies.push_back(Identity{1, 3, PublicKey{digest(5).bytes}, {}});
  bodies.push_back(Close{"enough"});
  bodies.push_back(Ping{7});
  bodies.push_back(Pong{7});
  bodies.push_back(Fork{Bytes(300, 1)});
  bodies.push_back(Head{sample_head()});
  bodies.push_back(NoHead{});
  bodies.push_back(AskHead{});
  bodies.push_back(Have{true, {stream}, {{BlockIndex{1}, BlockIndex{9}}}});
  bodies.push_back(Growth{1, 2, 3});
  bodies.push_back(GrowthReply{1, true, 2, 3, {digest(1)}, {digest(2), digest(3)}});
  bodies.push_back(TopicStateRequest{1, "quakes", 0, 2});
  TopicStateReply state;
  state.request = 1;
  state.answer = TopicAnswer::entries;
  state.head = sample_head();
  state.first = 1;
  state.entries = {{{stream, Offset{5}, BlockIndex{4}, UnixMs{6}}, {digest(1), digest(2)}},
                   {{stream, Offset{0}, std::nullopt, kNoTime}, {}}};
  bodies.push_back(state);
  bodies.push_back(TopicStateReply{.request = 4});
  bodies.push_back(Lookup{1, stream, LookupBy::time, 99});
  bodies.push_back(LookupReply{1, BlockIndex{4}});
  bodies.push_back(LookupReply{1, std::nullopt});
  Want want;
  want.want = 11;
  want.tree_size = 50;
  want.begin = 3;
  want.end = 9;
  want.credit = 1 << 20;
  want.all_topics = false;
  want.streams = {stream, {"all", kAllPartitions}};
  bodies.push_back(want);
  bodies.push_back(replication::Credit{11, 1000});
  bodies.push_back(replication::Credit{11, 0, true});
  bodies.push_back(Cancel{11});
  Data data;
  data.want = 11;
  data.with_head = true;
  data.head = sample_head();
  data.tree_size = 77;
  data.base = 3;
  data.blocks = {{BlockIndex{3}, Bytes(100, 1), PayloadForm::with_block, Bytes(50, 2)},
                 {BlockIndex{5}, Bytes(99, 1), PayloadForm::pruned, {}}};
  data.cover = {digest(1), digest(2)};
  bodies.push_back(data);
  bodies.push_back(Piece{11, BlockIndex{5}, 2, {digest(8)}, Bytes(1000, 7)});
  bodies.push_back(WantEnd{11, EndReason::not_held});
  Push push;
  push.want = 11;
  push.time = UnixMs{1'700'000'000'123};
  push.signature.bytes.fill(9);
  push.blocks = {{{1, 0, 0}, Bytes(120, 2)}, {{2, 3, 70'000}, Bytes(50, 4)}};
  bodies.push_back(push);
  bodies.push_back(ReceiptMessage{ReceiptPurpose::awaited, {}});
  bodies.push_back(ReceiptMessage{ReceiptPurpose::given, Bytes(199, 5)});
  std::vector<Message> out;
  for (Body& body : bodies) out.push_back(Message{.channel = 3, .body = std::move(body)});
  return out;
}

}  // namespace shoal::replication::testing
