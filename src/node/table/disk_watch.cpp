#include "node/table/disk_watch.h"

namespace shoal::node {
namespace {

/// A disk on which only little is free fills again at once: that is one episode.
constexpr int kLooksWithRoom = 2;

}  // namespace

void DiskWatch::look(const Storage& storage) {
  if (!gone_ && !storage.directory->in_place()) {
    gone_ = true;
    const Error error{Code::io,
                      "the data directory " + storage.directory->path().string() +
                          " was removed or moved while it was in use: what is published now would be lost",
                      "put it back and start again"};
    log_->log(base::LogLevel::error, "node", error.message);
    if (storage.failed) storage.failed(error);
  }
  const auto own = storage.own->check_writable();
  note(own ? storage.mirrored->check_writable() : own);
  if (!full_ && storage.reserve) storage.reserve->keep();
}

void DiskWatch::note(const Result<void>& writable) {
  const bool full = !writable && writable.error().code == Code::no_space;
  looks_with_room_ = full ? 0 : looks_with_room_ + 1;
  if (full && !full_) {
    log_->log(base::LogLevel::error, "node",
              "the disk is full: nothing is published or fetched until there is room; what is here is served (" +
                  writable.error().message + ")");
  }
  if (full_ && looks_with_room_ >= kLooksWithRoom)
    log_->log(base::LogLevel::warning, "node", "the disk has room again");
  full_ = full || (full_ && looks_with_room_ < kLooksWithRoom);
}

}  // namespace shoal::node
