#pragma once

#include <shoal/result.h>

#include <filesystem>
#include <string>
#include <string_view>

namespace shoal::feed {

/// The files of a data directory whose inodes and times tell a copy from the original.
struct MarkedFiles {
  std::filesystem::path directory;
  std::filesystem::path journal;
  std::filesystem::path stamp;
};

/// Makes the stamp when it is missing. Renews it when the journal was written by something else than a journal: a
/// restored backup; and when `doubt` says that something else is wrong. Before the journal is opened. Code::io,
/// Code::no_space.
[[nodiscard]] Result<void> keep_stamp(const MarkedFiles& files, bool doubt = false);

/// Names the place of a data directory: machine id, inodes of the directory and its journal, and inode and time of
/// change of the stamp. Moving the directory keeps it; a copy, a restored backup (in place too) or another machine
/// changes it. Code::io.
[[nodiscard]] Result<std::string> directory_marker(const MarkedFiles& files);

/// Whether a directory that had the marker `before` is in the same place `now`. A part that one of them does not know
/// is no difference: an older version wrote no stamp, and some file systems keep no times.
[[nodiscard]] bool same_place(std::string_view before, std::string_view now);

}  // namespace shoal::feed
