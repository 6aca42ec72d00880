#include "store/rocks_status.h"

#include <rocksdb/status.h>

#include <string>

namespace shoal::store {
namespace {

using rocksdb::Status;

Code code_of(const Status& status) {
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
