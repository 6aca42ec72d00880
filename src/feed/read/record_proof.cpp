#include "feed/read/record_proof.h"

#include "base/bytes.h"
#include "base/try.h"
#include "feed/format/incoming_proof.h"
#include "merkle/inclusion_proof.h"

#include <algorithm>
#include <nlohmann/json.hpp>

// docs/FORMAT.md, "Record proof". One record with all that proves it offline: payload, header, inclusion path and the
// signed note. The digest over the members only finds damage; an attacker who changes a member computes it anew. What
// counts are the checks below it, each of which ties one member to the signed head.
namespace shoal::feed {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMaxPath = 48;
constexpr int kMaxDepth = 2;  // an object with one array

Error bad(std::string_view what) { return Error{Code::unverified, "record proof: " + std::string(what)}; }

/// The members as the text has them.
struct Members {
  std::string feed;
  std::string topic;
  std::uint64_t partition = 0;
  std::uint64_t offset = 0;
  std::uint64_t block = 0;
  std::string note;
  std::string header;
  std::vector<std::string> path;
  std::string payload;
};

/// Finds damage that the proof itself would not show, as in white space of base64 or in the offset.
std::string digest_of(const Members& members) {
  crypto::Sha256 digest;
  const auto line = [&digest](std::string_view text) {
    digest.update(base::as_bytes(text));
    digest.update(base::as_bytes("\n"));
  };
  line("shoal record proof 1");
  line(members.feed);
  line(members.topic);
  line(std::to_string(members.partition));
  line(std::to_string(members.offset));
  line(std::to_string(members.block));
  line(members.header);
  line(std::to_string(members.path.size()));
  for (const std::string& hash : members.path) line(hash);
  line(members.payload);
  line(members.note);
  return digest.finish().hex();
}

Result<std::string> text_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) return bad(std::string("no text called ") + name);
  return found->get<std::string>();
}

Result<std::uint64_t> number_of(const Json& object, const char* name, std::uint64_t limit) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_number_unsigned() || found->get<std::uint64_t>() >= limit) {
    return bad(std::string("no number called ") + name);
  }
  return found->get<std::uint64_t>();
}

Result<Json> parse(std::string_view text) {
  if (text.size() > kMaxRecordProofSize) {
    return Error{Code::limit_exceeded, "a record proof has at most " + std::to_string(kMaxRecordProofSize) + " bytes"};
  }
  bool too_deep = false;
  const auto guard = [&too_deep](int depth, Json::parse_event_t event, Json&) {
    const bool opens = event == Json::parse_event_t::object_start || event == Json::parse_event_t::array_start;
    if (opens && depth >= kMaxDepth) too_deep = true;
    return !too_deep;
  };
  Json json = Json::parse(text.begin(), text.end(), guard, false);
  if (too_deep) return bad("too deep");
  if (json.is_discarded() || !json.is_object()) {
    return Error{Code::invalid_argument, "this is no JSON object", "shoal prove writes record proofs"};
  }
  return json;
}

Result<Members> read_members(const Json& json) {
  SHOAL_TRY(const std::string kind, text_of(json, "type"));
  if (kind != "shoal record proof") return bad("another type of JSON");
  SHOAL_TRY(const std::uint64_t version, number_of(json, "version", UINT64_MAX));
  if (version != 1) return Error{Code::unsupported, "a record proof of version " + std::to_string(version)};
  Members out;
  SHOAL_TRY(out.feed, text_of(json, "feed"));
  SHOAL_TRY(out.topic, text_of(json, "topic"));
  SHOAL_TRY(out.partition, number_of(json, "partition", kMaxTopicPartitions));
  SHOAL_TRY(out.offset, number_of(json, "offset", std::uint64_t{1} << 63));
  SHOAL_TRY(out.block, number_of(json, "block", merkle::kMaxTreeSize));
  SHOAL_TRY(out.note, text_of(json, "note"));
  SHOAL_TRY(out.header, text_of(json, "header"));
  const auto path = json.find("path");
  if (path == json.end() || !path->is_array() || path->size() > kMaxPath) return bad("no path");
  for (const Json& hash : *path) {
    if (!hash.is_string()) return bad("a path of something else than hashes");
    out.path.push_back(hash.get<std::string>());
  }
  SHOAL_TRY(out.payload, text_of(json, "payload"));
  SHOAL_TRY(const std::string digest, text_of(json, "digest"));
  if (json.size() != 12) return bad("members that it does not have");
  if (digest != digest_of(out)) return bad("its text is not the one that was written");
  return out;
}

}  // namespace

