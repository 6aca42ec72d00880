#pragma once

#include "feed/format/checkpoint.h"
#include "feed/format/topic_state.h"
#include "feed/log/feed_log.h"
#include "replication/wire/message_size.h"
#include "replication/wire/message_type.h"
#include "replication/wire/push_message.h"
#include "replication/wire/receipt_message.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

/// The messages of one session (docs/PROTOCOL.md, "Messages"). Every struct lists its fields once, in wire order, in
/// `fields`; encoding, decoding, sizes and the tests' tables of fields are archives that walk over that list.
namespace shoal::replication {

using crypto::Digest;

/// Type and channel.
inline constexpr std::size_t kMessagePrefix = 5;
/// Largest plain message; sealing adds 16 bytes.
inline constexpr std::size_t kMaxPlainMessage = kMaxMessageSize - 16;
inline constexpr std::size_t kMaxHashes = kMaxPlainMessage / 32;
inline constexpr std::size_t kMaxWantStreams = 256;
inline constexpr std::size_t kMaxHaveRanges = 1024;
inline constexpr std::size_t kMaxTopicEntries = 1024;
inline constexpr std::size_t kMaxReasonLength = 200;
/// In a want: every partition of the topic.
inline constexpr Partition kAllPartitions{-1};

/// `topic` length u8, topic, partition i32.
template <class Stream, class Archive>
void stream_fields(Stream& stream, Archive& a) {
  a.text("topic", stream.topic, feed::kMaxTopicLength);
  a.number("partition", stream.partition);
}

template <class Hashes, class Archive>
void hash_list(const char* name, Hashes& hashes, std::size_t max, Archive& a) {
  a.list(name, hashes, max, [&a](auto& hash) { a.array("hash", hash.bytes); });
}

/// Opens the feed of `discovery_key` under the sender's number for it, the message's channel.
struct Open {
  static constexpr MessageType kType = MessageType::open;
  Digest discovery_key;
  Digest capability;
  template <class Self, class Archive>
  static void fields(Self& m, Archive& a) {
    a.array("discovery_key", m.discovery_key.bytes);
    a.array("capability", m.capability.bytes);
  }
  bool operator==(const Open&) const = default;
};

/// The sender's identity; repeats the version of its hello, which was not encrypted.
struct Identity {
  static constexpr MessageType kType = MessageType::identity;
  std::uint8_t major = 0;
  std::uint8_t minor = 0;
  PublicKey node_key;
  crypto::Signature signature;
  template <class Self, class Archive>
  static void fields(Self& m, Archive& a) {
    a.number("major", m.major);
    a.number("minor", m.minor);
    a.array("node_key", m.node_key.bytes);
    a.array("signature", m.signature.bytes);
  }
  bool operator==(const Identity&) const = default;
};

/// Ends a channel, or the session on channel 0. The text is for people.
struct Close {
  static constexpr MessageType kType = MessageType::close;
  std::string reason;
  template <class Self, class Archive>
  static void fields(Self& m, Archive& a) {
    a.text("reason", m.reason, kMaxReasonLength);
  }
  bool operator==(const Close&) const = default;
};

struct Ping {
  static constexpr MessageType kType = MessageType::ping;
  std::uint64_t nonce = 0;
  template <class Self, class Archive>
  static void fields(Self& m, Archive& a) {
    a.number("nonce", m.nonce);
  }
  bool operator==(const Ping&) const = default;
};

struct Pong {
  static constexpr MessageType kType = MessageType::pong;
  std::uint64_t nonce = 0;
  template <class Self, class Archive>
  static void fields(Self& m, Archive& a) {
    a.number("nonce", m.nonce);
  }
  bool operator==(const Pong&) const = default;
};

/// Proof that the owner forked (docs/FORMAT.md, "Fork proof"). Comes before any head.
struct Fork {
  static constexpr MessageType kType = MessageType::fork;
  Bytes proof;
  template <class Self, class Archive>
  static void fields(Self& m, Archive& a) {
    a.bytes("proof", m.proof, 4096);
  }
  bool operator==(const Fork&) const = default;
};

struct Head {
  static constexpr MessageType kType = MessageType::head;
  feed::Checkpoint head;
  template <class Self, class Archive>
  static void fields(Self& m, Archive& a) {
    a.checkpoint("head", m.head);
  }
  bool operator==(const Head&) const = default;
};

struct NoHead {
  static constexpr MessageType kType = MessageType::no_head;
  template <class Self, class Archive>
  static void fields(Self&, Archive&) {}
  bool operator==(const NoHead&) const = default;
};

/// Asks for `head` or `no_head` again.
struct AskHead {
  static constexpr MessageType kType = MessageType::ask_head;
  template <class Self, class Archive>
  static void fields(Self&, Archive&) {}
  bool operator==(const AskHead&) const = default;
};

/// What the sender holds. Replaces its former statement.
struct Have {
  static constexpr MessageType kType = MessageType::have;
  bool complete = false;                ///< everything under each head it announces
  std::vector<TopicPartition> streams;  ///< everything of these, likewise
  std::vector<feed::BlockRange> ranges;
  template <class Self, class Archive>
  static void fields(Self& m, Archive& a) {
    a.flag("complete", m.complete);
    a.list("streams", m.streams, kMaxWantStreams, [&a](auto& stream) { stream_fields(stream, a); });
    a.list("ranges", m.ranges, kMaxHaveRanges, [&a](auto& range) {
      a.number("begin", range.begin);
      a.number("end", range.end);
    });
  }
  bool operator==(const Have&) const = default;
};

/// Asks for the proof that the tree of size `to` extends that of size `from`.
struct Growth {
  static constexpr MessageType kType = MessageType::growth;
  std::uint64_t request = 0;
  std::uint64_t from = 0;
  std::uint64_t to = 0;
  template <class Self, class Archive>
  static void fields(Self& m, Archive& a) {
    a.number("request", m.request);
    a.number("from", m.from);
    a.number("to", m.to);
  }
  bool operator==(const Growth&) const = default;
};

struct GrowthReply {
  static constexpr MessageType kType = MessageType::growth_reply;
  std::uint64_t request = 0;
  bool held = false;  ///< false: the sender lacks the nodes; the lists are empty
  std::uint64_t from = 0;
  std::uint64_t to = 0;
  std::vector<Digest> edge;   ///< right edge at `from`
  std::vector<Digest> cover;  ///< cover(from, to)
  template <class Self, class Archive>
  static void fields(Self& m, Archive& a) {
    a.number("request", m.request);
    a.flag("held", m.held);
    a.number("from", m.from);
    a.number("to", m.to);
    hash_list("edge", m.edge, 64, a);
    hash_list("cover", m.cover, 128, a);
  }
  bool operator==(const GrowthReply&) const = default;
};

/// Asks for signed topic-state entries: those at [from, from + count), counted from the first partition of `topic`
/// when it is not empty.
struct TopicStateRequest {
  static constexpr MessageType kType = MessageType::topic_state;
  std::uint64_t request = 0;
  std::string topic;
  std::uint32_t from = 0;
  std::uint32_t count = 0;
  template <class Self, class Archive>
  static void fields(Self& m, Archive& a) {
    a.number("request", m.request);
    a.text("topic", m.topic, feed::kMaxTopicLength);
    a.number("from", m.from);
    a.number("count", m.count);
  }
  bool operator==(const TopicStateRequest&) const = default;
};

enum class TopicAnswer : std::uint8_t { entries, unknown_topic, not_held };

/// Consecutive entries from position `first` on, as many as fit, under `head`.
struct TopicStateReply {
  static constexpr MessageType kType = MessageType::topic_state_reply;
  struct Entry {
    feed::TopicStateEntry entry;
    std::vector<Digest> path;
    bool operator==(const Entry&) const = default;
  };
  std::uint64_t request = 0;
  TopicAnswer answer = TopicAnswer::not_held;
  feed::Checkpoint head;  ///< only with entries or unknown_topic
  std::uint32_t first = 0;
  std::vector<Entry> entries;
  template <class Self, class Archive>
  static void fields(Self& m, Archive& a) {
    a.number("request", m.request);
    a.choice("answer", m.answer, 2);
    if (m.answer == TopicAnswer::not_held) return;
    a.checkpoint("head", m.head);
    a.number("first", m.first);
    a.list("entries", m.entries, kMaxTopicEntries, [&a](auto& item) {
      stream_fields(item.entry.stream, a);
      a.number("next_offset", item.entry.next_offset);
      a.optional_block("last_block", item.entry.last_block);
      a.number("largest_time", item.entry.largest_time);
      hash_list("path", item.path, 17, a);
    });
  }
  bool operator==(const TopicStateReply&) const = default;
};

enum class LookupBy : std::uint8_t { offset, time };

/// Asks which block holds an offset, or the first record at or after a time (milliseconds).
struct Lookup {
  static constexpr MessageType kType = MessageType::lookup;
  std::uint64_t request = 0;
  TopicPartition stream;
  LookupBy by = LookupBy::offset;
  std::int64_t value = 0;
  template <class Self, class Archive>
  static void fields(Self& m, Archive& a) {
    a.number("request", m.request);
    stream_fields(m.stream, a);
    a.choice("by", m.by, 1);
    a.number("value", m.value);
  }
  bool operator==(const Lookup&) const = default;
};

/// A hint: the block's proven header shows whether it holds the offset or time.
struct LookupReply {
  static constexpr MessageType kType = MessageType::lookup_reply;
  std::uint64_t request = 0;
  std::optional<BlockIndex> block;
  template <class Self, class Archive>
  static void fields(Self& m, Archive& a) {
    a.number("request", m.request);
    a.optional_block("block", m.block);
  }
  bool operator==(const LookupReply&) const = default;
};

/// Live wants of readers that fetch the whole feed get no payloads above this size, only their headers: they pull them.
inline constexpr std::uint32_t kPushLimit = std::uint32_t{64} << 10;
inline constexpr std::uint32_t kPushAll = 0xffffffff;

/// How much a want matters to the reader, for a server that has as many as it likes to serve (1.1).
enum class Urgency : std::uint8_t {
  unstated,  ///< a reader of 1.0: it does not know EndReason::busy
  normal,
  missed,  ///< the peers that should bring it are late
  alone,   ///< no other peer could serve it
};

/// Asks for blocks [begin, end) of all topics or of `streams`, proven relative to `tree_size` from the right edge at
/// `base`, which the reader holds. A live want goes on with every later head.
struct Want {
  static constexpr MessageType kType = MessageType::want;
  std::uint64_t want = 0;  ///< the reader's name for it, random, never 0
  std::uint64_t tree_size = 0;
  std::uint64_t base = 0;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;  ///< not used by live wants
  bool live = false;
  bool headers_only = false;
  std::uint64_t credit = 0;  ///< bytes of data and piece messages that may be sent
  bool all_topics = true;
  std::vector<TopicPartition> streams;
  Urgency urgency = Urgency::unstated;  ///< since 1.1
  std::uint32_t push_limit = kPushAll;  ///< since 1.1: larger payloads of a live want stay away, headers come
  template <class Self, class Archive>
  static void fields(Self& m, Archive& a) {
    a.number("want", m.want);
    a.number("tree_size", m.tree_size);
    a.number("base", m.base);
    a.number("begin", m.begin);
    a.number("end", m.end);
    a.flag("live", m.live);
    a.flag("headers_only", m.headers_only);
    a.number("credit", m.credit);
    a.flag("all_topics", m.all_topics);
    a.list("streams", m.streams, kMaxWantStreams, [&a](auto& stream) { stream_fields(stream, a); });
    a.since_1_1([&] {
      a.choice("urgency", m.urgency, 3);
      a.number("push_limit", m.push_limit);
    });
  }
  bool operator==(const Want&) const = default;
};

struct Credit {
  static constexpr MessageType kType = MessageType::credit;
  std::uint64_t want = 0;
  std::uint64_t bytes = 0;
  bool compact = false;  ///< since 1.2: the reader has the topic state and takes Push instead of Data from here on
  template <class Self, class Archive>
  static void fields(Self& m, Archive& a) {
    a.number("want", m.want);
    a.number("bytes", m.bytes);
    a.since_1_2([&] { a.flag("compact", m.compact); });
  }
  bool operator==(const Credit&) const = default;
};

struct Cancel {
  static constexpr MessageType kType = MessageType::cancel;
  std::uint64_t want = 0;
  template <class Self, class Archive>
  static void fields(Self& m, Archive& a) {
    a.number("want", m.want);
  }
  bool operator==(const Cancel&) const = default;
};

/// Where a block's payload is.
enum class PayloadForm : std::uint8_t {
  absent,      ///< not asked for (headers only, or above the want's push limit)
  with_block,  ///< here
  pieces,      ///< in the piece messages that follow; only the last block of a run
  pruned,      ///< the sender dropped it
};

struct DataBlock {
  BlockIndex index{0};
  Bytes header;
  PayloadForm form = PayloadForm::absent;
  Bytes payload;
  template <class Self, class Archive>
  static void fields(Self& m, Archive& a) {
    a.number("index", m.index);
    a.bytes("header", m.header, feed::kMaxHeaderSize);
    a.choice("form", m.form, 3);
    if (m.form == PayloadForm::with_block) a.bytes("payload", m.payload, kMaxInlinePayload);
  }
  bool operator==(const DataBlock&) const = default;
};

/// A run of blocks with the hashes that prove them: from the right edge at `base`, blocks and `cover` lead to the
/// root at `tree_size`. A live want's first run under a new head carries that head.
struct Data {
  static constexpr MessageType kType = MessageType::data;
  std::uint64_t want = 0;
  bool with_head = false;
  feed::Checkpoint head;
  std::uint64_t tree_size = 0;
  std::uint64_t base = 0;
  std::vector<DataBlock> blocks;
  std::vector<Digest> cover;
  template <class Self, class Archive>
  static void fields(Self& m, Archive& a) {
    a.number("want", m.want);
    a.flag("with_head", m.with_head);
    if (m.with_head) a.checkpoint("head", m.head);
    a.number("tree_size", m.tree_size);
    a.number("base", m.base);
    a.list("blocks", m.blocks, kMaxRunBlocks, [&a](auto& block) { DataBlock::fields(block, a); });
    hash_list("cover", m.cover, kMaxHashes, a);
  }
  bool operator==(const Data&) const = default;
};

/// One piece of the payload of the want's last block, in order.
struct Piece {
  static constexpr MessageType kType = MessageType::piece;
  std::uint64_t want = 0;
  BlockIndex block{0};
  std::uint32_t piece = 0;
  std::vector<Digest> path;
  Bytes bytes;
  template <class Self, class Archive>
  static void fields(Self& m, Archive& a) {
    a.number("want", m.want);
    a.number("block", m.block);
    a.number("piece", m.piece);
    hash_list("path", m.path, 8, a);
    a.bytes("bytes", m.bytes, feed::kPieceSize);
  }
  bool operator==(const Piece&) const = default;
};

enum class EndReason : std::uint8_t {
  done,
  not_held,
  busy,  ///< of a want that stated its urgency: enough are served already (1.1)
};

/// Ends a want: everything was sent, or the sender does not hold the next block, or it is busy.
struct WantEnd {
  static constexpr MessageType kType = MessageType::want_end;
  std::uint64_t want = 0;
  EndReason reason = EndReason::done;
  template <class Self, class Archive>
  static void fields(Self& m, Archive& a) {
    a.number("want", m.want);
    a.choice("reason", m.reason, 2);
  }
  bool operator==(const WantEnd&) const = default;
};

/// A message of a later minor version.
struct Unknown {
  std::uint8_t type = 0;
  bool operator==(const Unknown&) const = default;
};

using Body = std::variant<Unknown, Open, Identity, Close, Ping, Pong, Fork, Head, NoHead, AskHead, Have, Growth,
                          GrowthReply, TopicStateRequest, TopicStateReply, Lookup, LookupReply, Want, Credit, Cancel,
                          Data, Piece, WantEnd, Push, ReceiptMessage>;

struct Message {
  std::uint32_t channel = 0;
  Body body;
  bool bulk = false;          ///< local: may wait behind all that is not
  std::size_t wire_size = 0;  ///< local: bytes of the decoded message, prefix included
};

/// Appends the message to `out`. Requires lists and texts within their limits and a known type.
void encode_message(const Message& message, Bytes& out);
/// Bytes that encode_message would append.
[[nodiscard]] std::size_t encoded_size(const Body& body);
/// The sender's protocol version: 1.0 or 1.1, whose messages lack the fields that came since; 1.2, which this code
/// speaks; or a newer minor version, whose messages may be longer than this code knows them.
enum class SenderVersion : std::uint8_t { minor_0, minor_1, minor_2, newer };
/// Bounded, allocates no more than the input's size allows. Fields after the known ones of a later version are ignored.
/// Code::unverified for malformed input and for unknown types that are not ignorable.
[[nodiscard]] Result<Message> decode_message(ByteView bytes, SenderVersion sender = SenderVersion::minor_2);
/// The first minor version of the protocol that knows the message; older ones are not sent it.
[[nodiscard]] std::uint8_t first_minor_version(const Body& body);
/// The message's name in docs/PROTOCOL.md.
[[nodiscard]] const char* message_name(const Body& body);

}  // namespace shoal::replication
