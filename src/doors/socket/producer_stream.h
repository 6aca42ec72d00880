#pragma once

#include "doors/socket/call.h"
#include "doors/socket/producer_outbox.h"
#include "doors/text/batch_frame.h"
#include "doors/text/json_reader.h"
#include "node/api/producer_api.h"

#include <shoal/records.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace shoal::doors {

/// A producer at the other end of a connection (docs/API.md, "Producers"): the calling thread reads lines or
/// frames and sends records, a second one writes what is answered, which node threads add.
class ProducerStream {
 public:
  /// `tells_places`: the client is sent where its records are, as a shared producer's.
  ProducerStream(Call& call, std::shared_ptr<node::ProducerApi> producer, bool tells_places);

  /// Until the body ends, the client is gone or the producer fails. The feed is free for the next producer before the
  /// last line is written.
  [[nodiscard]] Result<void> run();

 private:
  [[nodiscard]] Result<std::string> open_line();
  [[nodiscard]] Result<void> read_lines();
  [[nodiscard]] Result<void> read_frames();
  [[nodiscard]] Result<void> take_line(std::string_view line);
  [[nodiscard]] Result<void> take_frame(const Frame& frame);
  /// Counts what came and obeys it. What is refused is answered, and no error.
  template <typename Obey>
  [[nodiscard]] Result<void> take(const Obey& obey);
  [[nodiscard]] Result<void> obey_line(std::string_view line);
  [[nodiscard]] Result<void> send_record(const JsonReader& line);
  [[nodiscard]] Result<void> send_batch(std::string_view frame);
  void note_taken(const Position& first, std::uint32_t count);
  [[nodiscard]] Result<void> flush();
  void write_lines();

  Call& call_;
  std::shared_ptr<node::ProducerApi> producer_;
  const bool tells_places_;
  std::shared_ptr<ProducerOutbox> outbox_;  ///< outlives the stream in the producer's callback
  std::uint64_t number_ = 0;                ///< of the line or frame that is being obeyed
  std::uint64_t records_ = 0;
};

}  // namespace shoal::doors
