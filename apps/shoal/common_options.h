#pragma once

#include "option_set.h"

#include <shoal/node.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace shoal::command {

/// Headings of the options that may stand before or after a command.
inline constexpr const char* kNetworkGroup = "Network options";
inline constexpr const char* kCommonGroup = "Common options";

/// The options that every command takes.
struct CommonOptions {
  std::filesystem::path data = {};
  std::string passphrase_file = {};
  bool quiet = false;
  bool verbose = false;

  bool uses_network = true;  ///< the command uses the network
  bool alone = false;        ///< neither attaches to another process nor lets others attach
  bool use_reserve = false;  ///< the command frees room: see NodeOptions
  bool only_reads = false;   ///< the command changes nothing of its own: see NodeOptions::read_when_full

  // Of use to those that open the network:
  std::vector<std::string> listen = {};
  std::vector<std::string> bootstrap = {};
  std::vector<std::string> peers = {};
  std::optional<bool> private_network = {};
  bool no_dht = false;
  bool no_lsd = false;
  bool no_upload = false;
  bool offline = false;
  std::uint64_t up_limit = 0;
  std::uint64_t down_limit = 0;
  std::chrono::milliseconds find_timeout{20'000};
  std::optional<std::chrono::milliseconds> heartbeat = {};
};

void declare_common(OptionSet& options, CommonOptions& common);
/// With `hidden` they are accepted, so that scripts can give them to every command, and left out of the help.
void declare_network(OptionSet& options, CommonOptions& common, bool hidden);

/// --data, else $SHOAL_DATA, $STATE_DIRECTORY, $XDG_DATA_HOME/shoal, ~/.local/share/shoal.
/// Code::invalid_argument when none of them is set.
[[nodiscard]] Result<std::filesystem::path> data_directory(const CommonOptions& common);

/// What --passphrase-file names, `fd:N` being a descriptor; one line end at the end is not part of it.
/// Code::bad_key when it cannot be read or is empty.
[[nodiscard]] Result<std::string> read_passphrase(const std::string& source);

}  // namespace shoal::command
