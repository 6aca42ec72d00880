#include "replication/wire/message.h"

#include "base/assert.h"
#include "base/bytes.h"
#include "base/wire.h"

#include <bit>
#include <type_traits>

namespace shoal::replication {
namespace {

template <class T>
struct RepOf {
  using type = T;
};
template <class Tag, class Rep>
struct RepOf<StrongInt<Tag, Rep>> {
  using type = Rep;
};

template <class T>
std::uint64_t raw(const T& value) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<std::uint64_t>(value);
  } else {
    return static_cast<std::uint64_t>(value.value());
  }
}

class Encoder {
 public:
  explicit Encoder(Bytes& out) : out_(out) {}

  template <class T>
  void number(const char*, const T& value) {
    put(raw(value), sizeof(typename RepOf<T>::type));
  }
  template <std::size_t N>
  void array(const char*, const std::array<std::uint8_t, N>& value) {
    base::append(out_, value);
  }
  void flag(const char*, bool value) { put(value ? 1 : 0, 1); }
  template <class Enum>
  void choice(const char*, Enum value, std::uint8_t) {
    put(static_cast<std::uint8_t>(value), 1);
  }
  void text(const char*, const std::string& value, std::size_t max) {
    SHOAL_ASSERT(value.size() <= max && max < 256);
    put(value.size(), 1);
    base::append(out_, base::as_bytes(value));
  }
  void bytes(const char*, const Bytes& value, std::size_t max) {
    SHOAL_ASSERT(value.size() <= max);
    put(value.size(), 4);
    base::append(out_, value);
  }
  void optional_block(const char*, const std::optional<BlockIndex>& value) { put(value ? value->value() + 1 : 0, 8); }
  void checkpoint(const char*, const feed::Checkpoint& value) { base::append(out_, feed::encode_checkpoint(value)); }
  template <class T, class Item>
  void list(const char*, const std::vector<T>& value, std::size_t max, const Item& item) {
    SHOAL_ASSERT(value.size() <= max && max < 65536);
    put(value.size(), 2);
    for (const T& one : value) item(one);
  }
  template <class Fields>
  void since_1_1(const Fields& fields) {
    fields();
  }
  template <class Fields>
  void since_1_2(const Fields& fields) {
    fields();
  }

 private:
  void put(std::uint64_t value, std::size_t width) {
    for (std::size_t i = width; i-- > 0;) out_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  }
  Bytes& out_;
};

class Sizer {
 public:
  template <class T>
  void number(const char*, const T&) {
    size += sizeof(typename RepOf<T>::type);
  }
  template <std::size_t N>
  void array(const char*, const std::array<std::uint8_t, N>&) {
    size += N;
  }
  void flag(const char*, bool) { size += 1; }
  template <class Enum>
  void choice(const char*, Enum, std::uint8_t) {
    size += 1;
  }
  void text(const char*, const std::string& value, std::size_t) { size += 1 + value.size(); }
  void bytes(const char*, const Bytes& value, std::size_t) { size += 4 + value.size(); }
  void optional_block(const char*, const std::optional<BlockIndex>&) { size += 8; }
  void checkpoint(const char*, const feed::Checkpoint&) { size += feed::kCheckpointSize; }
  template <class T, class Item>
  void list(const char*, const std::vector<T>& value, std::size_t, const Item& item) {
    size += 2;
    for (const T& one : value) item(one);
  }
  template <class Fields>
  void since_1_1(const Fields& fields) {
    fields();
  }
  template <class Fields>
  void since_1_2(const Fields& fields) {
    fields();
  }
  std::size_t size = kMessagePrefix;
};

class Decoder {
 public:
  Decoder(base::WireReader& in, SenderVersion sender) : in_(in), sender_(sender) {}

