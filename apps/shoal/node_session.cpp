#include "node_session.h"

#include "base/try.h"
#include "bundle_files.h"
#include "gateway/open_node.h"

#include <sys/stat.h>
#include <cerrno>
#include <cstring>

namespace shoal::command {
namespace {

bool is_file(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

Result<OpenFeed> open_bundle(Context& context, const CommonOptions& common, const std::string& file) {
  SHOAL_TRY(auto scratch, ScratchDirectory::make(std::filesystem::temp_directory_path()));
  CommonOptions private_options = common;
  private_options.data = scratch.path();
  private_options.offline = true;
  SHOAL_TRY(auto session, NodeSession::open(context, private_options));
  const auto stopped = [&context] { return context.stop.stopped(); };
  SHOAL_TRY(const auto summary,
            session->import_bundle(bytes_of({file}, {}), progress_of(context.messages, "reading " + file, stopped)));
  SHOAL_TRY(auto reference, session->resolve(summary.feed.hex()));
  return OpenFeed{std::move(scratch), std::move(session), std::move(reference), true};
}

}  // namespace

Result<ScratchDirectory> ScratchDirectory::make(const std::filesystem::path& below) {
  std::string name = (below / "shoal-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    const Code code = errno == ENOSPC ? Code::no_space : Code::io;
    return Error{code, "cannot make a directory in " + below.string() + ": " + std::strerror(errno), ""};
  }
  return ScratchDirectory(std::filesystem::path(name));
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

Result<NodeSession> NodeSession::open(Context& context, const CommonOptions& common) {
  NodeOptions options;
  SHOAL_TRY(options.data_dir, data_directory(common));
  options.listen = common.listen;
  options.bootstrap = common.bootstrap;
  options.peers = common.peers;
  options.private_network = common.private_network;
  options.offline = common.offline;
  options.dht = !common.no_dht;
  options.lsd = !common.no_lsd;
  options.upload = !common.no_upload;
  options.up_limit = common.up_limit;
  options.down_limit = common.down_limit;
  if (!common.passphrase_file.empty()) {
    options.passphrase = [file = common.passphrase_file] { return read_passphrase(file); };
  }
  Messages& messages = context.messages;
  options.log = [&messages](LogLevel level, std::string_view text) { messages.log(level, text); };
  SHOAL_TRY(auto api, gateway::open_node(std::move(options)));
  api->on_peer_blamed([&messages](const PeerInfo& peer, std::string_view what) {
    messages.warning("peer " + peer.address + " (key " + peer.node_key + ") was disconnected: " + std::string(what));
  });
  const std::string listening = api->listening();
  NodeSession session(std::move(api));
  if (!listening.empty()) {
    messages.notice("listening " + listening);
    session.notifier_ = std::make_unique<ServiceNotifier>();
  }
  return session;
}

NodeSession::~NodeSession() {
  notifier_.reset();
  if (api_) api_->close();
}

Result<OpenFeed> open_feed(Context& context, const CommonOptions& common, const std::string& argument) {
  // No feed's name holds a slash; one that holds a dot may be the name of a file as well.
  const bool path = argument.find('/') != std::string::npos && !argument.starts_with("magnet:");
  if (path && !is_file(argument)) {
    return Error{Code::not_found, "there is no file " + argument,
                 "FEED is an own name, 64 hexadecimal digits, a link or a file"};
  }
  const bool extension = argument.find('.') != std::string::npos && is_file(argument);
  if (path || (extension && feed::BundleFile::open(argument).ok())) return open_bundle(context, common, argument);
  {
    SHOAL_TRY(auto session, NodeSession::open(context, common));
    auto reference = session->resolve(argument);
    if (reference.ok()) return OpenFeed{std::nullopt, std::move(session), std::move(*reference), false};
    if (reference.error().code != Code::not_found || !is_file(argument)) return std::move(reference).error();
  }
  return open_bundle(context, common, argument);
}

}  // namespace shoal::command
