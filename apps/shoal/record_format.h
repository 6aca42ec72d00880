#pragma once

#include <shoal/records.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// How records become bytes on stdout.
namespace shoal::command {

/// A format in kcat's language, compiled once: `%s %S %R` payload, its length (-1 for null) as text and as 4 big-endian
/// bytes, `%k %K` key and length, `%t %p %o %T` topic, partition, offset, time in ms, `%h` headers as n=v,n=v,
/// `%%`; `\n \r \t \\ \0 \xNN`.
class RecordFormat {
 public:
  /// Code::invalid_argument for an unknown token or a lone backslash at the end.
  [[nodiscard]] static Result<RecordFormat> compile(std::string_view format);

  void append(const RecordView& record, std::string& out) const;

 private:
  struct Part {
    char token = 0;  ///< 0: `text` as it is
    std::string text = {};
  };
  std::vector<Part> parts_;
};

/// Which way records are written.
struct RecordStyle {
  enum class Kind : std::uint8_t { line, raw, nul, json, format };
  Kind kind = Kind::line;
  RecordFormat format = {};
};

/// Appends `record` to `out`. `feed` and `cursor` are for JSON; an empty cursor is left out.
void append_record(const RecordStyle& style, const RecordView& record, std::string_view feed, std::string_view cursor,
                   std::string& out);

}  // namespace shoal::command
