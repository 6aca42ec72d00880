#include "node/directory/key_mark.h"

#include "base/descriptor.h"
#include "base/try.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <string_view>
#include <utility>

namespace shoal::node {
namespace {

constexpr std::string_view kTitle = "shoalcast signed v1";
constexpr std::size_t kMaxSize = 1024;
/// As KeyMark::Origin counts them.
constexpr std::array<std::string_view, 3> kOrigins{"here", "imported", "released"};

Error failed(const std::string& what, const std::filesystem::path& path) {
  const bool full = errno == ENOSPC || errno == EDQUOT;
  return {full ? Code::no_space : Code::io, "cannot " + what + " " + path.string() + ": " + std::strerror(errno),
          full ? "free some space" : ""};
}

std::string encode(const KeyMark& mark) {
  return std::string(kTitle) + "\nfeed " + mark.feed.hex() + "\nsize " + std::to_string(mark.signed_size) +
         "\norigin " + std::string(kOrigins[static_cast<std::size_t>(mark.origin)]) + "\nplace " + mark.place + "\n";
}

/// The rest of the next line, which begins with `name` and a space.
std::optional<std::string_view> take_line(std::string_view& text, std::string_view name) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos || !text.starts_with(name) || text.size() <= name.size() ||
      text[name.size()] != ' ') {
    return std::nullopt;
  }
  const std::string_view value = text.substr(name.size() + 1, end - name.size() - 1);
  text.remove_prefix(end + 1);
  return value;
}

std::optional<KeyMark> decode(std::string_view text) {
  if (!text.starts_with(kTitle) || text.size() <= kTitle.size() || text[kTitle.size()] != '\n') return std::nullopt;
  text.remove_prefix(kTitle.size() + 1);
  const auto feed = take_line(text, "feed");
  const auto size = feed ? take_line(text, "size") : std::nullopt;
  const auto origin = size ? take_line(text, "origin") : std::nullopt;
  const auto place = origin ? take_line(text, "place") : std::nullopt;
  if (!place || !text.empty()) return std::nullopt;
  KeyMark mark;
  const auto id = FeedId::parse(*feed);
  const auto number = std::from_chars(size->data(), size->data() + size->size(), mark.signed_size);
  if (!id || number.ec != std::errc() || number.ptr != size->data() + size->size()) return std::nullopt;
  const auto* const known = std::find(kOrigins.begin(), kOrigins.end(), *origin);
  if (known == kOrigins.end()) return std::nullopt;
  mark.feed = *id;
  mark.origin = static_cast<KeyMark::Origin>(known - kOrigins.begin());
  mark.place = *place;
  return mark;
}

using base::Descriptor;

}  // namespace

std::filesystem::path KeyMarks::file_of(const std::string& name) const { return directory_ / (name + ".signed"); }

Result<std::optional<KeyMark>> KeyMarks::read(const std::string& name) const {
  const std::filesystem::path path = file_of(name);
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    struct stat found {};
    if (::lstat(path.c_str(), &found) != 0 && errno == ENOENT) return std::optional<KeyMark>{};
    return failed("read", path);
  }
  std::array<char, kMaxSize> bytes{};
  file.read(bytes.data(), bytes.size());
  const auto mark = decode({bytes.data(), static_cast<std::size_t>(file.gcount())});
  if (!mark) return Error{Code::corrupt, path.string() + " is damaged", ""};
  return std::optional(*mark);
}

Result<void> KeyMarks::write(const std::string& name, const KeyMark& mark) const {
  const std::filesystem::path path = file_of(name);
  const std::filesystem::path unfinished = path.string() + ".part";
  const std::string text = encode(mark);
  {
    const Descriptor file(::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR));
    if (file.get() < 0) return failed("write", unfinished);
    if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
        ::fsync(file.get()) != 0) {
      return failed("write", unfinished);
    }
  }
  if (::rename(unfinished.c_str(), path.c_str()) != 0) return failed("write", path);
  const Descriptor directory(::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0 || ::fsync(directory.get()) != 0) return failed("sync", directory_);
  return {};
}

}  // namespace shoal::node
