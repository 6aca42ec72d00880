#pragma once

#include "command.h"
#include "service_notifier.h"

#include "attach/following/open_node.h"
#include "node/bundles/bundle_node.h"

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

/// The node that a command uses, and the feed that its first argument names.
namespace shoal::command {

/// A temporary directory below `below`. The destructor removes it.
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

/// The node of the data directory: opened here, or attached to. The destructor closes it. When other processes work
/// through this one, the destructor first waits until they have finished, or for a signal.
class NodeSession {
 public:
  enum class Kind : std::uint8_t {
    job,    ///< the command ends by itself
    stays,  ///< the command calls stay(): when attached, it does not keep the holder from ending
  };

  /// Opens the directory of `common`. Prints `listening HOST:PORT` when the command uses the network and it is open,
  /// and the options that are ignored because another process has the network. From then on it prints blamed peers.
  [[nodiscard]] static Result<NodeSession> open(Context& context, const CommonOptions& common, Kind kind = Kind::job);
  NodeSession(NodeSession&& other) noexcept = default;
  NodeSession& operator=(NodeSession&&) = delete;
  ~NodeSession();

  [[nodiscard]] node::NodeApi& api() const { return *shared_; }
  node::NodeApi* operator->() const { return shared_.get(); }
  /// Another process holds the directory.
  [[nodiscard]] bool attached() const { return shared_->attached(); }
  /// Waits for a signal. When the holder of the directory ends meanwhile, this process takes its place and calls
  /// `serve`.
  void stay(const std::function<void()>& serve);

 private:
  NodeSession(Context& context, std::shared_ptr<attach::SharedNode> shared)
      : context_(&context), shared_(std::move(shared)) {}
  void watch_moves(const CommonOptions& common);
  void name_blamed();

  Context* context_;
  std::shared_ptr<attach::SharedNode> shared_;
  std::shared_ptr<std::atomic<bool>> moved_ = std::make_shared<std::atomic<bool>>(false);
  std::unique_ptr<ServiceNotifier> notifier_;  ///< null unless the network is open
};

/// A feed that is ready to be read: of a directory's node, or of a bundle in place.
struct OpenFeed {
  std::optional<NodeSession> of_directory = {};
  std::shared_ptr<node::BundleNode> of_bundle = {};
  node::ReadingApi* reading = nullptr;  ///< of of_directory or of of_bundle
  node::FeedReference feed = {};
  bool bundle = false;

  /// Hashes everything that is held of it again.
  [[nodiscard]] Result<node::AuditReport> verify(const node::Progress& progress) const;
};

/// Own name, 64 hex digits, link or bundle file. Code::not_found and Code::invalid_argument as ReadingApi::resolve, a
/// bundle's own errors, and those of opening.
[[nodiscard]] Result<OpenFeed> open_feed(Context& context, const CommonOptions& common, const std::string& argument);

}  // namespace shoal::command
