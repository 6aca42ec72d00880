// The session's handshake and records. The first byte chooses: a hello, or a sealed record that the input changes.
#include "fuzz/fuzz.h"
#include "replication/session/session.h"

namespace shoal::replication {
namespace {

crypto::ExchangeKeyPair seeded(std::uint8_t fill) {
  crypto::init();
  crypto::SecretBytes secret(32);
  std::fill(secret.mutable_view().begin(), secret.mutable_view().end(), fill);
  return crypto::ExchangeKeyPair::from_secret(std::move(secret));
}

/// What is accepted has our major version and is a point that gives a secret; afterwards records flow, no second hello.
void try_hello(ByteView hello) {
  Session session(Role::dialler, seeded(1));
  const bool taken = session.on_hello(hello).ok();
  SHOAL_ASSERT(session.ready() == taken);
  if (!taken) return;
  SHOAL_ASSERT(hello.size() >= 39 && hello[5] == session.version().major && hello[6] == session.their_version().minor);
  SHOAL_ASSERT(!fuzz::same(hello.first(39), session.hello()) && !session.on_hello(hello).ok());
  Bytes record;
  session.seal(hello, record);
  Bytes plain;
  SHOAL_ASSERT(!session.open(record, plain).ok() && plain.empty());  // our own, reflected
}

/// Input: u8 length, a plain text, then edits of its record: the bytes are added to the record's, further ones
/// appended. Only the unchanged record opens.
void try_record(ByteView input) {
  if (input.empty()) return;
  const std::size_t length = std::min<std::size_t>(input[0], input.size() - 1);
  const ByteView plain = input.subspan(1, length);
  const ByteView edits = input.subspan(1 + length);
  Session dialler(Role::dialler, seeded(1));
  Session listener(Role::listener, seeded(2));
  SHOAL_ASSERT(dialler.on_hello(listener.hello()).ok() && listener.on_hello(dialler.hello()).ok());
  Bytes record;
  dialler.seal(plain, record);
  Bytes changed = record;
  changed.resize(std::max(record.size(), edits.size()));
  for (std::size_t i = 0; i < edits.size(); ++i) changed[i] = static_cast<std::uint8_t>(changed[i] + edits[i]);
  Bytes opened;
  SHOAL_ASSERT(listener.open(changed, opened).ok() == (changed == record));
  SHOAL_ASSERT(changed == record ? fuzz::same(opened, plain) : opened.empty());
}

}  // namespace
}  // namespace shoal::replication

std::vector<shoal::Bytes> shoal::fuzz::seeds() {
  using namespace shoal::replication;
  const Bytes hello = Session(Role::listener, seeded(2)).hello();
  Bytes longer = hello;
  longer.resize(100);
  return {choose(0, hello),
          choose(0, longer),
          choose(0, Session(Role::listener, seeded(1)).hello()),
          choose(1, text("\x05hello")),
          choose(1, Bytes{3, 'a', 'b', 'c', 0, 0, 1}),
          choose(1, Bytes(30, 0))};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const shoal::ByteView input(data + 1, size - 1);
  if (data[0] % 2 == 0) shoal::replication::try_hello(input);
  if (data[0] % 2 == 1) shoal::replication::try_record(input);
  return 0;
}
