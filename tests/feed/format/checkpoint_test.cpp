#include "feed/format/checkpoint.h"

#include "feed/sample_feed.h"

namespace shoal::feed {
namespace {

using testing::SampleFeed;

Checkpoint sample_head(const SampleFeed& feed, Epoch epoch = Epoch{0}) {
  Checkpoint head;
  head.epoch = epoch;
  head.tree_size = 812;
  head.root.bytes.fill(0x11);
  head.time = UnixMs{1'700'000'000'123};
  head.topic_count = 3;
  head.topic_root.bytes.fill(0x22);
  return feed.sign(head);
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(Checkpoint, NoteHasTheDocumentedLines) {
  const SampleFeed feed;
  const std::string hex = feed.id().hex();
  const std::string root = "ERERERERERERERERERERERERERERERERERERERERERE=";
  const std::string topics = "IiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiI=";
  EXPECT_EQ(note_text(feed.id(), sample_head(feed)),
            "shoalcast/feed/" + hex + "\n812\n" + root + "\ntime 1700000000123\ntopics 3 " + topics + "\n");
  EXPECT_TRUE(note_text(feed.id(), sample_head(feed, Epoch{2})).starts_with("shoalcast/feed/" + hex + "/2\n812\n"));
  const std::string note = signed_note(feed.id(), sample_head(feed));
  EXPECT_NE(note.find("\n\n\xE2\x80\x94 shoalcast/feed/" + hex + " "), std::string::npos);
}

TEST(Checkpoint, NoteAndCompactFormGiveTheSameHead) {
  const SampleFeed feed;
  for (const Epoch epoch : {Epoch{0}, Epoch{1}, Epoch{0xffffffff}}) {
    const Checkpoint head = sample_head(feed, epoch);
    const auto parsed = parse_signed_note(signed_note(feed.id(), head));
    ASSERT_TRUE(parsed.ok()) << parsed.error().message;
    EXPECT_EQ(parsed->feed, feed.id());
    EXPECT_EQ(parsed->head, head);
    const Bytes compact = encode_checkpoint(head);
    ASSERT_EQ(compact.size(), kCheckpointSize);
    const auto decoded = decode_checkpoint(compact);
    ASSERT_TRUE(decoded.ok());
    EXPECT_EQ(*decoded, head);
    EXPECT_TRUE(verify_checkpoint(feed.id(), *decoded).ok());
  }
}

TEST(Checkpoint, AnyFlippedBitOfTheCompactFormIsRejected) {
  const SampleFeed feed;
  const Bytes compact = encode_checkpoint(sample_head(feed));
  for (std::size_t bit = 0; bit < compact.size() * 8; ++bit) {
    Bytes flipped = compact;
    flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ (1U << bit % 8));
    const auto decoded = decode_checkpoint(flipped);
    EXPECT_FALSE(decoded.ok() && verify_checkpoint(feed.id(), *decoded).ok()) << bit;
  }
  EXPECT_FALSE(decode_checkpoint(ByteView(compact).first(kCheckpointSize - 1)).ok());
  Bytes longer = compact;
  longer.push_back(0);
  EXPECT_FALSE(decode_checkpoint(longer).ok());
}

TEST(Checkpoint, AnyFlippedBitOfTheNoteIsRejected) {
  const SampleFeed feed;
  const std::string note = signed_note(feed.id(), sample_head(feed));
  for (std::size_t bit = 0; bit < note.size() * 8; ++bit) {
    std::string flipped = note;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ static_cast<char>(1U << bit % 8));
    EXPECT_FALSE(parse_signed_note(flipped).ok()) << bit;
  }
}

TEST(Checkpoint, IsOfOneFeedAndOneEpoch) {
  const SampleFeed feed(7), other(8);
  Checkpoint head = sample_head(feed);
  EXPECT_FALSE(verify_checkpoint(other.id(), head).ok());
  head.epoch = Epoch{1};
  EXPECT_FALSE(verify_checkpoint(feed.id(), head).ok());
}

TEST(Checkpoint, LimitsHoldWhateverIsSigned) {
  const SampleFeed feed;
  const auto accepted = [&](auto change) {
    Checkpoint head = sample_head(feed);
    change(head);
    return verify_checkpoint(feed.id(), feed.sign(head)).ok();
  };
  EXPECT_TRUE(accepted([](Checkpoint& head) { head.tree_size = merkle::kMaxTreeSize - 1; }));
  EXPECT_FALSE(accepted([](Checkpoint& head) { head.tree_size = merkle::kMaxTreeSize; }));
  EXPECT_FALSE(accepted([](Checkpoint& head) { head.time = UnixMs{-1}; }));
  EXPECT_FALSE(accepted([](Checkpoint& head) { head.topic_count = 0; }));
  EXPECT_TRUE(accepted([](Checkpoint& head) { head.topic_count = kMaxTopicPartitions + 1; }));
  EXPECT_FALSE(accepted([](Checkpoint& head) { head.topic_count = kMaxTopicPartitions + 2; }));
  EXPECT_FALSE(accepted([](Checkpoint& head) { head.tree_size = 0; }));
  EXPECT_TRUE(accepted([](Checkpoint& head) {
    head.tree_size = 0;
    head.root = merkle::empty_root();
  }));
}

TEST(Checkpoint, SameHistoryIgnoresTheTimeOnly) {
  const SampleFeed feed;
  const Checkpoint head = sample_head(feed);
  Checkpoint other = head;
  other.time += 5;
  EXPECT_TRUE(head.same_history(other));
  other = head;
  other.epoch = Epoch{1};
  EXPECT_FALSE(head.same_history(other));
  other = head;
  other.tree_size += 1;
  EXPECT_FALSE(head.same_history(other));
  other = head;
  other.root.bytes[0] ^= 1;
  EXPECT_FALSE(head.same_history(other));
  other = head;
  other.topic_count += 1;
  EXPECT_FALSE(head.same_history(other));
  other = head;
  other.topic_root.bytes[31] ^= 1;
  EXPECT_FALSE(head.same_history(other));
}

TEST(SignedNote, SignaturesOfOtherKeysAreIgnored) {
  const SampleFeed feed;
  const std::string note = signed_note(feed.id(), sample_head(feed));
  const std::string witness = "\xE2\x80\x94 witness.example/w1 " + base::to_base64(Bytes(76, 9)) + "\n";
  EXPECT_TRUE(parse_signed_note(note + witness).ok());
  EXPECT_TRUE(parse_signed_note(replaced(note, "\n\n", "\n\n" + witness)).ok());
  // Our name with another key's id is another key.
  const std::string same_name =
      "\xE2\x80\x94 " + checkpoint_origin(feed.id(), Epoch{0}) + " " + base::to_base64(Bytes(68, 9)) + "\n";
  EXPECT_TRUE(parse_signed_note(note + same_name).ok());
}

TEST(SignedNote, RejectsWhatTheSpecificationForbids) {
  const SampleFeed feed;
  const Checkpoint head = sample_head(feed);
  const std::string note = signed_note(feed.id(), head);
  const std::string text = note_text(feed.id(), head);
  const std::string line = note.substr(text.size() + 1);
  const std::string dash = "\xE2\x80\x94 ";
  std::string many;
  for (int i = 0; i < 100; ++i) many += dash + "w AAAAAAA=\n";
  const std::vector<std::pair<const char*, std::string>> cases = {
      {"empty", ""},
      {"text only", text},
      {"no signature line", text + "\n"},
      {"no blank line", text + line},
      {"no final line feed", note.substr(0, note.size() - 1)},
      {"text after the signature", note + "more\n"},
      {"blank line after the signature", note + "\n"},
      {"signed twice", note + line},
      {"hyphen instead of the dash", replaced(note, dash, "- ")},
      {"no space after the dash", replaced(note, dash, "\xE2\x80\x94")},
      {"two spaces after the dash", replaced(note, dash, dash + " ")},
      {"carriage returns", replaced(note, "\n812\n", "\r\n812\r\n")},
      {"tab", replaced(note, "time ", "time\t")},
      {"not UTF-8", replaced(note, "812", "81\xff")},
      {"only a witness signed", text + "\n" + dash + "w " + base::to_base64(Bytes(68, 9)) + "\n"},
      {"witness name with a plus", note + dash + "a+b AAAAAAA=\n"},
      {"witness without a name", note + dash + " AAAAAAA=\n"},
      {"witness signature too short", note + dash + "w AAAAAA==\n"},
      {"witness signature no base64", note + dash + "w AAAAAA\n"},
      {"too many signatures", note + many},
      {"other origin", replaced(replaced(note, "shoalcast/feed/", "shoalcast/food/"), dash + "shoalcast/feed/",
                                dash + "shoalcast/food/")},
  };
  for (const auto& [what, bad] : cases) {
    const auto parsed = parse_signed_note(bad);
    ASSERT_FALSE(parsed.ok()) << what;
    EXPECT_EQ(parsed.error().code, Code::unverified) << what;
  }
  EXPECT_FALSE(parse_signed_note(std::string(1 << 20, 'a')).ok());
}

TEST(SignedNote, RejectsTextThatIsNotCanonicalEvenWhenItIsSigned) {
  const SampleFeed feed;
  const Checkpoint head = sample_head(feed);
  const std::string text = note_text(feed.id(), head);
  const auto sign_text = [&](const std::string& changed) {
    const std::string origin = checkpoint_origin(feed.id(), Epoch{0});
    const std::string good = signed_note(feed.id(), head);
    const std::string blob = good.substr(good.rfind(' ') + 1);
    Bytes raw = base::from_base64(std::string_view(blob).substr(0, blob.size() - 1)).value();
    raw.resize(4);
    base::append(raw, crypto::sign(feed.key(), base::as_bytes(changed)).bytes);
    return changed + "\n\xE2\x80\x94 " + origin + " " + base::to_base64(raw) + "\n";
  };
  ASSERT_TRUE(parse_signed_note(sign_text(text)).ok());
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"\n812\n", "\n0812\n"},
           {"\n812\n", "\n+812\n"},
           {"\n812\n", "\n812 \n"},
           {"\n812\n", "\n-812\n"},
           {"\n812\n", "\n18446744073709551616\n"},
           {"\n812\n", "\n281474976710656\n"},
           {"time ", "time  "},
           {"time ", "Time "},
           {"time 17", "time -17"},
           {"topics 3 ", "topics 03 "},
           {"topics 3 ", "topics 4294967297 "},
           {"topics 3", "topics 3\nmore 1"},
           {"ERERE=", "ERERF="},
           {"ERERE=", "ERERE"},
           {"ERERERE=", "ERERERERE="},
           {"\ntime", "\n\ntime"},
       }) {
    EXPECT_FALSE(parse_signed_note(sign_text(replaced(text, from, to))).ok()) << from << " -> " << to;
  }
}

}  // namespace
}  // namespace shoal::feed
