#include "feed/format/checkpoint.h"

#include "base/bytes.h"
#include "base/try.h"
#include "base/wire.h"
#include "crypto/domain.h"
#include "feed/format/block.h"
#include "merkle/tree_hash.h"

#include <algorithm>
#include <charconv>

// docs/FORMAT.md, "Checkpoint". One statement in two forms: the signed note (C2SP tlog-checkpoint), which other tools
// read and witnesses sign, and 153 bytes for wire and store. The signature is over the note's text; it is rebuilt from
// the compact form byte by byte, so a head can only be written in one way. The parser refuses whatever the writer would
// not have written: two texts with one meaning would be two heads.
namespace shoal::feed {
namespace {

constexpr std::uint8_t kCompactVersion = 1;
constexpr std::uint8_t kEd25519KeyType = 0x01;
constexpr std::size_t kKeyIdSize = 4;
/// Room for the note with the signatures of some witnesses.
constexpr std::size_t kMaxNoteSize = 16384;
constexpr std::size_t kMaxSignatureLines = 64;
constexpr std::string_view kSignaturePrefix = "\xE2\x80\x94 ";  // em dash U+2014 and a space

Error bad(std::string_view what) { return Error{Code::unverified, "checkpoint: " + std::string(what)}; }

std::array<std::uint8_t, kKeyIdSize> key_id(const FeedId& feed, std::string_view origin) {
  base::WireWriter out;
  out.bytes(base::as_bytes(origin));
  out.u8('\n');
  out.u8(kEd25519KeyType);
  out.bytes(feed.key.bytes);
  const Digest digest = crypto::sha256(out.view());
  return {digest.bytes[0], digest.bytes[1], digest.bytes[2], digest.bytes[3]};
}

/// Takes the text up to `end` from `rest`; false when `end` does not occur.
bool take_until(std::string_view& rest, char end, std::string_view& out) {
  const std::size_t at = rest.find(end);
  if (at == std::string_view::npos) return false;
  out = rest.substr(0, at);
  rest.remove_prefix(at + 1);
  return true;
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

// Canonical form is not checked here: the whole text is compared with the one rebuilt from the fields.
template <typename Number>
bool parse_number(std::string_view text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size();
}

bool parse_digest(std::string_view text, Digest& out) {
  const auto bytes = base::from_base64(text);
  if (!bytes || bytes->size() != out.bytes.size()) return false;
  std::copy(bytes->begin(), bytes->end(), out.bytes.begin());
  return true;
}

/// The lines that are signed; everything but the signature.
Result<ParsedNote> parse_text(std::string_view text) {
  ParsedNote out;
  std::string_view rest = text;
  std::string_view origin, size, root, time, topics, count;
  if (!take_until(rest, '\n', origin) || !take_until(rest, '\n', size) || !take_until(rest, '\n', root) ||
      !take_until(rest, '\n', time) || !take_until(rest, '\n', topics) || !rest.empty()) {
    return bad("not the five lines of a feed's note");
  }
  if (!take_prefix(origin, crypto::domain::kFeedOrigin)) return bad("not a feed's note");
  std::string_view id = origin.substr(0, 64);
  std::string_view epoch = origin.substr(id.size());
  std::uint32_t number = 0;
  if (!epoch.empty() && (!take_prefix(epoch, "/") || !parse_number(epoch, number))) return bad("malformed origin line");
  auto feed = FeedId::parse(id);
  if (!feed) return bad("malformed origin line");
  out.feed = *feed;
  out.head.epoch = Epoch{number};
  std::int64_t ms = 0;
  if (!parse_number(size, out.head.tree_size) || !parse_digest(root, out.head.root) || !take_prefix(time, "time ") ||
      !parse_number(time, ms) || !take_prefix(topics, "topics ") || !take_until(topics, ' ', count) ||
      !parse_number(count, out.head.topic_count) || !parse_digest(topics, out.head.topic_root)) {
    return bad("malformed line");
  }
  out.head.time = UnixMs{ms};
  if (note_text(out.feed, out.head) != text) return bad("not in canonical form");
  return out;
}

/// One signature line of a note.
struct SignatureLine {
  std::string_view name;
  Bytes blob;
};

Result<SignatureLine> parse_signature_line(std::string_view line) {
  SignatureLine out;
  if (!take_prefix(line, kSignaturePrefix) || !take_until(line, ' ', out.name)) return bad("malformed signature line");
  auto blob = base::from_base64(line);
  if (out.name.empty() || out.name.find('+') != std::string_view::npos || !blob || blob->size() <= kKeyIdSize) {
    return bad("malformed signature line");
  }
  out.blob = *std::move(blob);
  return out;
}

/// The feed's own signature; lines of other keys (witnesses) are ignored, as signed-note asks.
Result<crypto::Signature> find_signature(std::string_view lines, const FeedId& feed, Epoch epoch) {
  const std::string origin = checkpoint_origin(feed, epoch);
  const auto id = key_id(feed, origin);
  crypto::Signature found;
  bool any = false;
  std::string_view line;
  for (std::size_t count = 0; take_until(lines, '\n', line); ++count) {
    if (count == kMaxSignatureLines) return bad("too many signatures");
    SHOAL_TRY(const SignatureLine signature, parse_signature_line(line));
    if (signature.name != origin || !std::equal(id.begin(), id.end(), signature.blob.begin())) continue;
    if (any) return bad("signed twice by one key");
    if (signature.blob.size() != kKeyIdSize + found.bytes.size()) return bad("malformed signature");
    std::copy(signature.blob.begin() + kKeyIdSize, signature.blob.end(), found.bytes.begin());
    any = true;
  }
  if (!lines.empty()) return bad("the last line is not ended");
  if (!any) return bad("not signed by the feed's key");
  return found;
}

}  // namespace

bool Checkpoint::same_history(const Checkpoint& other) const {
  return epoch == other.epoch && tree_size == other.tree_size && root == other.root &&
         topic_count == other.topic_count && topic_root == other.topic_root;
}

std::string checkpoint_origin(const FeedId& feed, Epoch epoch) {
  std::string origin = std::string(crypto::domain::kFeedOrigin) + feed.hex();
  if (epoch.value() != 0) origin += "/" + std::to_string(epoch.value());
  return origin;
}

std::string note_text(const FeedId& feed, const Checkpoint& head) {
  return checkpoint_origin(feed, head.epoch) + "\n" + std::to_string(head.tree_size) + "\n" +
         base::to_base64(head.root.bytes) + "\ntime " + std::to_string(head.time.value()) + "\ntopics " +
         std::to_string(head.topic_count) + " " + base::to_base64(head.topic_root.bytes) + "\n";
}

std::string signed_note(const FeedId& feed, const Checkpoint& head) {
  const std::string origin = checkpoint_origin(feed, head.epoch);
  Bytes blob;
  base::append(blob, key_id(feed, origin));
  base::append(blob, head.signature.bytes);
  return note_text(feed, head) + "\n" + std::string(kSignaturePrefix) + origin + " " + base::to_base64(blob) + "\n";
}

Result<ParsedNote> parse_signed_note(std::string_view note) {
  if (note.size() > kMaxNoteSize) return bad("note too long");
  if (!base::is_utf8(base::as_bytes(note))) return bad("not UTF-8");
  if (std::any_of(note.begin(), note.end(), [](char c) { return c >= 0 && c < 0x20 && c != '\n'; })) {
    return bad("control character");
  }
  const std::size_t split = note.rfind("\n\n");
  if (split == std::string_view::npos) return bad("no signature");
  SHOAL_TRY(ParsedNote out, parse_text(note.substr(0, split + 1)));
  SHOAL_TRY(out.head.signature, find_signature(note.substr(split + 2), out.feed, out.head.epoch));
  SHOAL_CHECK(verify_checkpoint(out.feed, out.head));
  return out;
}

Bytes encode_checkpoint(const Checkpoint& head) {
  base::WireWriter out(kCheckpointSize);
  out.u8(kCompactVersion);
  out.u32(head.epoch.value());
  out.u64(head.tree_size);
  out.bytes(head.root.bytes);
  out.i64(head.time.value());
  out.u32(head.topic_count);
  out.bytes(head.topic_root.bytes);
  out.bytes(head.signature.bytes);
  return std::move(out).take();
}

Result<Checkpoint> decode_checkpoint(ByteView bytes) {
  if (bytes.size() != kCheckpointSize) return bad("wrong size");
  base::WireReader in(bytes);
  if (in.u8() != kCompactVersion) return bad("unknown version");
  Checkpoint head;
  head.epoch = Epoch{in.u32()};
  head.tree_size = in.u64();
  head.root.bytes = in.array<32>();
  head.time = UnixMs{in.i64()};
  head.topic_count = in.u32();
  head.topic_root.bytes = in.array<32>();
  head.signature.bytes = in.array<64>();
  return head;
}

Result<void> verify_checkpoint(const FeedId& feed, const Checkpoint& head) {
  if (head.tree_size >= merkle::kMaxTreeSize) return bad("tree size above the limit");
  if (head.time.value() < 0) return bad("time before 1970");
  // The reserved stream's entry is always there and not counted in the limit.
  if (head.topic_count == 0 || head.topic_count > kMaxTopicPartitions + 1) return bad("illegal topic count");
  if (head.tree_size == 0 && head.root != merkle::empty_root()) return bad("not the root of an empty tree");
  const std::string text = note_text(feed, head);
  if (!crypto::verify(feed.key, base::as_bytes(text), head.signature)) return bad("not signed by the feed's key");
  return {};
}

}  // namespace shoal::feed
