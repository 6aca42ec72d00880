#pragma once

#include "attach/following/directory_access.h"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string_view>
#include <utility>
#include <vector>

namespace shoal::attach {

/// The access to a directory that is used now. When the process that it leads to ends, another access takes its place:
/// the directory is opened here, or the process that has it next is attached to. Thread-safe.
class CurrentAccess {
 public:
  using Access = std::shared_ptr<DirectoryAccess>;

  /// The errors of DirectoryAccess::open(), after at most 10 s.
  [[nodiscard]] static Result<std::shared_ptr<CurrentAccess>> open(NodeOptions options, const std::stop_token& stop);

  [[nodiscard]] Access get() const;
  /// Whether `error`, which came from `access`, means that its process ended: then replace() finds another.
  [[nodiscard]] bool lost(const Access& access, const Error& error) const;
  /// The access in place of `lost`; the one that another thread found meanwhile, or `lost` itself when its process
  /// answers after all. Code::timed_out when there is none yet and waiting longer may help, Code::in_use after 10 s
  /// without one.
  [[nodiscard]] Result<Access> replace(const Access& lost, const Wait& wait);
  /// Result of `call(NodeApi&)`. When the process ended meanwhile, the call is repeated with the next access: only for
  /// calls that may happen twice.
  template <typename Call>
  auto ask(const std::stop_token& stop, const Call& call) -> decltype(call(std::declval<node::NodeApi&>()));
  template <typename Call>
  auto ask(const Call& call) {
    return ask({}, call);
  }

  /// See SharedNode.
  void on_moved(std::function<void()> callback);
  void check_holder();
  /// See NodeApi. They hold for each later access, too.
  void on_peer_blamed(std::function<void(const PeerInfo&, std::string_view)> callback);
  void serve_all();
  void close();

 private:
  /// How long a process that is starting or ending is waited for.
  static constexpr std::chrono::seconds kOpenTimeout{10};
  /// A call is repeated at most this many times.
  static constexpr int kMaxRepeats = 5;

  CurrentAccess(NodeOptions options, Access access) : options_(std::move(options)), access_(std::move(access)) {}
  /// Makes `access` the current one, and sets it up as the one before was.
  void install(const Access& access);

  const NodeOptions options_;
  std::mutex replacing_;  ///< held while another access is looked for
  mutable std::mutex mutex_;
  Access access_;
  bool closed_ = false;
  std::atomic<bool> serves_all_ = false;
  std::optional<std::chrono::steady_clock::time_point> lost_since_;
  std::vector<std::function<void(const PeerInfo&, std::string_view)>> on_blamed_;
  std::function<void()> on_moved_;
};

template <typename Call>
auto CurrentAccess::ask(const std::stop_token& stop, const Call& call)
    -> decltype(call(std::declval<node::NodeApi&>())) {
  for (int repeats = 0;; ++repeats) {
    const Access asked = get();
    auto answer = call(asked->api());
    if (answer.ok() || repeats == kMaxRepeats || !lost(asked, answer.error())) return answer;
    if (auto next = replace(asked, {kOpenTimeout, stop}); !next.ok()) return std::move(next).error();
  }
}

}  // namespace shoal::attach
