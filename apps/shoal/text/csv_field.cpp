#include "text/csv_field.h"

namespace shoal::command {
namespace {

Error malformed(std::string message) { return Error{Code::invalid_argument, std::move(message), ""}; }

/// Cuts the first field off `row`, which keeps its comma. False for malformed quotes.
bool take_field(std::string_view& row, std::string_view& field, bool& quoted) {
  quoted = !row.empty() && row.front() == '"';
  if (!quoted) {
    const std::size_t end = std::min(row.find(','), row.size());
    field = row.substr(0, end);
    row.remove_prefix(end);
    return field.find('"') == std::string_view::npos;
  }
  std::size_t at = 1;
  while (true) {
    at = row.find('"', at);
    if (at == std::string_view::npos) return false;
    if (at + 1 == row.size() || row[at + 1] != '"') break;
    at += 2;
  }
  field = row.substr(1, at - 1);
  row.remove_prefix(at + 1);
  return row.empty() || row.front() == ',';
}

}  // namespace

Result<std::string_view> csv_field(std::string_view row, std::size_t column, std::string& scratch) {
  if (!row.empty() && row.back() == '\r') row.remove_suffix(1);
  for (std::size_t number = 1;; ++number) {
    std::string_view field;
    bool quoted = false;
    if (!take_field(row, field, quoted)) return malformed("malformed quotes in field " + std::to_string(number));
    if (number == column) {
      if (!quoted || field.find('"') == std::string_view::npos) return field;
      scratch.clear();
      for (std::size_t i = 0; i < field.size(); ++i) {
        scratch.push_back(field[i]);
        if (field[i] == '"') ++i;
      }
      return std::string_view(scratch);
    }
    if (row.empty()) {
      return malformed("field " + std::to_string(column) + " is missing: the row has " + std::to_string(number));
    }
    row.remove_prefix(1);
  }
}

}  // namespace shoal::command
