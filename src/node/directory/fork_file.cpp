#include "node/directory/fork_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

namespace shoal::node {
namespace {

Error system_error(const std::string& what, const std::filesystem::path& path) {
  const bool full = errno == ENOSPC || errno == EDQUOT;
  return {full ? Code::no_space : Code::io, what + " " + path.string() + ": " + std::strerror(errno), ""};
}

}  // namespace

ForkFile::ForkFile(const std::filesystem::path& directory, const FeedId& feed)
    : path_(directory / (feed.hex() + ".fork")), feed_(feed) {}

std::optional<feed::ForkProof> ForkFile::read() const {
  const auto proof = feed::decode_fork_proof(content());
  if (!proof || proof->feed != feed_ || !feed::verify_fork_proof(*proof)) return std::nullopt;
  return *proof;
}

Bytes ForkFile::content() const {
  std::ifstream file(path_, std::ios::binary);
  std::array<char, feed::kMaxForkProofSize + 1> bytes{};
  file.read(bytes.data(), bytes.size());
  return Bytes(bytes.begin(), bytes.begin() + file.gcount());
}

Result<void> ForkFile::keep(ByteView proof) const {
  const std::lock_guard lock(writing_);
  const Bytes held = content();
  if (std::equal(held.begin(), held.end(), proof.begin(), proof.end())) return {};
  if (::mkdir(path_.parent_path().c_str(), 0700) != 0 && errno != EEXIST) {
    return system_error("cannot make the directory", path_.parent_path());
  }
  const std::filesystem::path unfinished = path_.string() + ".part";
  const int file = ::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return system_error("cannot write", unfinished);
  const bool written =
      ::write(file, proof.data(), proof.size()) == static_cast<ssize_t>(proof.size()) && ::fsync(file) == 0;
  const Result<void> done = written ? Result<void>() : system_error("cannot write", unfinished);
  ::close(file);
  if (!done) return done.error();
  if (::rename(unfinished.c_str(), path_.c_str()) != 0) return system_error("cannot write", path_);
  return {};
}

}  // namespace shoal::node
