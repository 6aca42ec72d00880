#pragma once

#include <shoal/types.h>

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace shoal::topic {

/// The next record to read: record `record` (from 0) of block `block`, or the first one after it.
struct Mark {
  BlockIndex block{0};
  std::uint32_t record = 0;

  auto operator<=>(const Mark&) const = default;
};

/// How far a reader got. All partitions stand at `common`, but for those in `ahead`, which read further. The text form
/// (docs/FORMAT.md, "Cursor token") is stable: applications keep it.
struct Cursor {
  Epoch epoch{0};
  Mark common;
  std::map<TopicPartition, Mark> ahead;

  auto operator<=>(const Cursor&) const = default;
  [[nodiscard]] Mark mark_of(const TopicPartition& stream) const;
};

/// `1:<epoch>:<block>:<record>` and for each partition ahead `,<topic>/<partition>=<block>:<record>`.
std::string encode_cursor(const Cursor& cursor);
/// Code::invalid_argument for anything that encode_cursor() does not make.
[[nodiscard]] Result<Cursor> decode_cursor(std::string_view token);

}  // namespace shoal::topic
