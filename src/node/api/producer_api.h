#pragma once

#include <shoal/producer.h>
#include <shoal/wait.h>

#include <functional>

namespace shoal::node {

/// See shoal::Producer. Thread-safe. The producer ends with the object.
class ProducerApi {
 public:
  virtual ~ProducerApi() = default;
  virtual void on_acked(std::function<void(const AckRun&)> callback) = 0;
  [[nodiscard]] virtual Result<Position> send(const ProducerRecord& record, const Wait& wait) = 0;
  [[nodiscard]] virtual Result<void> flush(const Wait& wait) = 0;
  /// Waits until what was sent is durable in the directory. Does not wait for mirrors.
  [[nodiscard]] virtual Result<void> flush_here(const Wait& wait) = 0;
};

}  // namespace shoal::node
