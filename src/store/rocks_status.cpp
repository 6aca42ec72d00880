#include "store/rocks_status.h"

#include <rocksdb/status.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace shoal::store {
namespace {

using rocksdb::Status;

/// What the operating system said, which RocksDB passes on as text only; at times inside of a corruption.
bool says(const Status& status, int number) {
  const char* const text = status.getState();
  return text != nullptr && std::strstr(text, std::strerror(number)) != nullptr;
}

Code code_of(const Status& status) {
  // A limit of the process is no damage of the store.
  if (says(status, EMFILE) || says(status, ENFILE) || says(status, ENOMEM)) return Code::limit_exceeded;
  // A quota and the limit of a file's size are full disks, too.
  if (says(status, EDQUOT) || says(status, EFBIG)) return Code::no_space;
  if (status.IsCorruption()) return Code::corrupt;
  if (status.IsNoSpace() || status.subcode() == Status::SubCode::kSpaceLimit) return Code::no_space;
  // A table or blob file that the manifest names is gone.
  if (status.IsPathNotFound()) return Code::corrupt;
  if (status.IsShutdownInProgress() || status.IsAborted()) return Code::closed;
  if (status.IsNotSupported()) return Code::unsupported;
  return Code::io;
}

}  // namespace

Error rocks_error(const Status& status, std::string_view doing) {
  return Error{code_of(status), "store: " + std::string(doing) + ": " + status.ToString()};
}

Error rocks_open_error(const Status& status, std::string_view path) {
  Error error = rocks_error(status, "cannot open " + std::string(path));
  if (error.code == Code::limit_exceeded) {
    error.hint = "raise the limit of the process (ulimit -n)";
    return error;
  }
  const bool lock_file = status.IsIOError() && error.message.find("/LOCK") != std::string::npos;
  if (lock_file && error.code == Code::io) {
    error.code = Code::in_use;
    error.hint = "another process has this data directory open";
  } else if (status.IsInvalidArgument() || status.IsNotFound()) {
    error.code = Code::corrupt;
  }
  return error;
}

}  // namespace shoal::store
