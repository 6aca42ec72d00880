#include "c/boundary.h"

#include "base/try.h"
#include "c/handles.h"

#include <shoal/error.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <stop_token>

namespace shoal::c {
namespace {

thread_local bool inside_callback = false;

static_assert(static_cast<int>(Code::invalid_argument) + 1 == SHOAL_INVALID_ARGUMENT);
static_assert(static_cast<int>(Code::closed) + 1 == SHOAL_CLOSED);
static_assert(static_cast<int>(Code::unknown_outcome) + 1 == SHOAL_UNKNOWN_OUTCOME);
static_assert(static_cast<int>(Code::contradiction) + 1 == SHOAL_CONTRADICTION);

shoal_code code_of(Code code) { return static_cast<shoal_code>(static_cast<int>(code) + 1); }

/// As much of `text` as fits, cut before a character and not in it.
template <std::size_t Size>
void copy_text(std::string_view text, char (&to)[Size]) {
  std::size_t length = std::min(text.size(), Size - 1);
  if (length < text.size()) {
    while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xc0U) == 0x80U) --length;
  }
  std::copy_n(text.data(), length, to);
  to[length] = '\0';
}

shoal_code tell(shoal_error* error, shoal_code code, std::string_view message, std::string_view hint) {
  if (error != nullptr) {
    error->code = code;
    copy_text(message, error->message);
    copy_text(hint, error->hint);
  }
  return code;
}

}  // namespace

std::uint64_t next_handle() {
  // Odd, so that no address of an object is mistaken for one.
  static std::atomic<std::uint64_t> newest = 1;
  return newest += 2;
}

shoal_code guarded(shoal_error* error, const std::function<Result<void>()>& body) noexcept {
  try {
    const auto done = body();
    if (done) return tell(error, SHOAL_OK, "", "");
    return tell(error, code_of(done.error().code), done.error().message, done.error().hint);
  } catch (const std::bad_alloc&) {
    return tell(error, SHOAL_IO, "there is no memory left", "");
  } catch (const std::exception& thrown) {
    return tell(error, SHOAL_IO, thrown.what(), "");
  } catch (...) {
    return tell(error, SHOAL_IO, "an exception of unknown kind", "");
  }
}

bool in_callback() noexcept { return inside_callback; }

CallbackScope::CallbackScope() noexcept : before_(inside_callback) { inside_callback = true; }
CallbackScope::~CallbackScope() { inside_callback = before_; }

Result<void> require_no_callback(std::string_view function) {
  if (!in_callback()) return {};
  return Error{Code::invalid_argument, std::string(function) + " was called in a callback, and would wait for it",
               "hand the work to a thread of your own"};
}

Error null_argument(std::string_view name) { return {Code::invalid_argument, std::string(name) + " is NULL", ""}; }

Error no_handle(std::string_view kind) {
  return {Code::invalid_argument, "this is no " + std::string(kind),
          "it is NULL, was freed, or is a handle of another kind"};
}

Result<void> copy_structure(const void* from, std::string_view name, std::size_t first_size, std::size_t known_size,
                            void* copy) {
  constexpr std::size_t kSane = 65536;
  std::size_t size = 0;
  std::memcpy(&size, from, sizeof size);
  if (size < first_size || size > kSane) {
    return Error{Code::invalid_argument, "the size of " + std::string(name) + " is " + std::to_string(size),
                 "set its size to sizeof(" + std::string(name) + "), and all other bytes to zero"};
  }
  const auto* bytes = static_cast<const unsigned char*>(from);
  if (size > known_size &&
      std::any_of(bytes + known_size, bytes + size, [](unsigned char byte) { return byte != 0; })) {
    return Error{Code::unsupported, std::string(name) + " asks for something that this library does not know",
                 "it is of version " + std::string(shoal_version())};
  }
  std::memcpy(copy, from, std::min(size, known_size));
  return {};
}

