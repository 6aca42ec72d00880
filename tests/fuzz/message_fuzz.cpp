// Messages between nodes: what decodes must encode to the same bytes, and a later version's reader takes it too.
#include "fuzz/fuzz.h"
#include "replication/wire/message_samples.h"

std::vector<shoal::Bytes> shoal::fuzz::seeds() {
  std::vector<Bytes> out;
  for (const replication::Message& message : replication::testing::samples()) {
    encode_message(message, out.emplace_back());
  }
  return out;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace shoal::replication;
  const shoal::ByteView input(data, size);
  const auto message = decode_message(input);
  const auto lenient = decode_message(input, SenderVersion::newer);
  if (!message.ok()) return 0;
  SHOAL_ASSERT(lenient.ok() && lenient->body == message->body && lenient->channel == message->channel);
  SHOAL_ASSERT(message->wire_size == size);
  if (const auto* unknown = std::get_if<Unknown>(&message->body)) {
    SHOAL_ASSERT(unknown->type >= kFirstIgnorableType);
    return 0;
  }
  shoal::Bytes again;
  encode_message(*message, again);
  SHOAL_ASSERT(shoal::fuzz::same(again, input) && encoded_size(message->body) == size);
  return 0;
}
