#pragma once

#include "command.h"
#include "service_notifier.h"

#include "node/node_api.h"

#include <filesystem>
#include <optional>

/// The node that a command runs on, and the feed its first argument names.
namespace shoal::command {

/// A directory below $TMPDIR that is gone with this object.
class ScratchDirectory {
 public:
  [[nodiscard]] static Result<ScratchDirectory> make(const std::filesystem::path& below);
  ScratchDirectory(ScratchDirectory&& other) noexcept : path_(std::move(other.path_)) { other.path_.clear(); }
  ScratchDirectory& operator=(ScratchDirectory&&) = delete;
  ~ScratchDirectory();
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  explicit ScratchDirectory(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

/// An open node; closed with this object.
class NodeSession {
 public:
  /// Opens `common`'s directory, prints `listening HOST:PORT` when the network is open, and from then on names peers
  /// that were caught.
  [[nodiscard]] static Result<NodeSession> open(Context& context, const CommonOptions& common);
  NodeSession(NodeSession&& other) noexcept = default;
  NodeSession& operator=(NodeSession&&) = delete;
  ~NodeSession();

  [[nodiscard]] node::NodeApi& api() const { return *api_; }
  node::NodeApi* operator->() const { return api_.get(); }

 private:
  explicit NodeSession(std::shared_ptr<node::NodeApi> api) : api_(std::move(api)) {}
  std::shared_ptr<node::NodeApi> api_;
  std::unique_ptr<ServiceNotifier> notifier_;  ///< when the network is open
};

/// A feed ready to be asked about. A bundle file is read into a directory of its own that is removed at the end.
struct OpenFeed {
  std::optional<ScratchDirectory> scratch = {};  ///< first, so that it is removed after the node closed
  NodeSession session;
  node::FeedReference feed;
  bool bundle = false;
};

/// Own name, 64 hex digits, link or bundle file. Code::not_found and Code::invalid_argument as NodeApi::resolve, a
/// bundle's own errors, and those of opening.
[[nodiscard]] Result<OpenFeed> open_feed(Context& context, const CommonOptions& common, const std::string& argument);

}  // namespace shoal::command
