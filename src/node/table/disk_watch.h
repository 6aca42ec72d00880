#pragma once

#include "base/log_sink.h"
#include "node/directory/storage.h"

namespace shoal::node {

/// Says once that the disk is full, and once that there is room again; then the directory's reserve is made anew. What
/// stops meanwhile stops by itself: writers and replicators ask the store. A directory that is not in its place any
/// more is a failure of the disk (Storage::failed). Confined to the retention thread.
class DiskWatch {
 public:
  explicit DiskWatch(base::LogSink& log) : log_(&log) {}

  /// Once a second.
  void look(const Storage& storage);
  /// The same for a state of the disk that is known.
  void note(const Result<void>& writable);

 private:
  base::LogSink* log_;
  bool gone_ = false;
  bool full_ = false;
  int looks_with_room_ = 0;
};

}  // namespace shoal::node
