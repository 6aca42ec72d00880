#include "replication/wire/message.h"

#include "base/bytes.h"
#include "replication/wire/message_samples.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace shoal::replication {
namespace {

using testing::Field;
using testing::fields_of;
using testing::samples;

Bytes encoded(const Message& message) {
  Bytes out;
  encode_message(message, out);
  return out;
}

TEST(Message, EncodesAndDecodesEveryType) {
  std::set<std::size_t> seen;
  for (const Message& message : samples()) {
    const Bytes bytes = encoded(message);
    EXPECT_EQ(bytes.size(), encoded_size(message.body)) << message_name(message.body);
    const Result<Message> back = decode_message(bytes);
    ASSERT_TRUE(back.ok()) << message_name(message.body) << ": " << back.error().message;
    EXPECT_EQ(back->channel, message.channel);
    EXPECT_EQ(back->body, message.body) << message_name(message.body);
    EXPECT_EQ(back->wire_size, bytes.size());
    seen.insert(message.body.index());
  }
  EXPECT_EQ(seen.size(), std::variant_size_v<Body> - 1);  // all but Unknown
}

TEST(Message, FieldTablesCoverTheWholeMessage) {
  for (const Message& message : samples()) {
    const std::vector<Field> fields = fields_of(message);
    std::size_t at = 0;
    for (const Field& field : fields) {
      EXPECT_EQ(field.offset, at) << field.name;
      at += field.size;
    }
    EXPECT_EQ(at, encoded(message).size()) << message_name(message.body);
  }
}

TEST(Message, FieldsOfALaterMinorVersionAreIgnored) {
  for (const Message& message : samples()) {
    Bytes bytes = encoded(message);
    bytes.insert(bytes.end(), {1, 2, 3, 4, 5});
    const Result<Message> back = decode_message(bytes, SenderVersion::newer);
    ASSERT_TRUE(back.ok()) << message_name(message.body);
    EXPECT_EQ(back->body, message.body);
    EXPECT_FALSE(decode_message(bytes).ok());  // who speaks our version has no such fields
  }
}

TEST(Message, TheFirstVersionLacksWhatCameSince) {
  Want want;
  want.want = 3;
  want.urgency = Urgency::missed;
  const Bytes full = encoded(Message{.channel = 1, .body = want});
  const ByteView first = ByteView(full).first(full.size() - 5);
  const Result<Message> back = decode_message(first, SenderVersion::minor_0);
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(std::get<Want>(back->body).urgency, Urgency::unstated);
  EXPECT_FALSE(decode_message(first).ok());
  EXPECT_FALSE(decode_message(full, SenderVersion::minor_0).ok());
}

TEST(Message, VersionsBefore12GrantNoPush) {
  const Bytes full = encoded(Message{.channel = 1, .body = replication::Credit{3, 4, true}});
  const ByteView older = ByteView(full).first(full.size() - 1);
  for (const SenderVersion sender : {SenderVersion::minor_0, SenderVersion::minor_1}) {
    const Result<Message> back = decode_message(older, sender);
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(back->body, Body(replication::Credit{3, 4, false}));
    EXPECT_FALSE(decode_message(full, sender).ok());
  }
  EXPECT_FALSE(decode_message(older).ok());
}

TEST(Message, ReproducesTheWorkedExampleOfAPush) {
  Push push;
  push.want = 11;
  push.time = UnixMs{1'700'000'000'123};
  push.signature.bytes.fill(9);
  push.blocks = {{{1, 2, 0}, Bytes{0x2a}}};
  std::string expected = "8200000001000000000000000b0000018bcfe5687b";
  for (int i = 0; i < 64; ++i) expected += "09";
  expected += "0001000000010000000200000000000000012a";
  EXPECT_EQ(base::to_hex(encoded(Message{.channel = 1, .body = push})), expected);
}

TEST(Message, TypesOfALaterMinorVersionAreSkippedAndOthersRefused) {
  const Result<Message> later = decode_message(Bytes{0xf0, 0, 0, 0, 1, 9, 9});
  ASSERT_TRUE(later.ok());
  EXPECT_EQ(later->body, Body(Unknown{0xf0}));
  EXPECT_FALSE(decode_message(Bytes{0x80, 0, 0, 0, 1}).ok());  // odd parity
  EXPECT_FALSE(decode_message(Bytes{0x7e, 0, 0, 0, 1}).ok());
}

TEST(Message, NoFlippedBitMakesOneTypeAnother) {
  for (const Message& message : samples()) {
    Bytes bytes = encoded(message);
    for (int bit = 0; bit < 8; ++bit) {
      bytes[0] = static_cast<std::uint8_t>(bytes[0] ^ 1U << bit);
      EXPECT_FALSE(decode_message(bytes).ok()) << message_name(message.body) << " bit " << bit;
      bytes[0] = static_cast<std::uint8_t>(bytes[0] ^ 1U << bit);
    }
  }
}

TEST(Message, EveryCutIsRefused) {
  for (const Message& message : samples()) {
    const Bytes bytes = encoded(message);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_FALSE(decode_message(ByteView(bytes).first(size)).ok()) << message_name(message.body) << " " << size;
    }
  }
}

TEST(Message, CountsBeyondTheInputAreRefusedBeforeMemoryIsTaken) {
  // A have message that claims 1,024 ranges and has none.
  EXPECT_FALSE(decode_message(Bytes{0x18, 0, 0, 0, 1, 0, 0, 0, 4, 0}).ok());
  // More than the limit, however long the message.
  Bytes many{0x18, 0, 0, 0, 1, 0, 0, 0, 4, 1};
  many.resize(many.size() + 16 * 1025);
  EXPECT_FALSE(decode_message(many).ok());
  EXPECT_FALSE(decode_message(Bytes(kMaxPlainMessage + 1, 0)).ok());
}

RC_GTEST_PROP(Message, AnyBytesDecodeOrAreRefused, ()) {
  const auto bytes = *rc::gen::container<Bytes>(rc::gen::arbitrary<std::uint8_t>());
  const Result<Message> message = decode_message(bytes);
  if (message && message->body.index() != 0) RC_ASSERT(encoded_size(message->body) <= bytes.size());
}

TEST(Message, MutatedMessagesNeverCrashAndWhatDecodesEncodesAgain) {
  base::SeededRandom random(42);
  const std::vector<Message> all = samples();
  std::vector<Bytes> originals;
  for (const Message& message : all) originals.push_back(encoded(message));
  for (int round = 0; round < 200'000; ++round) {
    Bytes bytes = originals[random.below(originals.size())];
    const std::uint64_t changes = 1 + random.below(4);
    for (std::uint64_t i = 0; i < changes; ++i) {
      const std::size_t at = random.below(std::min<std::size_t>(bytes.size(), 400));
      bytes[at] = static_cast<std::uint8_t>(random.below(4) == 0 ? random.next() : bytes[at] ^ 1U << random.below(8));
    }
    const Result<Message> message = decode_message(bytes, SenderVersion::newer);
    if (!message || message->body.index() == 0) continue;
    Bytes again;
    encode_message(*message, again);
    ASSERT_LE(again.size(), bytes.size());
    ASSERT_TRUE(std::equal(again.begin(), again.end(), bytes.begin())) << message_name(message->body);
  }
}

}  // namespace
}  // namespace shoal::replication
