#pragma once

#include "replication/wire/message.h"

#include <string>
#include <vector>

namespace shoal::replication::testing {

/// One field of an encoded message.
struct Field {
  std::string name;  ///< `data.blocks.header`; length and count fields end with `#`
  std::size_t offset = 0;
  std::size_t size = 0;
};

/// Lists the fields of a message with their places: an archive over the same description that the encoder walks.
class FieldLister {
 public:
  explicit FieldLister(std::string prefix) : prefix_(std::move(prefix)) {
    note("type", 1);
    note("channel", 4);
  }
  template <class T>
  void number(const char* name, const T&) {
    note(name, sizeof(T));
  }
  template <std::size_t N>
  void array(const char* name, const std::array<std::uint8_t, N>&) {
    note(name, N);
  }
  void flag(const char* name, bool) { note(name, 1); }
  template <class Enum>
  void choice(const char* name, Enum, std::uint8_t) {
    note(name, 1);
  }
  void text(const char* name, const std::string& value, std::size_t) {
    note(std::string(name) + "#", 1);
    note(name, value.size());
  }
  void bytes(const char* name, const Bytes& value, std::size_t) {
    note(std::string(name) + "#", 4);
    note(name, value.size());
  }
  void optional_block(const char* name, const std::optional<BlockIndex>&) { note(name, 8); }
  /// docs/FORMAT.md, "Checkpoint", compact form.
  void checkpoint(const char* name, const feed::Checkpoint&) {
    const std::string under = name;
    note(under + ".version", 1);
    note(under + ".epoch", 4);
    note(under + ".tree_size", 8);
    note(under + ".root", 32);
    note(under + ".time", 8);
    note(under + ".topic_count", 4);
    note(under + ".topic_root", 32);
    note(under + ".signature", 64);
  }
  template <class T, class Item>
  void list(const char* name, const std::vector<T>& value, std::size_t, const Item& item) {
    note(std::string(name) + "#", 2);
    const std::string outer = prefix_;
    prefix_ += std::string(name) + ".";
    for (const T& one : value) item(one);
    prefix_ = outer;
  }
  template <class Later>
  void since_1_1(const Later& later) {
    later();
  }

  template <class Later>
  void since_1_2(const Later& later) {
    later();
  }

  std::vector<Field> fields;

 private:
  void note(const std::string& name, std::size_t size) {
    if (size > 0) fields.push_back({prefix_ + name, at_, size});
    at_ += size;
  }
  std::string prefix_;
  std::size_t at_ = 0;
};

inline std::vector<Field> fields_of(const Message& message) {
  FieldLister lister(std::string(message_name(message.body)) + ".");
  std::visit(
      [&](const auto& body) {
        using T = std::decay_t<decltype(body)>;
        if constexpr (!std::is_same_v<T, Unknown>) T::fields(body, lister);
      },
      message.body);
  return lister.fields;
}

}  // namespace shoal::replication::testing
