#include "attach/following/directory_access.h"

#include "attach/client/remote_node.h"
#include "base/try.h"
#include "doors/socket/server.h"
#include "node/api/deadline.h"
#include "node/api/socket_path.h"
#include "node/open_node.h"

#include <algorithm>
#include <condition_variable>

namespace shoal::attach {
namespace {

using SteadyClock = std::chrono::steady_clock;

/// Pause between two tries; it doubles each time.
constexpr std::chrono::milliseconds kFirstPause{5};
constexpr std::chrono::milliseconds kLongestPause{200};
/// A holder that runs answers a small request within this time.
constexpr std::chrono::seconds kSignOfLife{2};
/// A holder without a network is often a short command (`ls`, `pub --offline`) that ends within this time. If this
/// process attached to it, that command could not end and this process would never have a network. If this process
/// waits, it opens the directory with a network of its own.
constexpr std::chrono::milliseconds kSoonDone{500};

/// False when stopped.
bool pause_for(std::chrono::milliseconds time, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any woken;
  std::unique_lock lock(mutex);
  woken.wait_for(lock, stop, time, [] { return false; });
  return !stop.stop_requested();
}

/// Whether a later try may succeed.
bool may_pass(Code code) { return code == Code::closed || code == Code::unavailable || code == Code::timed_out; }

void warn(const NodeOptions& options, const std::string& text) {
  if (options.log) options.log(LogLevel::warning, text);
}

}  // namespace

Result<std::shared_ptr<DirectoryAccess>> DirectoryAccess::open(const NodeOptions& options, const Wait& wait) {
  const auto deadline = node::deadline_of(wait);
  const auto patience = std::min(deadline, SteadyClock::now() + kSoonDone);
  for (auto pause = kFirstPause;; pause = std::min(2 * pause, kLongestPause)) {
    auto node = node::open_node(options);
    if (node.ok()) return serve(options, std::move(*node));
    if (node.error().code != Code::in_use || !options.attach) return std::move(node).error();
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - SteadyClock::now());
    const bool last = left <= pause;
    auto attached = attach(options, {std::max(left, std::chrono::milliseconds(kSignOfLife)), wait.stop});
    if (attached.ok()) {
      const bool offline = !options.offline && (*attached)->api().listening().empty();
      const bool stays = last || SteadyClock::now() + pause > patience;
      if (offline && stays) {
        warn(options, "the process that has " + options.data_dir.string() +
                          " uses no network: nothing is exchanged with others until it ends");
      }
      if (!offline || stays) return attached;
    } else if (!may_pass(attached.error().code)) {
      return std::move(attached).error();
    }
    if (last) {
      return Error{Code::in_use, node.error().message + ", which does not answer", node.error().hint};
    }
    if (!pause_for(pause, wait.stop)) return Error{Code::cancelled, "stopped while the directory was in use", ""};
  }
}

Result<std::shared_ptr<DirectoryAccess>> DirectoryAccess::attach(const NodeOptions& options, const Wait& wait) {
  SHOAL_TRY(const auto socket, node::socket_path(options.data_dir));
  SHOAL_TRY(auto remote, RemoteNode::attach(socket, options.passphrase, wait));
  std::shared_ptr<DirectoryAccess> made(new DirectoryAccess(remote));
  made->remote_ = std::move(remote);
  return made;
}

Result<std::shared_ptr<DirectoryAccess>> DirectoryAccess::serve(const NodeOptions& options,
                                                                std::shared_ptr<node::NodeApi> node) {
  std::shared_ptr<DirectoryAccess> made(new DirectoryAccess(std::move(node)));
  if (!options.attach) return made;
  auto socket = node::socket_path(options.data_dir);
  Result<void> served = socket.ok() ? Result<void>() : Result<void>(socket.error());
  if (socket.ok()) {
    auto server = doors::Server::start(made->api_, *socket);
    if (server.ok()) {
      made->server_ = std::move(*server);
    } else {
      served = server.error();
    }
  }
  if (served.ok()) return made;
  if (served.error().code == Code::in_use) return served.error();
  // A node that no other process can use is better than none.
  warn(options, "other processes cannot use " + options.data_dir.string() + " meanwhile: " + served.error().message +
                    (served.error().hint.empty() ? "" : "; " + served.error().hint));
  return made;
}

DirectoryAccess::DirectoryAccess(std::shared_ptr<node::NodeApi> api) : api_(std::move(api)) {}

DirectoryAccess::~DirectoryAccess() { close(); }

bool DirectoryAccess::answers() const { return !remote_ || remote_->answers({kSignOfLife}); }

void DirectoryAccess::rest() {
  if (remote_) remote_->rest();
}

std::size_t DirectoryAccess::clients() const { return server_ ? server_->attached() : 0; }

bool DirectoryAccess::wait_for_clients(const Wait& wait) const {
  return !server_ || server_->wait_until_unattached(wait);
}

void DirectoryAccess::close() {
  if (server_) server_->stop();
  api_->close();
}

}  // namespace shoal::attach