  template <class T>
  void number(const char*, T& value) {
    using Rep = typename RepOf<T>::type;
    value = T(static_cast<Rep>(get(sizeof(Rep))));
  }
  template <std::size_t N>
  void array(const char*, std::array<std::uint8_t, N>& value) {
    value = in_.array<N>();
  }
  void flag(const char*, bool& value) {
    const std::uint8_t byte = in_.u8();
    if (byte > 1) in_.fail();
    value = byte == 1;
  }
  template <class Enum>
  void choice(const char*, Enum& value, std::uint8_t largest) {
    const std::uint8_t byte = in_.u8();
    if (byte > largest) return in_.fail();
    value = static_cast<Enum>(byte);
  }
  void text(const char*, std::string& value, std::size_t max) {
    const std::size_t size = in_.u8();
    if (size > max) return in_.fail();
    value = base::as_text(in_.bytes(size));
  }
  void bytes(const char*, Bytes& value, std::size_t max) {
    const std::size_t size = in_.u32();
    if (size > max) return in_.fail();
    const ByteView view = in_.bytes(size);
    value.assign(view.begin(), view.end());
  }
  void optional_block(const char*, std::optional<BlockIndex>& value) {
    const std::uint64_t plus_one = in_.u64();
    if (plus_one != 0) value = BlockIndex{plus_one - 1};
  }
  void checkpoint(const char*, feed::Checkpoint& value) {
    Result<feed::Checkpoint> head = feed::decode_checkpoint(in_.bytes(feed::kCheckpointSize));
    if (!head) return in_.fail();
    value = *head;
  }
  template <class T, class Item>
  void list(const char*, std::vector<T>& value, std::size_t max, const Item& item) {
    const std::size_t count = in_.u16();
    // Every item has at least one byte: a count above the bytes left is a lie, and is refused before allocation.
    if (count > max || count > in_.remaining()) return in_.fail();
    for (std::size_t i = 0; i < count && in_.ok(); ++i) item(value.emplace_back());
  }
  template <class Fields>
  void since_1_1(const Fields& fields) {
    if (sender_ >= SenderVersion::minor_1) fields();
  }
  template <class Fields>
  void since_1_2(const Fields& fields) {
    if (sender_ >= SenderVersion::minor_2) fields();
  }

 private:
  std::uint64_t get(std::size_t width) {
    switch (width) {
      case 1: return in_.u8();
      case 2: return in_.u16();
      case 4: return in_.u32();
      default: return in_.u64();
    }
  }
  base::WireReader& in_;
  SenderVersion sender_;
};

/// Decodes into the alternative of Body that has the type; false when none has.
template <std::size_t I = 1>
bool decode_body(std::uint8_t type, base::WireReader& in, SenderVersion sender, Body& body) {
  if constexpr (I < std::variant_size_v<Body>) {
    using Alternative = std::variant_alternative_t<I, Body>;
    if (static_cast<std::uint8_t>(Alternative::kType) != type) return decode_body<I + 1>(type, in, sender, body);
    Decoder decoder(in, sender);
    Alternative::fields(body.emplace<I>(), decoder);
    return true;
  } else {
    return false;
  }
}

}  // namespace

void encode_message(const Message& message, Bytes& out) {
  std::visit(
      [&](const auto& body) {
        using T = std::decay_t<decltype(body)>;
        if constexpr (std::is_same_v<T, Unknown>) {
          SHOAL_ASSERT(body.type >= kFirstIgnorableType);
          out.push_back(body.type);
        } else {
          out.push_back(static_cast<std::uint8_t>(T::kType));
        }
        Encoder encoder(out);
        encoder.number("channel", message.channel);
        if constexpr (!std::is_same_v<T, Unknown>) T::fields(body, encoder);
      },
      message.body);
}

std::size_t encoded_size(const Body& body) {
  return std::visit(
      [](const auto& one) {
        using T = std::decay_t<decltype(one)>;
        Sizer sizer;
        if constexpr (!std::is_same_v<T, Unknown>) T::fields(one, sizer);
        return sizer.size;
      },
      body);
}

Result<Message> decode_message(ByteView bytes, SenderVersion sender) {
  if (bytes.size() > kMaxPlainMessage) return Error{Code::unverified, "the message is larger than the protocol allows"};
  base::WireReader in(bytes);
  Message message;
  const std::uint8_t type = in.u8();
  message.channel = in.u32();
  message.wire_size = bytes.size();
  if (!in.ok()) return Error{Code::unverified, "the message is too short"};
  if (!decode_body(type, in, sender, message.body)) {
    if (type < kFirstIgnorableType || std::popcount(type) % 2 != 0) {
      return Error{Code::unverified, "the message has an unknown type"};
    }
    message.body = Unknown{type};
    return message;
  }
  if (!in.ok() || (in.remaining() > 0 && sender != SenderVersion::newer)) {
    return Error{Code::unverified, std::string("the ") + message_name(message.body) + " message is malformed"};
  }
  return message;
}

std::uint8_t first_minor_version(const Body& body) {
  return std::holds_alternative<ReceiptMessage>(body) || std::holds_alternative<Push>(body) ? 2 : 0;
}

const char* message_name(const Body& body) {
  static constexpr const char* kNames[] = {
      "unknown", "open",         "identity",     "close",       "ping",
      "pong",    "fork",         "head",         "no_head",     "ask_head",
      "have",    "growth",       "growth_reply", "topic_state", "topic_state_reply",
      "lookup",  "lookup_reply", "want",         "credit",      "cancel",
      "data",    "piece",        "want_end",     "push",        "receipt"};
  static_assert(std::size(kNames) == std::variant_size_v<Body>);
  return kNames[body.index()];
}

}  // namespace shoal::replication
