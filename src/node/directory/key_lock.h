#pragma once

#include <shoal/result.h>
#include <shoal/types.h>

#include <memory>

namespace shoal::node {

/// The one right on this host to sign with a key: two directories with the same key never sign at the same time. A name
/// of the kernel's, which goes with the process. Containers that share no network have hosts of their own here.
class KeyLock {
 public:
  /// Code::in_use names the process that has it.
  [[nodiscard]] static Result<std::unique_ptr<KeyLock>> take(const PublicKey& key);
  ~KeyLock();
  KeyLock(const KeyLock&) = delete;
  KeyLock& operator=(const KeyLock&) = delete;

 private:
  explicit KeyLock(int socket) : socket_(socket) {}

  int socket_;
};

}  // namespace shoal::node
