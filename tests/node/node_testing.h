#pragma once

#include "base/bytes.h"

#include <gtest/gtest.h>
#include <shoal/shoal.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

/// What the tests of the node share: directories, short ways to publish and to read.
namespace shoal::node::testing {

using namespace std::chrono_literals;

/// A fresh directory that is gone with the object.
class TempDir {
 public:
  TempDir() {
    std::string name = (std::filesystem::temp_directory_path() / "shoal-node-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  [[nodiscard]] std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

/// The value of a result that the test cannot go on without.
template <typename T>
T must(Result<T> result) {
  if (!result) {
    ADD_FAILURE() << code_name(result.error().code) << ": " << result.error().message;
    std::abort();
  }
  return std::move(result).value();
}

inline void must(const Result<void>& result) {
  if (!result) ADD_FAILURE() << code_name(result.error().code) << ": " << result.error().message;
}

template <typename T>
Code code_of(const Result<T>& result) {
  return result.ok() ? Code::io : result.error().code;
}

inline Bytes bytes(std::string_view text) { return {text.begin(), text.end()}; }

inline std::string text_of(const std::optional<ByteView>& value) {
  return value ? std::string(value->begin(), value->end()) : "(null)";
}

inline Node open_offline(const std::filesystem::path& directory) {
  return must(Node::open({.data_dir = directory, .offline = true}));
}

inline ProducerRecord record(std::string topic, std::string_view value) {
  return {.topic = std::move(topic), .value = bytes(value)};
}

/// Sends `count` records, the values `<prefix>0`, `<prefix>1`, …, and waits until all are durable.
inline void publish(Producer& producer, const std::string& topic, int count, const std::string& prefix = "") {
  for (int i = 0; i < count; ++i) must(producer.send(record(topic, prefix + std::to_string(i)), {5s}));
  must(producer.flush({30s}));
}

/// Values until the end, a failure, or 30 s.
inline std::vector<std::string> read_to_end(Subscription& subscription) {
  std::vector<std::string> values;
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  while (std::chrono::steady_clock::now() < deadline) {
    const auto poll = subscription.poll({.wait = {500ms}});
    if (!poll) {
      ADD_FAILURE() << code_name(poll.error().code) << ": " << poll.error().message;
      return values;
    }
    if (poll->status() == Poll::Status::end) return values;
    for (const RecordView& view : poll->records()) values.push_back(text_of(view.value));
  }
  ADD_FAILURE() << "no end after " << values.size() << " records";
  return values;
}

/// The next `count` values of a live subscription, or what came in 20 s.
inline std::vector<std::string> read_some(Subscription& subscription, std::size_t count) {
  std::vector<std::string> values;
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (values.size() < count && std::chrono::steady_clock::now() < deadline) {
    const auto poll = must(subscription.poll({.max_records = count - values.size(), .wait = {500ms}}));
    for (const RecordView& view : poll.records()) values.push_back(text_of(view.value));
  }
  return values;
}

/// `<prefix><first>` .. `<prefix><last - 1>`.
inline std::vector<std::string> numbered(int first, int last, const std::string& prefix = "") {
  std::vector<std::string> values;
  for (int i = first; i < last; ++i) values.push_back(prefix + std::to_string(i));
  return values;
}

}  // namespace shoal::node::testing