bool is_utf8(std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0x80                   ? 1
                               : lead >= 0xc2 && lead < 0xe0 ? 2
                               : (lead & 0xf0U) == 0xe0      ? 3
                               : lead >= 0xf0 && lead < 0xf5 ? 4
                                                             : 0;
    if (length == 0 || i + length > text.size()) return false;
    for (std::size_t next = i + 1; next < i + length; ++next) {
      if ((static_cast<unsigned char>(text[next]) & 0xc0U) != 0x80U) return false;
    }
    if (length > 2) {
      const auto second = static_cast<unsigned char>(text[i + 1]);
      // Overlong forms, surrogates, and what lies beyond U+10FFFF.
      if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) || (lead == 0xf0 && second < 0x90) ||
          (lead == 0xf4 && second > 0x8f)) {
        return false;
      }
    }
    i += length;
  }
  return true;
}

Result<std::string> read_text(const char* text, std::string_view name) {
  if (text == nullptr) return null_argument(name);
  std::string copy(text);
  if (!is_utf8(copy)) return Error{Code::invalid_argument, std::string(name) + " is not UTF-8", ""};
  return copy;
}

Result<std::string> read_text_or(const char* text, std::string_view name, std::string_view otherwise) {
  if (text == nullptr) return std::string(otherwise);
  return read_text(text, name);
}

Result<std::vector<std::string>> read_texts(const char* const* texts, std::size_t count, std::string_view name) {
  std::vector<std::string> copies;
  if (count > 0 && texts == nullptr) return null_argument(name);
  for (std::size_t i = 0; i < count; ++i) {
    SHOAL_TRY(auto copy, read_text(texts[i], name));
    copies.push_back(std::move(copy));
  }
  return copies;
}

Result<std::optional<Bytes>> read_bytes(const shoal_bytes& bytes, std::string_view name) {
  if (bytes.data == nullptr) {
    if (bytes.size != 0) return null_argument(name);
    return std::optional<Bytes>{};
  }
  const auto* first = static_cast<const std::uint8_t*>(bytes.data);
  return std::optional<Bytes>(Bytes(first, first + bytes.size));
}

Result<FeedId> read_feed_id(const char* id) {
  if (id == nullptr) return null_argument("feed_id");
  return FeedId::parse(id);
}

Result<Wait> read_wait(std::int64_t timeout_ms, shoal_stop* stop) {
  Wait wait;
  wait.timeout = timeout_ms < 0 ? std::chrono::milliseconds::max() : std::chrono::milliseconds(timeout_ms);
  if (stop != nullptr) {
    const auto source = handles<shoal_stop, std::stop_source>().find(stop);
    if (!source) return no_handle("shoal_stop");
    wait.stop = source->get_token();
  }
  return wait;
}

Result<char*> give_text(std::string_view text) {
  auto* const copy = static_cast<char*>(std::malloc(text.size() + 1));
  if (copy == nullptr) return Error{Code::io, "there is no memory left", ""};
  std::copy(text.begin(), text.end(), copy);
  copy[text.size()] = '\0';
  return copy;
}

}  // namespace shoal::c

using namespace shoal;

const char* shoal_code_name(int code) {
  if (code == SHOAL_OK) return "ok";
  if (code < SHOAL_OK || code > SHOAL_CONTRADICTION) return "unknown";
  // The names are literals, so they end with NUL.
  return code_name(static_cast<Code>(code - 1)).data();
}

const char* shoal_version(void) { return SHOAL_VERSION; }

void shoal_string_free(char* text) { std::free(text); }

shoal_code shoal_stop_new(shoal_stop** stop, shoal_error* error) {
  return c::guarded(error, [&]() -> Result<void> {
    if (stop == nullptr) return c::null_argument("stop");
    *stop = c::handles<shoal_stop, std::stop_source>().add(std::make_shared<std::stop_source>());
    return {};
  });
}

shoal_code shoal_stop_request(shoal_stop* stop, shoal_error* error) {
  return c::guarded(error, [&]() -> Result<void> {
    const auto source = c::handles<shoal_stop, std::stop_source>().find(stop);
    if (!source) return c::no_handle("shoal_stop");
    source->request_stop();
    return {};
  });
}

shoal_code shoal_stop_free(shoal_stop* stop, shoal_error* error) {
  return c::guarded(error, [&]() -> Result<void> {
    if (stop != nullptr && !c::handles<shoal_stop, std::stop_source>().remove(stop)) return c::no_handle("shoal_stop");
    return {};
  });
}
