#include "proof_file.h"

#include "base/try.h"
#include "node/directory/key_store.h"

#include <array>
#include <filesystem>
#include <fstream>
#include <iostream>

namespace shoal::command {

Result<std::string> read_proof_file(const std::string& file, std::size_t limit, const std::string& what) {
  std::ifstream opened;
  if (file != "-") {
    std::error_code error;
    if (std::filesystem::is_directory(file, error)) {
      return Error{Code::invalid_argument, file + " is a directory", "FILE is " + what};
    }
    opened.open(file, std::ios::binary);
    if (!opened.is_open()) return Error{Code::not_found, "cannot open " + file, "FILE is " + what};
  }
  std::istream& input = file == "-" ? std::cin : opened;
  std::string bytes;
  std::array<char, 1 << 16> chunk{};
  while (input && bytes.size() <= limit) {
    input.read(chunk.data(), chunk.size());
    bytes.append(chunk.data(), static_cast<std::size_t>(input.gcount()));
  }
  if (input.bad()) return Error{Code::io, "cannot read " + file, ""};
  return bytes;
}

Result<std::optional<FeedId>> expected_feed(const CommonOptions& common, const std::string& feed) {
  if (feed.empty()) return std::optional<FeedId>{};
  if (feed.size() == 64) {
    SHOAL_TRY(const FeedId id, FeedId::parse(feed));
    return std::optional<FeedId>{id};
  }
  SHOAL_TRY(const auto directory, data_directory(common));
  const node::KeyStore keys(directory / "keys", {});
  SHOAL_TRY(const auto key, keys.find(feed));
  if (!key) {
    return Error{Code::not_found, "there is no own feed named " + feed, "give the feed's 64 hexadecimal digits"};
  }
  return std::optional<FeedId>{FeedId{key->key}};
}

std::string own_name_of(const CommonOptions& common, const FeedId& feed) {
  const auto directory = data_directory(common);
  std::error_code error;
  if (!directory || !std::filesystem::is_directory(*directory / "keys", error)) return "";
  const node::KeyStore keys(*directory / "keys", {});
  const auto key = keys.find(feed.key);
  return key && *key ? (*key)->name : "";
}

}  // namespace shoal::command
