#pragma once

#include "node/api/batch_api.h"

#include <shoal/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Frames of `application/vnd.shoal.batches` (docs/API.md, "Batches").
namespace shoal::doors {

inline constexpr std::string_view kBatchesType = "application/vnd.shoal.batches";
/// Largest frame, without its size field.
inline constexpr std::size_t kMaxFrame = (std::size_t{16} << 20) + (std::size_t{64} << 10);

/// Longest name of a topic that a frame can hold.
inline constexpr std::size_t kMaxTopicName = 255;

enum class FrameKind : std::uint8_t { line = 1, batch = 2, send = 3 };

/// A frame that was cut out of a stream.
struct Frame {
  FrameKind kind = FrameKind::line;
  std::string_view body;
};

/// A record batch on its way to a partition.
struct SentBatch {
  TopicPartition stream;
  Bytes bytes;
};

/// A line without its LF.
void append_line_frame(std::string_view line, std::string& out);
void append_batch_frame(const node::SelectedBatch& selected, std::string& out);
void append_send_frame(const TopicPartition& stream, ByteView batch, std::string& out);

/// Code::invalid_argument for a body that is cut short or holds an impossible number.
[[nodiscard]] Result<node::SelectedBatch> read_batch_frame(std::string_view body);
[[nodiscard]] Result<SentBatch> read_send_frame(std::string_view body);

/// Cuts a stream of bytes into frames. Holds at most one frame and what was added last.
class FrameSplitter {
 public:
  void add(std::string_view bytes) { buffer().append(bytes); }
  /// What comes is appended here; frames that next() gave are no longer valid then.
  [[nodiscard]] std::string& buffer();
  /// The next whole frame, valid until the next call of buffer() or add(); nullopt when more bytes are needed.
  /// Code::limit_exceeded for one above kMaxFrame, Code::invalid_argument for an unknown kind; both for good.
  [[nodiscard]] Result<std::optional<Frame>> next();
  /// Nothing is left of a frame that is cut off.
  [[nodiscard]] bool empty() const { return begin_ == bytes_.size(); }

 private:
  std::string bytes_;
  std::size_t begin_ = 0;  ///< of the next frame in bytes_
};

}  // namespace shoal::doors
