#pragma once

#include <shoal/c.h>
#include <shoal/result.h>
#include <shoal/types.h>
#include <shoal/wait.h>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What every function of libshoal_c does at the border between C and C++.
namespace shoal::c {

/// Runs `body`, and gives its outcome, or what it threw, as a code and in `error` (which may be null).
[[nodiscard]] shoal_code guarded(shoal_error* error, const std::function<Result<void>()>& body) noexcept;

/// Whether this thread is in one of the application's callbacks; it cannot wait for the thread it is on then.
[[nodiscard]] bool in_callback() noexcept;
/// While it lives, this thread is in a callback.
class CallbackScope {
 public:
  CallbackScope() noexcept;
  ~CallbackScope();
  CallbackScope(const CallbackScope&) = delete;
  CallbackScope& operator=(const CallbackScope&) = delete;

 private:
  bool before_;
};
/// Code::invalid_argument in a callback.
[[nodiscard]] Result<void> require_no_callback(std::string_view function);

[[nodiscard]] Error null_argument(std::string_view name);
[[nodiscard]] Error no_handle(std::string_view kind);

/// Copies an options structure that begins with its size. What the caller's lacks stays zero in `copy`;
/// Code::invalid_argument when `size` is below `first_size`, that of the first version; Code::unsupported when it is
/// above `known_size` and the rest is not zero.
[[nodiscard]] Result<void> copy_structure(const void* from, std::string_view name, std::size_t first_size,
                                          std::size_t known_size, void* copy);

/// Defaults when `options` is null. `first_size` of a structure that has grown is where its later members begin.
template <typename Options>
Result<Options> read_options(const Options* options, std::string_view name, std::size_t first_size = sizeof(Options)) {
  Options copy{};
  if (options == nullptr) return copy;
  const auto copied = copy_structure(options, name, first_size, sizeof(Options), &copy);
  if (!copied) return copied.error();
  return copy;
}

/// Code::invalid_argument for null, or what is not UTF-8.
[[nodiscard]] Result<std::string> read_text(const char* text, std::string_view name);
/// Null stands for `otherwise`.
[[nodiscard]] Result<std::string> read_text_or(const char* text, std::string_view name, std::string_view otherwise);
[[nodiscard]] Result<std::vector<std::string>> read_texts(const char* const* texts, std::size_t count,
                                                          std::string_view name);
[[nodiscard]] Result<std::optional<Bytes>> read_bytes(const shoal_bytes& bytes, std::string_view name);
[[nodiscard]] Result<FeedId> read_feed_id(const char* id);
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

/// Below zero is without end. Code::invalid_argument for a stop that is none.
[[nodiscard]] Result<Wait> read_wait(std::int64_t timeout_ms, shoal_stop* stop);

/// A copy for shoal_string_free().
[[nodiscard]] Result<char*> give_text(std::string_view text);

}  // namespace shoal::c