Result<std::string> make_record_proof(const FeedReader& reader, BlockIndex block, Offset offset) {
  const auto head = reader.head();
  if (!head || block.value() >= head->tree_size) {
    return Error{Code::unavailable, "no head that was accepted here reaches the record"};
  }
  SHOAL_TRY(const Bytes header_bytes, reader.header_bytes(block));
  SHOAL_TRY(const BlockHeader header, decode_header(header_bytes));
  if (!header.is(BlockKind::data) || offset < header.base_offset || offset >= header.next_offset()) {
    return Error{Code::not_found, "block " + std::to_string(block.value()) + " has no such record"};
  }
  SHOAL_TRY(const Bytes payload, reader.payload(block));
  SHOAL_TRY(const auto path, merkle::prove_inclusion(reader.tree(), block.value(), head->tree_size));
  Members members;
  members.feed = reader.id().hex();
  members.topic = header.stream.topic;
  members.partition = static_cast<std::uint64_t>(header.stream.partition.value());
  members.offset = static_cast<std::uint64_t>(offset.value());
  members.block = block.value();
  members.note = signed_note(reader.id(), *head);
  members.header = base::to_base64(header_bytes);
  for (const merkle::Digest& hash : path) members.path.push_back(base::to_base64(hash.bytes));
  members.payload = base::to_base64(payload);
  Json json;
  json["type"] = "shoal record proof";
  json["version"] = 1U;
  json["feed"] = members.feed;
  json["topic"] = members.topic;
  json["partition"] = members.partition;
  json["offset"] = members.offset;
  json["block"] = members.block;
  json["note"] = members.note;
  json["header"] = members.header;
  json["path"] = members.path;
  json["payload"] = members.payload;
  json["digest"] = digest_of(members);
  return json.dump(1) + "\n";
}

Result<RecordProof> check_record_proof(std::string_view text) {
  SHOAL_TRY(const Json json, parse(text));
  SHOAL_TRY(const Members members, read_members(json));
  RecordProof proof;
  SHOAL_TRY(const ParsedNote note, parse_signed_note(members.note));
  if (note.feed.hex() != members.feed) return bad("its note is of another feed");
  proof.feed = note.feed;
  proof.head = note.head;
  proof.block = BlockIndex{members.block};
  proof.offset = Offset{static_cast<std::int64_t>(members.offset)};
  const auto header_bytes = base::from_base64(members.header);
  if (!header_bytes) return bad("its header is no base64");
  SHOAL_TRY(proof.header, decode_header(*header_bytes));
  std::vector<merkle::Digest> path;
  for (const std::string& hash : members.path) {
    const auto bytes = base::from_base64(hash);
    merkle::Digest digest;
    if (!bytes || bytes->size() != digest.bytes.size()) return bad("a hash of its path has another size");
    std::copy(bytes->begin(), bytes->end(), digest.bytes.begin());
    path.push_back(digest);
  }
  const auto proven =
      merkle::verify_inclusion(header_leaf(*header_bytes), members.block, proof.head.tree_size, path, proof.head.root);
  if (!proven) return bad("the block is not in the signed tree");
  auto payload = base::from_base64(members.payload);
  if (!payload) return bad("its payload is no base64");
  proof.payload = *std::move(payload);
  if (!proof.header.is(BlockKind::data)) return bad("the block holds no records");
  SHOAL_CHECK(check_payload(proof.header, proof.head.epoch, proof.payload));
  const TopicPartition stream{members.topic, Partition{static_cast<std::int32_t>(members.partition)}};
  if (proof.header.stream != stream) return bad("the block is of another topic partition");
  if (proof.offset < proof.header.base_offset || proof.offset >= proof.header.next_offset()) {
    return bad("the block does not hold the offset");
  }
  return proof;
}

}  // namespace shoal::feed
