#include "text/topic_name.h"

#include <algorithm>

namespace shoal::command {
namespace {

constexpr std::size_t kMaxTopicName = 249;
constexpr const char* kRule = "a topic has 1 to 249 characters of a-z A-Z 0-9 . _ -";

bool is_legal(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

/// Topics come from data: control characters must not reach a terminal.
std::string shown(std::string_view text) {
  std::string out = "'";
  for (const char c : text.substr(0, 80)) out.push_back(static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c);
  return out + (text.size() > 80 ? "..." : "'");
}

}  // namespace

bool is_topic_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxTopicName && name != "." && name != ".." &&
         std::all_of(name.begin(), name.end(), is_legal);
}

Result<void> check_topic_name(std::string_view name) {
  if (is_topic_name(name)) return {};
  return Error{Code::invalid_argument, "illegal topic name " + shown(name), kRule};
}

Result<void> check_topic_glob(std::string_view glob) {
  std::string plain(glob);
  for (char& c : plain) {
    if (c == '*' || c == '?' || c == '[' || c == ']' || c == '!') c = 'x';
  }
  if (is_topic_name(plain)) return {};
  return Error{Code::invalid_argument, "illegal topic name or glob " + shown(glob), kRule};
}

Result<void> map_topic(std::string_view text, TopicMap map, std::string& topic) {
  topic.assign(text);
  if (map == TopicMap::dots) {
    for (char& c : topic) {
      if (!is_legal(c)) c = '.';
    }
  }
  return check_topic_name(topic);
}

}  // namespace shoal::command
