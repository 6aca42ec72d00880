#include "replication/session/session_peer.h"

#include "base/bytes.h"
#include "replication/session/feed_channel.h"
#include "replication/session/send_queue.h"
#include "replication/session/session.h"

#include <algorithm>

namespace shoal::replication {
namespace {

/// Deadline for each handshake stage, and for the whole handshake.
constexpr base::MonoTime kStageDeadline = std::chrono::seconds(5);
constexpr base::MonoTime kHandshakeDeadline = std::chrono::seconds(10);
/// Interval of the checks for a peer that does not read.
constexpr base::MonoTime kSendCheck = std::chrono::seconds(5);
constexpr std::size_t kMaxChannels = 1024;
/// Opens of feeds that are not here, after which the peer floods.
constexpr std::size_t kMaxRefusedOpens = 1024;

SenderVersion sender_version(std::uint8_t minor, std::uint8_t ours) {
  if (minor > ours) return SenderVersion::newer;
  return minor == 0 ? SenderVersion::minor_0 : minor == 1 ? SenderVersion::minor_1 : SenderVersion::minor_2;
}

}  // namespace

struct SessionPeer::Impl {
  /// One feed on this session, under our number and, once it is known, under theirs.
  struct Channel {
    Feed feed;
    crypto::Digest discovery_key;
    std::uint32_t ours = 0;
    std::optional<std::uint32_t> theirs;
    std::shared_ptr<FeedChannel> to_feed;
    bool opened = false;  ///< our open was sent
    bool added = false;   ///< the feed's replicator knows the peer
    bool closed = false;
  };

  Impl(Context the_context, std::shared_ptr<PeerTransport> the_transport)
      : context(std::move(the_context)),
        transport(std::move(the_transport)),
        started(context.clock->mono_now()),
        session(transport->address().outgoing ? Role::dialler : Role::listener, crypto::ExchangeKeyPair::generate(),
                context.version),
        gauge(std::make_shared<SendGauge>()),
        outgoing(transport, gauge) {
    gauge->memory = context.memory;
  }

  Context context;
  std::shared_ptr<PeerTransport> transport;
  base::MonoTime started;
  Session session;
  std::weak_ptr<SessionPeer> self;
  std::vector<std::unique_ptr<Channel>> channels;
  std::optional<PublicKey> their_key;
  std::shared_ptr<SendGauge> gauge;
  SendQueue outgoing;
  Bytes plain;  // reused between messages
  base::Executor::TimerId deadline = 0;
  base::Executor::TimerId send_check = 0;
  std::size_t refused_opens = 0;
  bool hello_sent = false;
  bool identity_sent = false;
  bool ended = false;

  void begin(const Feed& feed);
  /// Sets the deadline of the next handshake stage.
  void expect(const char* stage);
  void send_hello();
  void on_session_message(ByteView sealed);
  void dispatch(Message message);
  void on_open(std::uint32_t channel, const Open& open);
  void on_identity(const Identity& identity);
  void on_close(std::uint32_t channel, const Close& close);
  void on_feed_message(Message message);

  Channel& add_channel(const Feed& feed, const crypto::Digest& key);
  Channel* by_key(const crypto::Digest& key);
  Channel* by_their_number(std::uint32_t number);
  void send_open(Channel& channel);
  void add_if_ready(Channel& channel);

