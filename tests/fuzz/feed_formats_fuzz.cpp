// Every parser of the feed's formats: the first byte chooses one. What decodes must encode to the same bytes.
#include "feed/bundle/bundle_frame.h"
#include "feed/format/fork.h"
#include "feed/format/receipt.h"
#include "feed/read/record_proof.h"
#include "fuzz/fuzz.h"

#include <nlohmann/json.hpp>

namespace shoal::feed {
namespace {

using fuzz::same;

void parse(std::uint8_t parser, ByteView input) {
  switch (parser) {
    case 0:
      if (const auto header = decode_header(input); header.ok()) SHOAL_ASSERT(same(encode_header(*header), input));
      break;
    case 1:
      if (const auto head = decode_checkpoint(input); head.ok()) SHOAL_ASSERT(same(encode_checkpoint(*head), input));
      break;
    case 2:
      if (const auto note = parse_signed_note(base::as_text(input)); note.ok()) {
        SHOAL_ASSERT(signed_note(note->feed, note->head) == base::as_text(input));
        SHOAL_ASSERT(verify_checkpoint(note->feed, note->head).ok());
      }
      break;
    case 3:
      if (const auto manifest = decode_manifest(input); manifest.ok()) {
        SHOAL_ASSERT(decode_manifest(base::as_bytes(encode_manifest(*manifest))).value() == *manifest);
      }
      break;
    case 4:
      if (const auto entry = decode_topic_entry(input); entry.ok())
        SHOAL_ASSERT(same(encode_topic_entry(*entry), input));
      break;
    case 5:
      if (const auto proof = decode_fork_proof(input); proof.ok()) {
        SHOAL_ASSERT(same(encode_fork_proof(*proof), input));
        (void)verify_fork_proof(*proof);
      }
      break;
    case 6:
      if (const auto run = decode_run_head(input); run.ok()) {
        SHOAL_ASSERT(same(ByteView(encode_run_head(*run)).subspan(kRunPrefixSize), input));
      }
      (void)decode_run(input);
      break;
    case 7:
      if (const auto entries = decode_topic_entries(input); entries.ok()) {
        SHOAL_ASSERT(same(encode_topic_entries(*entries), input));
      }
      break;
    case 8:
      if (const auto edge = decode_base(input); edge.ok()) SHOAL_ASSERT(same(encode_base(*edge), input));
      break;
    case 9:
      if (const auto end = decode_end(input); end.ok()) {
        SHOAL_ASSERT(same(encode_end(*end), input.first(input.size() - kBundleDigestSize)));
      }
      break;
    case 10:
      if (const auto proof = check_record_proof(base::as_text(input)); proof.ok()) {
        SHOAL_ASSERT(verify_checkpoint(proof->feed, proof->head).ok());
        SHOAL_ASSERT(verify_payload(proof->header, proof->payload).ok());
      }
      break;
    case 11:
      if (const auto receipt = decode_receipt(input); receipt.ok()) {
        SHOAL_ASSERT(same(encode_receipt(*receipt), input));
        (void)verify_receipt(*receipt);
      }
      break;
    default: break;
  }
}

}  // namespace
}  // namespace shoal::feed

std::vector<shoal::Bytes> shoal::fuzz::seeds() {
  const Bytes file = vector_file("golden_feed.json");
  const auto golden = nlohmann::json::parse(file.begin(), file.end());
  const auto hex = [](const nlohmann::json& value) { return base::from_hex(value.get<std::string>()).value(); };
  std::vector<Bytes> out{choose(3, text(golden["manifest"].get<std::string>())), choose(5, hex(golden["fork_proof"]))};
  out.push_back(choose(10, text(golden["record_proof"].dump())));
  for (const auto& block : golden["blocks"]) out.push_back(choose(0, hex(block["header"])));
  for (const char* name : {"head", "later_epoch"}) {
    out.push_back(choose(1, hex(golden[name]["compact"])));
    out.push_back(choose(2, text(golden[name]["note"].get<std::string>())));
  }
  for (const auto& entry : golden["topic_entries"]) out.push_back(choose(4, hex(entry)));
  feed::Receipt receipt;
  receipt.tree_size = 5;
  out.push_back(choose(11, feed::encode_receipt(receipt)));
  receipt.topics = {"eu", "us"};
  out.push_back(choose(11, feed::encode_receipt(receipt)));
  for (const char* name : {"bundle", "sparse_bundle", "growth_bundle"}) {
    // Magic, then frames: u8 type, u32 size, body.
    const Bytes bundle = hex(golden[name]);
    ByteView rest = ByteView(bundle).subspan(feed::kBundleMagic.size());
    while (!rest.empty()) {
      const feed::FrameHeader header = feed::decode_frame_header(rest.first(feed::kFrameHeaderSize)).value();
      const ByteView body = rest.subspan(feed::kFrameHeaderSize, header.size);
      if (header.type == feed::FrameType::run) {
        out.push_back(choose(6, body));
        out.push_back(choose(6, body.subspan(feed::kRunPrefixSize)));
      }
      if (header.type == feed::FrameType::base) out.push_back(choose(8, body));
      if (header.type == feed::FrameType::end) out.push_back(choose(9, body));
      if (header.type == feed::FrameType::topics) out.push_back(choose(7, body));
      rest = rest.subspan(feed::kFrameHeaderSize + header.size);
    }
  }
  return out;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size != 0) shoal::feed::parse(data[0] % 12, shoal::ByteView(data + 1, size - 1));
  return 0;
}
