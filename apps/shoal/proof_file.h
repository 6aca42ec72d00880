#pragma once

#include "common_options.h"

#include <shoal/types.h>

#include <cstddef>
#include <optional>
#include <string>

/// What the commands have in common that check a proof from a file offline: `verify-proof`, `verify-fork`.
namespace shoal::command {

/// All of `file` (`-`: stdin), and of a longer one somewhat more than `limit` bytes, so that it is refused for what it
/// is. `what` says what FILE should be, for the hints. Code::not_found, Code::invalid_argument for a directory.
[[nodiscard]] Result<std::string> read_proof_file(const std::string& file, std::size_t limit, const std::string& what);

/// The feed that `--feed` names: own name or 64 hexadecimal digits; nullopt for nothing.
[[nodiscard]] Result<std::optional<FeedId>> expected_feed(const CommonOptions& common, const std::string& feed);

/// The name that the feed's key has in the data directory when there is one, or empty.
[[nodiscard]] std::string own_name_of(const CommonOptions& common, const FeedId& feed);

}  // namespace shoal::command
