#pragma once

#include <shoal/types.h>

#include <cstddef>
#include <memory>
#include <utility>

namespace shoal::store {

/// Bytes that several holders keep without copying them: a payload is in the batch, in the staged rows and in the table
/// that is being written. Never null; a value type.
class SharedBytes {
 public:
  SharedBytes() : bytes_(empty()) {}
  // NOLINTNEXTLINE(google-explicit-constructor)
  SharedBytes(Bytes bytes) : bytes_(std::make_shared<const Bytes>(std::move(bytes))) {}

  [[nodiscard]] std::size_t size() const { return bytes_->size(); }
  operator const Bytes&() const { return *bytes_; }  // NOLINT(google-explicit-constructor)
  operator ByteView() const { return *bytes_; }      // NOLINT(google-explicit-constructor)

  friend bool operator==(const SharedBytes& a, const SharedBytes& b) { return *a.bytes_ == *b.bytes_; }

 private:
  static const std::shared_ptr<const Bytes>& empty() {
    static const auto none = std::make_shared<const Bytes>();
    return none;
  }

  std::shared_ptr<const Bytes> bytes_;
};

}  // namespace shoal::store
