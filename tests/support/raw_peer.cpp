#include "support/raw_peer.h"

#include "base/bytes.h"
#include "base/wire.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <random>

namespace shoal::testing {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint8_t kExtended = 20;
constexpr int kOurId = 42;
constexpr std::uint32_t kChannel = 1;
constexpr std::size_t kHandshakeSize = 68;

int milliseconds_until(Clock::time_point end) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
  return static_cast<int>(std::max<std::int64_t>(left, 0));
}

void append_random(Bytes& out, std::size_t count) {
  static thread_local std::mt19937_64 random(std::random_device{}());
  for (std::size_t i = 0; i < count; ++i) out.push_back(static_cast<std::uint8_t>(random()));
}

/// The id that a BEP 10 handshake names for `shoal`; 0 without.
int advertised_id(ByteView handshake) {
  constexpr std::string_view kKey = "5:shoali";
  const std::string_view text(reinterpret_cast<const char*>(handshake.data()), handshake.size());
  const std::size_t at = text.find(kKey);
  int id = 0;
  if (at != std::string_view::npos) std::from_chars(text.data() + at + kKey.size(), text.data() + text.size(), id);
  return id;
}

}  // namespace

Bytes bittorrent_handshake(const FeedId& feed) {
  constexpr std::string_view kProtocol = "BitTorrent protocol";
  Bytes out;
  out.push_back(static_cast<std::uint8_t>(kProtocol.size()));
  base::append(out, base::as_bytes(kProtocol));
  const std::uint8_t reserved[8] = {0, 0, 0, 0, 0, 0x10, 0, 0};
  base::append(out, reserved);
  const crypto::Digest key = replication::discovery_key(feed);
  base::append(out, ByteView(key.bytes).first(20));
  append_random(out, 20);
  return out;
}

Bytes extension_frame(int id, ByteView body, std::optional<std::uint32_t> length) {
  base::WireWriter out(6 + body.size());
  out.u32(length.value_or(static_cast<std::uint32_t>(body.size() + 2)));
  out.u8(kExtended);
  out.u8(static_cast<std::uint8_t>(id));
  out.bytes(body);
  return std::move(out).take();
}

bool RawPeer::connect(const std::string& host_port) {
  close();
  const std::size_t colon = host_port.rfind(':');
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(host_port.substr(colon + 1))));
  if (inet_pton(AF_INET, host_port.substr(0, colon).c_str(), &to.sin_addr) != 1) return false;
  fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) return true;
  close();
  return false;
}

void RawPeer::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  remote_id_ = 0;
  in_.clear();
  session_.reset();
}

bool RawPeer::send_bytes(ByteView bytes, Milliseconds timeout) {
  const auto end = Clock::now() + timeout;
  while (fd_ >= 0 && !bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(sent));
      continue;
    }
    if (sent < 0 && errno != EAGAIN && errno != EINTR) break;
    pollfd waiting{fd_, POLLOUT, 0};
    if (poll(&waiting, 1, milliseconds_until(end)) <= 0) return false;
  }
  if (!bytes.empty()) close();
  return bytes.empty();
}

bool RawPeer::send_frame(ByteView body) { return send_bytes(extension_frame(remote_id_, body)); }

bool RawPeer::send_plain(ByteView plain) {
  if (!session_) return false;  // closed meanwhile
  Bytes record;
  session_->seal(plain, record);
  return send_frame(record);
}

bool RawPeer::send(const replication::Body& body) {
  Bytes plain;
  replication::encode_message({.channel = kChannel, .body = body}, plain);
  return send_plain(plain);
}

bool RawPeer::fill(Clock::time_point end) {
  if (fd_ < 0) return false;
  pollfd waiting{fd_, POLLIN, 0};
  if (poll(&waiting, 1, milliseconds_until(end)) <= 0) return false;
  std::uint8_t chunk[65536];
  const ssize_t got = recv(fd_, chunk, sizeof chunk, 0);
  if (got <= 0) {
    close();
    return false;
  }
  in_.insert(in_.end(), chunk, chunk + got);
  return true;
}

std::optional<Bytes> RawPeer::next_frame(Clock::time_point end) {
  for (;;) {
    while (in_.size() >= 4) {
      const std::uint32_t length = base::WireReader(in_).u32();
      if (in_.size() < 4 + std::size_t{length}) break;
      Bytes packet(in_.begin() + 4, in_.begin() + 4 + length);
      in_.erase(in_.begin(), in_.begin() + 4 + length);
      if (packet.size() < 2 || packet[0] != kExtended) continue;
      const ByteView body = ByteView(packet).subspan(2);
      // A handshake of BEP 10 may come again at any time; only the first one is waited for.
      const bool handshake = packet[1] == 0 && remote_id_ == 0;
      if (handshake) remote_id_ = advertised_id(body);
      if (handshake || packet[1] == kOurId) return Bytes(body.begin(), body.end());
    }
    if (!fill(end)) return std::nullopt;
  }
}

bool RawPeer::join(const FeedId& feed, Milliseconds timeout) {
  const auto end = Clock::now() + timeout;
  Bytes hello = bittorrent_handshake(feed);
  Bytes text;
  base::append(text, base::as_bytes("d1:md5:shoali42ee11:shoal_nonce16:"));
  append_random(text, 16);
  text.push_back('e');
  base::append(hello, extension_frame(0, text));
  if (!send_bytes(hello)) return false;
  while (in_.size() < kHandshakeSize) {
    if (!fill(end)) return false;
  }
  in_.erase(in_.begin(), in_.begin() + kHandshakeSize);
  while (remote_id_ == 0) {
    if (!next_frame(end)) return false;
  }
  return true;
}

bool RawPeer::open_session(const FeedId& feed, Milliseconds timeout) {
  using namespace replication;
  const auto end = Clock::now() + timeout;
  session_.emplace(Role::dialler, crypto::ExchangeKeyPair::generate());
  if (!send_frame(session_->hello())) return false;
  const std::optional<Bytes> hello = next_frame(end);
  if (!hello || !session_->on_hello(*hello)) return false;
  if (!send(Open{discovery_key(feed), session_->capability(feed, Role::dialler, kChannel)})) return false;
  const auto opened = open_next(end);
  if (!opened || !std::holds_alternative<Open>(opened->body)) return false;
  const crypto::KeyPair node = crypto::KeyPair::generate();
  Identity identity;
  identity.major = session_->version().major;
  identity.minor = session_->version().minor;
  identity.node_key = node.public_key();
  identity.signature = session_->prove_identity(node);
  Bytes plain;
  encode_message({.channel = 0, .body = identity}, plain);
  if (!send_plain(plain)) return false;
  const auto theirs = open_next(end);
  return theirs && std::holds_alternative<Identity>(theirs->body);
}

std::optional<replication::Message> RawPeer::open_next(Clock::time_point end) {
  for (;;) {
    const std::optional<Bytes> record = next_frame(end);
    if (!record) return std::nullopt;
    Bytes plain;
    if (!session_ || !session_->open(*record, plain)) {
      close();
      return std::nullopt;
    }
    auto message = replication::decode_message(plain);
    if (message) return std::move(*message);
  }
}

std::optional<replication::Message> RawPeer::receive(Milliseconds timeout) { return open_next(Clock::now() + timeout); }

bool RawPeer::wait_closed(Milliseconds timeout) {
  const auto end = Clock::now() + timeout;
  while (fd_ >= 0 && Clock::now() < end) {
    if (!fill(end)) break;
    in_.clear();
  }
  return fd_ < 0;
}

}  // namespace shoal::testing
