#include "common_options.h"

#include "base/try.h"
#include "byte_source.h"
#include "node/api/dial_target.h"
#include "node/api/host_port.h"
#include "node/api/names.h"
#include "text/units.h"

#include <unistd.h>
#include <array>
#include <cstdlib>

namespace shoal::command {
namespace {

constexpr std::size_t kMaxPassphrase = 4096;

/// An option of addresses: repeatable, and several with commas in the environment or a file.
void addresses(OptionSet& options, const std::string& name, const std::string& form, std::vector<std::string>& target,
               Result<std::string> (*parse)(std::string_view), const std::string& help) {
  options.values(name, form, help, true, [&target, parse](const std::string& text) -> Result<void> {
    SHOAL_TRY(std::string address, parse(text));
    target.push_back(std::move(address));
    return {};
  });
}

Result<std::string> to_listen_on(std::string_view text) { return node::parse_host_port(text, true); }
Result<std::string> to_dial(std::string_view text) { return node::parse_host_port(text, false); }
Result<std::string> to_peer(std::string_view text) {
  const std::size_t at = text.find('@');
  const bool named = at != std::string_view::npos && node::is_legal_name(text.substr(0, at));
  // The node resolves names: it has the directory.
  if (named) {
    SHOAL_CHECK(node::parse_host_port(text.substr(at + 1), false));
  } else {
    SHOAL_CHECK(node::parse_dial_target(text));
  }
  return std::string(text);
}

std::string from_environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

}  // namespace

void declare_common(OptionSet& options, CommonOptions& common) {
  options.group(kCommonGroup);
  options.parsed("--data", common.data, "DIR", "where keys and feeds are kept",
                 [](const std::string& text) -> Result<std::filesystem::path> {
                   if (text.empty()) return Error{Code::invalid_argument, "an empty directory name", ""};
                   return std::filesystem::path(text);
                 });
  options.text("--passphrase-file", common.passphrase_file, "FILE|fd:N", "what opens a sealed key file");
  options.flag("-q,--quiet", common.quiet, "errors and warnings only");
  options.flag("-v,--verbose", common.verbose, "say what happens inside");
  options.help_and_config();
}

void declare_network(OptionSet& options, CommonOptions& common, bool hidden) {
  options.group(hidden ? "" : kNetworkGroup);
  addresses(options, "--listen", "HOST:PORT", common.listen, to_listen_on,
            "listen here (port 0: any) instead of everywhere");
  addresses(options, "--bootstrap", "HOST:PORT", common.bootstrap, to_dial, "enter the DHT here");
  addresses(options, "--peer", "[KEY@]HOST:PORT", common.peers, to_peer,
            "dial this node; with KEY no other one is talked to there");
  options.parsed("--network", common.private_network, "public|private",
                 "private: no public routers, local addresses allowed",
                 [](const std::string& text) -> Result<std::optional<bool>> {
                   if (text == "public") return std::optional<bool>(false);
                   if (text == "private") return std::optional<bool>(true);
                   return Error{Code::invalid_argument, "'" + text + "' is neither public nor private", ""};
                 });
  options.flag("--no-dht", common.no_dht, "do not use the DHT");
  options.flag("--no-lsd", common.no_lsd, "do not look for peers on the local network");
  options.flag("--no-upload", common.no_upload, "serve nobody");
  options.flag("--offline", common.offline, "use no network at all");
  options.parsed("--up-limit", common.up_limit, "RATE", "bytes a second sent at most (K M G)", parse_size);
  options.parsed("--down-limit", common.down_limit, "RATE", "bytes a second received at most", parse_size);
  options.parsed("--find-timeout", common.find_timeout, "DURATION", "how long to look for the newest head (20s)",
                 parse_duration);
  options.parsed("--heartbeat", common.heartbeat, "DURATION",
                 "sign own feeds again when nothing was published for this time (20s); 0s: never",
                 [](const std::string& text) -> Result<std::optional<std::chrono::milliseconds>> {
                   SHOAL_TRY(const auto interval, parse_duration(text));
                   return std::optional(interval);
                 });
}

Result<std::filesystem::path> data_directory(const CommonOptions& common) {
  if (!common.data.empty()) return common.data;
  // systemd separates several state directories with colons; the first one is ours.
  if (const std::string state = from_environment("STATE_DIRECTORY"); !state.empty()) {
    return std::filesystem::path(state.substr(0, state.find(':')));
  }
  if (const std::string share = from_environment("XDG_DATA_HOME"); !share.empty()) {
    return std::filesystem::path(share) / "shoal";
  }
  if (const std::string home = from_environment("HOME"); !home.empty()) {
    return std::filesystem::path(home) / ".local" / "share" / "shoal";
  }
  return Error{Code::invalid_argument, "no directory to keep keys and feeds in", "name one with --data DIR"};
}

Result<std::string> read_passphrase(const std::string& source) {
  const auto unreadable = [&source](const std::string& why) {
    return Error{Code::bad_key, "cannot read a passphrase from " + source + ": " + why, ""};
  };
  std::optional<FdSource> input;
  if (source.starts_with("fd:")) {
    const auto fd = parse_integer(source.substr(3), 0);
    if (!fd || *fd > 1'000'000) return unreadable("not a descriptor");
    input.emplace(static_cast<int>(*fd), false, -1);
  } else {
    auto opened = FdSource::open(source, -1);
    if (!opened) return unreadable(opened.error().message);
    input.emplace(std::move(*opened));
  }
  std::string passphrase;
  std::array<std::uint8_t, 512> chunk{};
  while (passphrase.size() <= kMaxPassphrase) {
    auto got = input->read(chunk);
    if (!got) return unreadable(got.error().message);
    if (*got == 0) break;
    passphrase.append(reinterpret_cast<const char*>(chunk.data()), *got);
  }
  if (passphrase.size() > kMaxPassphrase) return unreadable("it is too long");
  if (passphrase.ends_with('\n')) passphrase.pop_back();
  if (passphrase.ends_with('\r')) passphrase.pop_back();
  if (passphrase.empty()) return unreadable("it is empty");
  return passphrase;
}

}  // namespace shoal::command