  void enqueue(std::uint32_t channel, Message message);
  void note_given(std::uint64_t blocks);
  void flush();
  void notify_writable();
  /// While something waits for the peer, checks at intervals whether it reads.
  void watch_sending();
  void end(std::string_view reason);
  void violation(const std::string& what);
  void flood(const std::string& what);
};

void SessionPeer::Impl::begin(const Feed& feed) {
  if (ended) return;
  expect("hello");
  add_channel(feed, replication::discovery_key(feed.id));
  send_hello();
  if (session.ready()) send_open(*channels.front());
}

void SessionPeer::Impl::expect(const char* stage) {
  context.executor->cancel(deadline);
  const base::MonoTime left = started + kHandshakeDeadline - context.clock->mono_now();
  deadline = context.executor->post_after(std::clamp(left, base::MonoTime{0}, kStageDeadline), [weak = self, stage] {
    if (auto peer = weak.lock()) peer->impl_->end(std::string("the session did not open in time: no ") + stage);
  });
}

void SessionPeer::Impl::send_hello() {
  if (hello_sent) return;
  hello_sent = true;
  transport->send(session.hello());
}

void SessionPeer::Impl::on_session_message(ByteView sealed) {
  plain.clear();
  if (Result<void> opened = session.open(sealed, plain); !opened) {
    // No proof against the peer: anybody on the path can change bytes. The session ends, no node is banned.
    return end(opened.error().message);
  }
  const std::uint8_t minor = session.their_version().minor;
  Result<Message> message = decode_message(plain, sender_version(minor, session.version().minor));
  if (!message) return violation(message.error().message);
  dispatch(std::move(*message));
}

void SessionPeer::Impl::dispatch(Message message) {
  if (std::holds_alternative<Unknown>(message.body)) return;
  if (const auto* open = std::get_if<Open>(&message.body)) return on_open(message.channel, *open);
  if (const auto* close = std::get_if<Close>(&message.body)) return on_close(message.channel, *close);
  if (const auto* identity = std::get_if<Identity>(&message.body)) {
    if (message.channel != 0) return violation("an identity on a channel");
    return on_identity(*identity);
  }
  on_feed_message(std::move(message));
}

void SessionPeer::Impl::on_open(std::uint32_t number, const Open& open) {
  if (number == 0 || by_their_number(number) != nullptr) return violation("a channel was opened twice");
  Channel* channel = by_key(open.discovery_key);
  if (channel == nullptr) {
    const std::optional<Feed> feed = context.find_feed ? context.find_feed(open.discovery_key) : std::nullopt;
    if (!feed || channels.size() >= kMaxChannels) {
      // Without an identity the connection has no other feed: end it.
      if (!their_key) return end("the peer asks for a feed that is not here");
      if (++refused_opens > kMaxRefusedOpens) return flood("asks for too many feeds that are not here");
      return enqueue(number, Message{.body = Close{"no such feed here"}});
    }
    channel = &add_channel(*feed, open.discovery_key);
  }
  if (open.capability != session.capability(channel->feed.id, other(session.role()), number)) {
    return violation("the peer does not know the feed's id");
  }
  if (channel->theirs) return violation("a feed was opened twice");
  channel->theirs = number;
  // Before our identity is sent: the answer to it may be large.
  transport->trust_with_large_messages();
  if (context.memory) context.memory->prove();
  if (!their_key) expect("identity");
  send_open(*channel);
  if (!std::exchange(identity_sent, true)) {
    Identity identity;
    identity.major = session.version().major;
    identity.minor = session.version().minor;
    identity.node_key = context.node_key->public_key();
    identity.signature = session.prove_identity(*context.node_key);
    enqueue(0, Message{.body = identity});
  }
  add_if_ready(*channel);
}

void SessionPeer::Impl::on_identity(const Identity& identity) {
  if (their_key) return violation("a second identity");
  if (!identity_sent) return violation("an identity before the feed was opened");
  if (Version{identity.major, identity.minor} != session.their_version()) {
    return end("the peer's version changed on the way");
  }
  if (!session.check_identity(identity.node_key, identity.signature)) {
    return violation("the peer does not hold its node key");
  }
  if (identity.node_key == context.node_key->public_key()) return end("connected to ourselves");
  const PeerAddress& address = transport->address();
  if (address.pinned && *address.pinned != identity.node_key) {
    if (context.on_wrong_key) context.on_wrong_key(address, identity.node_key);
    return end("the node there has another key than the one that was pinned");
  }
  if (context.refuses && context.refuses(identity.node_key)) return end("the peer is turned away");
  their_key = identity.node_key;
  context.executor->cancel(deadline);
  transport->note_standing({identity.node_key, 0});
  for (const auto& channel : channels) add_if_ready(*channel);
}

void SessionPeer::Impl::on_close(std::uint32_t number, const Close& close) {
  if (number == 0) return end("the peer closed: " + close.reason);
  Channel* channel = by_their_number(number);
  if (channel == nullptr || channel->closed) return;
  channel->closed = true;
  if (channel->added) channel->to_feed->remove();
}

void SessionPeer::Impl::on_feed_message(Message message) {
  Channel* channel = by_their_number(message.channel);
  if (channel == nullptr || !channel->added) return violation("a message on a channel that is not open");
  if (channel->closed) return;
  if (!channel->to_feed->deliver(std::move(message))) flood("sends more than it may");
}

SessionPeer::Impl::Channel& SessionPeer::Impl::add_channel(const Feed& feed, const crypto::Digest& key) {
  auto channel = std::make_unique<Channel>();
  channel->feed = feed;
  channel->discovery_key = key;
  channel->ours = static_cast<std::uint32_t>(channels.size() + 1);
  FeedChannel::Context feed_context;
  feed_context.replicator = feed.replicator;
  feed_context.feed_executor = feed.executor;
  feed_context.session_executor = context.executor;
  feed_context.keep = context.keep;
  feed_context.gauge = gauge;
  feed_context.wrap = context.wrap_outbox;
  feed_context.further = !channels.empty();
  feed_context.to_session = [weak = self, number = channel->ours](Message message) {
    if (auto peer = weak.lock()) {
      peer->impl_->gauge->remove(message.wire_size);
      peer->impl_->enqueue(number, std::move(message));
    }
  };
  feed_context.note_given = [weak = self](std::uint64_t blocks) {
    if (auto peer = weak.lock()) peer->impl_->note_given(blocks);
  };
  feed_context.close_session = [weak = self](const std::string& reason) {
    if (auto peer = weak.lock()) peer->impl_->end(reason);
  };
  channel->to_feed = std::make_shared<FeedChannel>(std::move(feed_context));
  channels.push_back(std::move(channel));
  return *channels.back();
}

SessionPeer::Impl::Channel* SessionPeer::Impl::by_key(const crypto::Digest& key) {
  for (const auto& channel : channels) {
    if (channel->discovery_key == key && !channel->closed) return channel.get();
  }
  return nullptr;
}

SessionPeer::Impl::Channel* SessionPeer::Impl::by_their_number(std::uint32_t number) {
  for (const auto& channel : channels) {
    if (channel->theirs == number) return channel.get();
  }
  return nullptr;
}

void SessionPeer::Impl::send_open(Channel& channel) {
  if (channel.opened) return;
  channel.opened = true;
  Open open;
  open.discovery_key = channel.discovery_key;
  open.capability = session.capability(channel.feed.id, session.role(), channel.ours);
  enqueue(channel.ours, Message{.body = open});
}

void SessionPeer::Impl::add_if_ready(Channel& channel) {
  if (!their_key || !channel.theirs || channel.added || channel.closed) return;
  channel.added = true;
  channel.to_feed->add(transport->address(), *their_key);
}

void SessionPeer::Impl::enqueue(std::uint32_t channel, Message message) {
  if (ended || first_minor_version(message.body) > session.their_version().minor) return;
  message.channel = channel;
  message.wire_size = encoded_size(message.body);
  if (!outgoing.push(std::move(message))) return end("the peer does not read what it is sent");
  flush();
}

void SessionPeer::Impl::flush() {
  if (ended || !session.ready()) return;
  outgoing.flush([this](const Message& message, Bytes& record) {
    plain.clear();
    encode_message(message, plain);
    session.seal(plain, record);
  });
  watch_sending();
}

void SessionPeer::Impl::watch_sending() {
  if (ended || send_check != 0) return;
  if (outgoing.stalled(context.clock->mono_now())) return end("the peer does not read what it is sent");
  if (outgoing.idle()) return;
  send_check = context.executor->post_after(kSendCheck, [weak = self] {
    const auto peer = weak.lock();
    if (!peer) return;
    peer->impl_->send_check = 0;
    peer->impl_->watch_sending();
  });
}

void SessionPeer::Impl::note_given(std::uint64_t blocks) {
  if (context.memory) context.memory->note_given(blocks);
  if (!ended && their_key) transport->note_standing({*their_key, blocks});
}

void SessionPeer::Impl::notify_writable() {
  for (const auto& channel : channels) {
    if (channel->added && !channel->closed) channel->to_feed->writable();
  }
}

void SessionPeer::Impl::end(std::string_view reason) {
  if (std::exchange(ended, true)) return;
  context.executor->cancel(deadline);
  context.executor->cancel(send_check);
  if (context.log != nullptr) {
    context.log->log(base::LogLevel::debug, "replication",
                     "session with " + transport->address().host_port + " ended: " + std::string(reason));
  }
  for (const auto& channel : channels) {
    if (channel->added) channel->to_feed->remove();
  }
  outgoing.clear();
  transport->close(reason);
}

void SessionPeer::Impl::violation(const std::string& what) {
  if (ended) return;
  for (const auto& channel : channels) {
    if (channel->added && !channel->closed) channel->to_feed->violation(what);
  }
  if (!their_key && context.log != nullptr) {
    context.log->log(base::LogLevel::warning, "replication", "refused " + transport->address().host_port + ": " + what);
  }
  end(what);
}

void SessionPeer::Impl::flood(const std::string& what) {
  if (ended) return;
  for (const auto& channel : channels) {
    if (channel->added && !channel->closed) channel->to_feed->flood(what);
  }
  end(what);
}

SessionPeer::SessionPeer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

SessionPeer::~SessionPeer() {
  for (const auto& channel : impl_->channels) {
    if (channel->added && !impl_->ended) channel->to_feed->remove();
  }
}

std::shared_ptr<SessionPeer> SessionPeer::start(Context context, std::shared_ptr<PeerTransport> transport, Feed feed) {
  auto impl = std::make_unique<Impl>(std::move(context), std::move(transport));
  std::shared_ptr<SessionPeer> peer(new SessionPeer(std::move(impl)));
  peer->impl_->self = peer;
  peer->impl_->context.executor->post([peer, feed] { peer->impl_->begin(feed); });
  return peer;
}

void SessionPeer::on_message(ByteView message) {
  Impl& impl = *impl_;
  if (impl.ended) return;
  if (message.size() > kMaxMessageSize) return impl.violation("a message above the limit");
  if (impl.session.ready()) return impl.on_session_message(message);
  impl.send_hello();
  if (Result<void> met = impl.session.on_hello(message); !met) {
    if (met.error().code == Code::unsupported && impl.context.on_other_version) {
      impl.context.on_other_version(impl.transport->address(), met.error().message);
    }
    return impl.end(met.error().message);
  }
  impl.expect("open");
  if (!impl.channels.empty()) impl.send_open(*impl.channels.front());
}

void SessionPeer::on_writable() {
  if (impl_->ended) return;
  impl_->flush();
  impl_->notify_writable();
}

void SessionPeer::on_closed(std::string_view reason) { impl_->end(reason); }

}  // namespace shoal::replication
