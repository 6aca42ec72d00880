#include "feed/format/directory_marker.h"

#include "base/descriptor.h"
#include "base/try.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <vector>

// Idea: a program can set a file's inode number by chance and its time of modification at will, but not its time of
// change (ctime). A signer that goes on in a restored directory signs a second history, so each of these counts as the
// sign of one:
//   - another machine, another inode of the directory, the journal or the stamp: a copy elsewhere;
//   - another ctime of the stamp, a small file that is written once: cp, tar or a restore over the directory in place.
//     (ext4 gives a new file the inode of a removed one in 95 of 100 cases, so inodes alone do not do.)
//   - a journal whose ctime is not its time of modification: rsync writes only the files that differ, and sets the
//     times of those. Our own writes set both times to the same value. Then the stamp is renewed, so that every feed of
//     the directory finds another marker until it was asked about.
// A change of owner or mode changes ctimes, too, and counts as a copy. A block device that was put back as a whole
// cannot be told from the inside.
namespace shoal::feed {
namespace {

constexpr std::string_view kTimesKept = "shoalcast place\ntimes kept\n";
constexpr std::string_view kTimesUnknown = "shoalcast place\ntimes unknown\n";
constexpr std::string_view kUnknown = "-";

Error failed(const std::string& what, const std::filesystem::path& path) {
  const bool full = errno == ENOSPC || errno == EDQUOT;
  return Error{full ? Code::no_space : Code::io, "cannot " + what + " " + path.string() + ": " + std::strerror(errno)};
}

Result<struct stat> look_at(const std::filesystem::path& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return failed("look at", path);
  return info;
}

bool same_time(const timespec& a, const timespec& b) { return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec; }

std::string machine_id() {
  std::ifstream file("/etc/machine-id");
  std::string id;
  std::getline(file, id);
  return id.empty() ? std::string(kUnknown) : id;
}

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::array<char, 64> bytes{};
  file.read(bytes.data(), bytes.size());
  return {bytes.data(), static_cast<std::size_t>(file.gcount())};
}

using base::Descriptor;

/// Durable when it returns, with its times.
Result<void> put(const Descriptor& file, std::string_view text, const std::filesystem::path& path) {
  if (file.get() < 0) return failed("open", path);
  const ssize_t written = ::pwrite(file.get(), text.data(), text.size(), 0);
  if (written != static_cast<ssize_t>(text.size()) || ::ftruncate(file.get(), written) != 0) {
    return failed("write", path);
  }
  if (::fsync(file.get()) != 0) return failed("sync", path);
  return {};
}

Result<void> write_stamp(const MarkedFiles& files) {
  const Descriptor file(::open(files.stamp.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR));
  SHOAL_CHECK(put(file, kTimesKept, files.stamp));
  SHOAL_TRY(const auto made, look_at(files.stamp));
  // Some file systems over a network, or of another system, set the times themselves.
  if (!same_time(made.st_mtim, made.st_ctim)) SHOAL_CHECK(put(file, kTimesUnknown, files.stamp));
  const Descriptor directory(::open(files.directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0 || ::fsync(directory.get()) != 0) return failed("sync", files.directory);
  return {};
}

std::string stamp_part(const std::filesystem::path& stamp) {
  const auto info = look_at(stamp);
  if (!info || content_of(stamp) != kTimesKept) return std::string(kUnknown);
  return std::to_string(info->st_ino) + "." + std::to_string(info->st_ctim.tv_sec) + "." +
         std::to_string(info->st_ctim.tv_nsec);
}

/// The version, then machine, directory, journal and stamp. Version 1 had no stamp, and nothing for an unknown machine.
std::vector<std::string> parts_of(std::string_view marker) {
  std::istringstream in{std::string(marker)};
  std::vector<std::string> parts;
  for (std::string part; in >> part;) parts.push_back(part);
  if (!parts.empty() && parts[0] == "v1") {
    if (parts.size() == 3) parts.insert(parts.begin() + 1, std::string(kUnknown));
    parts.emplace_back(kUnknown);
    parts[0] = "v2";
  }
  return parts;
}

}  // namespace

Result<void> keep_stamp(const MarkedFiles& files, bool doubt) {
  const std::string content = content_of(files.stamp);
  if (doubt) return write_stamp(files);
  if (content != kTimesKept && content != kTimesUnknown) return write_stamp(files);
  const auto journal = look_at(files.journal);
  if (!journal || content != kTimesKept || same_time(journal->st_mtim, journal->st_ctim)) return {};
  return write_stamp(files);
}

Result<std::string> directory_marker(const MarkedFiles& files) {
  SHOAL_TRY(const auto directory, look_at(files.directory));
  SHOAL_TRY(const auto journal, look_at(files.journal));
  // Device numbers may change at a reboot, so they are left out.
  return "v2 " + machine_id() + " " + std::to_string(directory.st_ino) + " " + std::to_string(journal.st_ino) + " " +
         stamp_part(files.stamp);
}

bool same_place(std::string_view before, std::string_view now) {
  if (before == now) return true;
  const auto old_parts = parts_of(before);
  const auto new_parts = parts_of(now);
  return std::ranges::equal(old_parts, new_parts, [](const std::string& a, const std::string& b) {
    return a == b || a == kUnknown || b == kUnknown;
  });
}

}  // namespace shoal::feed
