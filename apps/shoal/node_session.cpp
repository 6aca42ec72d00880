#include "node_session.h"

#include "base/try.h"
#include "open_bundle.h"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <mutex>
#include <tuple>

namespace shoal::command {
namespace {

bool is_file(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

Result<OpenFeed> in_place(Context& context, const std::string& file) {
  SHOAL_TRY(auto opened, open_bundle(context, file));
  OpenFeed source;
  source.feed = opened->feed();
  source.reading = opened.get();
  source.of_bundle = std::move(opened);
  source.bundle = true;
  return source;
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

namespace {

/// Wait for clients that are about to leave, before a message says that this process waits.
constexpr std::chrono::milliseconds kQuietStay{300};
constexpr int kLookEveryMs = 1000;

/// Without closing anything: a sync that is tried again after a failed one would say that all is well.
[[noreturn]] void end_process(Messages& messages, const Error& error) {
  static std::once_flag once;
  std::call_once(once, [&] {
    messages.error({error.code, "the disk failed, and this process ends: " + error.message,
                    error.hint.empty() ? "look after the disk, then start again: journal and store tell what is there"
                                       : error.hint});
    ::_exit(static_cast<int>(Exit::error));
  });
  ::_exit(static_cast<int>(Exit::error));
}

Result<NodeOptions> node_options(Context& context, const CommonOptions& common) {
  NodeOptions options;
  SHOAL_TRY(options.data_dir, data_directory(common));
  options.listen = common.listen;
  options.bootstrap = common.bootstrap;
  options.peers = common.peers;
  options.private_network = common.private_network;
  options.offline = common.offline;
  options.attach = !common.alone;
  options.use_reserve = common.use_reserve;
  options.read_when_full = common.only_reads;
  options.dht = !common.no_dht;
  options.lsd = !common.no_lsd;
  options.upload = !common.no_upload;
  if (common.heartbeat) options.heartbeat = *common.heartbeat;
  options.up_limit = common.up_limit;
  options.down_limit = common.down_limit;
  if (!common.passphrase_file.empty()) {
    options.passphrase = [file = common.passphrase_file] { return read_passphrase(file); };
  }
  Messages& messages = context.messages;
  options.log = [&messages](LogLevel level, std::string_view text) { messages.log(level, text); };
  options.on_disk_failure = [&messages](const Error& error) { end_process(messages, error); };
  return options;
}

/// The network options that were given, as the user writes them.
std::string given_options(const CommonOptions& common) {
  std::string names;
  const auto add = [&names](bool given, const char* name) {
    if (given) names += (names.empty() ? "" : ", ") + std::string(name);
  };
  add(!common.listen.empty(), "--listen");
  add(!common.bootstrap.empty(), "--bootstrap");
  add(!common.peers.empty(), "--peer");
  add(common.private_network.has_value(), "--network");
  add(common.no_dht, "--no-dht");
  add(common.no_lsd, "--no-lsd");
  add(common.no_upload, "--no-upload");
  add(common.offline, "--offline");
  add(common.heartbeat.has_value(), "--heartbeat");
  add(common.up_limit > 0, "--up-limit");
  add(common.down_limit > 0, "--down-limit");
  return names;
}

}  // namespace

Result<NodeSession> NodeSession::open(Context& context, const CommonOptions& common, Kind kind) {
  SHOAL_TRY(const NodeOptions options, node_options(context, common));
  SHOAL_TRY(auto shared, attach::open_node(options, context.stop.token()));
  NodeSession session(context, std::move(shared));
  Messages& messages = context.messages;
  const std::string ignored = common.uses_network && session.attached() ? given_options(common) : "";
  if (!ignored.empty()) {
    const bool one = ignored.find(',') == std::string::npos;
    messages.notice("the node at " + options.data_dir.string() + " has the network: " + ignored +
                    (one ? " is" : " are") + " ignored");
  }
  // A process that only stays beside the holder does not report the peers of the holder.
  if (!common.offline && (kind == Kind::job || !session.attached())) session.name_blamed();
  session.watch_moves(common);
  const std::string listening = session->listening();
  if (!listening.empty() && !common.offline) {
    messages.notice("listening " + listening);
    session.notifier_ = std::make_unique<ServiceNotifier>();
  }
  return session;
}

void NodeSession::name_blamed() {
  shared_->on_peer_blamed([&messages = context_->messages](const PeerInfo& peer, std::string_view what) {
    messages.warning("peer " + peer.address + " (key " + peer.node_key + ") was disconnected: " + std::string(what));
  });
}

void NodeSession::watch_moves(const CommonOptions& common) {
  shared_->on_moved(
      [&messages = context_->messages, known = std::weak_ptr(shared_), moved = moved_, offline = common.offline] {
        *moved = true;
        const auto shared = known.lock();
        if (!shared) return;
        messages.notice(shared->attached() ? "the node has ended: another process has the directory now"
                                           : "the node has ended: this process has the directory now");
        const std::string listening = shared->listening();
        if (!listening.empty() && !offline) messages.notice("listening " + listening);
      });
}

void NodeSession::stay(const std::function<void()>& serve) {
  pollfd stopped{context_->stop.fd(), POLLIN, 0};
  while (!context_->stop.stopped()) {
    std::ignore = ::poll(&stopped, 1, attached() ? kLookEveryMs : -1);
    if (context_->stop.stopped()) return;
    shared_->check_holder();
    if (!moved_->exchange(false)) continue;
    if (!attached()) name_blamed();
    serve();
  }
}

NodeSession::~NodeSession() {
  notifier_.reset();
  if (!shared_) return;
  if (!shared_->wait_for_clients({kQuietStay, context_->stop.token()}) && !context_->stop.stopped()) {
    std::ignore = context_->out.flush();
    context_->messages.notice(
        "done; other processes work through this one: it ends with the last of them, or at ctrl-C");
    std::ignore = shared_->wait_for_clients({std::chrono::milliseconds::max(), context_->stop.token()});
  }
  shared_->close();
}

Result<node::AuditReport> OpenFeed::verify(const node::Progress& progress) const {
  if (of_bundle) return of_bundle->verify(progress);
  return of_directory->api().keeping().verify(feed, progress);
}

Result<OpenFeed> open_feed(Context& context, const CommonOptions& common, const std::string& argument) {
  // A feed name has no slash. With a dot it may also be the name of a file.
  const bool path = argument.find('/') != std::string::npos && !argument.starts_with("magnet:");
  if (path && !is_file(argument)) {
    return Error{Code::not_found, "there is no file " + argument,
                 "FEED is an own name, 64 hexadecimal digits, a link or a file"};
  }
  const bool extension = argument.find('.') != std::string::npos && is_file(argument);
  if (path || (extension && is_bundle(argument))) return in_place(context, argument);
  {
    SHOAL_TRY(auto session, NodeSession::open(context, common));
    auto reference = session->reading().resolve(argument);
    if (reference.ok()) {
      OpenFeed source;
      source.of_directory.emplace(std::move(session));
      source.reading = &source.of_directory->api().reading();
      source.feed = std::move(*reference);
      return source;
    }
    if (reference.error().code != Code::not_found || !is_file(argument)) return std::move(reference).error();
  }
  return in_place(context, argument);
}

}  // namespace shoal::command
