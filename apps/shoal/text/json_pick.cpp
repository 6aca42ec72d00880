#include "text/json_pick.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace shoal::command {
namespace {

using Json = nlohmann::json;

/// Follows the parser through the document and knows at each value which pointers are still matched by the path.
class Picker final : public nlohmann::json_sax<Json> {
 public:
  Picker(const std::vector<JsonPointer>& pointers, std::vector<PickedValue>& picked)
      : pointers_(pointers), picked_(picked), matched_(pointers.size(), 0) {
    picked_.assign(pointers.size(), {});
  }

  [[nodiscard]] const std::string& problem() const { return problem_; }

  bool null() override { return value(PickedValue::Kind::null, "null"); }
  bool boolean(bool held) override { return value(PickedValue::Kind::boolean, held ? "true" : "false"); }
  bool number_integer(number_integer_t held) override { return number(std::to_string(held)); }
  bool number_unsigned(number_unsigned_t held) override { return number(std::to_string(held)); }
  bool number_float(number_float_t, const string_t& text) override { return number(text); }
  bool string(string_t& text) override { return value(PickedValue::Kind::text, text); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(false); }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(true); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    enter(name);
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception& error) override {
    problem_ = error.what();
    return false;
  }

 private:
  struct Level {
    bool array = false;
    std::size_t index = 0;
  };

  bool number(const std::string& text) { return value(PickedValue::Kind::number, text); }

  bool value(PickedValue::Kind kind, const std::string& text) {
    before_value();
    for (std::size_t i = 0; i < pointers_.size(); ++i) {
      if (matched_[i] != path_depth()) continue;
      // Above its target, a pointer forgets what an earlier member of the same name held.
      picked_[i] = pointers_[i].size() == path_depth() ? PickedValue{kind, text} : PickedValue{};
    }
    return true;
  }

  bool open(bool array) {
    value(PickedValue::Kind::container, {});
    levels_.push_back({array, 0});
    return true;
  }

  bool close() {
    levels_.pop_back();
    // The path goes back to the container itself.
    for (std::size_t& depth : matched_) depth = std::min(depth, path_depth());
    return true;
  }

  /// An array's elements have no key event: their index is entered here.
  void before_value() {
    if (levels_.empty() || !levels_.back().array) return;
    enter(std::to_string(levels_.back().index++));
  }

  /// `name` is the path's newest token: a pointer that matched down to here matches one deeper or falls back.
  void enter(const std::string& name) {
    const std::size_t depth = levels_.size();
    for (std::size_t i = 0; i < pointers_.size(); ++i) {
      if (matched_[i] < depth - 1) continue;
      const bool goes_on = pointers_[i].size() >= depth && pointers_[i][depth - 1] == name;
      matched_[i] = goes_on ? depth : depth - 1;
    }
  }

  [[nodiscard]] std::size_t path_depth() const { return levels_.size(); }

  const std::vector<JsonPointer>& pointers_;
  std::vector<PickedValue>& picked_;
  std::vector<std::size_t> matched_;  ///< per pointer: how many tokens of the current path it shares from the start
  std::vector<Level> levels_;
  std::string problem_;
};

/// nlohmann's message without its own prefix.
std::string plain(const std::string& problem) {
  const std::size_t bracket = problem.find("] ");
  return bracket == std::string::npos ? problem : problem.substr(bracket + 2);
}

}  // namespace

Result<JsonPointer> parse_json_pointer(std::string_view text) {
  const Error bad{Code::invalid_argument, "'" + std::string(text) + "' is not a JSON pointer",
                  "write it like /properties/net (RFC 6901)"};
  JsonPointer pointer;
  if (text.empty()) return pointer;
  if (text.front() != '/') return bad;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '/') {
      pointer.emplace_back();
    } else if (text[i] == '~') {
      ++i;
      if (i == text.size() || (text[i] != '0' && text[i] != '1')) return bad;
      pointer.back().push_back(text[i] == '0' ? '~' : '/');
    } else {
      pointer.back().push_back(text[i]);
    }
  }
  return pointer;
}

Result<void> pick_json(ByteView document, const std::vector<JsonPointer>& pointers, std::vector<PickedValue>& picked) {
  Picker picker(pointers, picked);
  if (!Json::sax_parse(document.begin(), document.end(), &picker)) {
    return Error{Code::invalid_argument, "invalid JSON: " + plain(picker.problem()), ""};
  }
  return {};
}

}  // namespace shoal::command
