#pragma once

#include "store/journal_file.h"
#include "store/journal_sector.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace shoal::store::testing {

/// A disk in memory that tells apart what is durable from what was only written, and fails on demand. Files opened on
/// it share it, so a test can drop a journal and open the rest. As on Linux, a sync that fails leaves what was written
/// readable and forgets that it is not on the disk: later syncs do not write it.
struct CrashDisk {
  struct Write {
    std::size_t sector = 0;
    Bytes bytes;
  };

  Bytes durable = fresh_journal();
  /// What a reader of the live file sees.
  Bytes current = durable;
  /// Sectors written since the last sync, in order.
  std::vector<Write> pending;
  /// Counts down with every write and sync; that call fails (and the ones after it succeed again).
  int fail_after = -1;
  std::size_t syncs = 0;
  /// Whether a sync that fails forgets what it should have written. False: the power goes before it, so that what was
  /// written may still reach the disk (settle(), crash()).
  bool failed_sync_forgets = true;

  bool failing() { return fail_after >= 0 && fail_after-- == 0; }

  /// Of the unsynced sectors those that `survives` picks reach the disk.
  template <typename Predicate>
  void settle(Predicate survives) {
    for (std::size_t i = 0; i < pending.size(); ++i) {
      if (survives(i)) {
        std::copy(pending[i].bytes.begin(), pending[i].bytes.end(),
                  durable.begin() + static_cast<std::ptrdiff_t>(pending[i].sector * kSectorSize));
      }
    }
    pending.clear();
  }

  /// Power off: the other unsynced sectors are lost.
  template <typename Predicate>
  void crash(Predicate survives) {
    settle(survives);
    current = durable;
  }
};

class CrashFile final : public JournalFile {
 public:
  explicit CrashFile(std::shared_ptr<CrashDisk> disk) : disk_(std::move(disk)) {}

  [[nodiscard]] Result<void> read(std::uint64_t offset, std::span<std::uint8_t> out) const override {
    if (offset + out.size() > disk_->current.size()) return Error{Code::corrupt, "the file ends too early"};
    std::copy_n(disk_->current.begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
    return {};
  }

  [[nodiscard]] Result<void> write(std::uint64_t offset, ByteView bytes) override {
    if (disk_->failing()) return Error{Code::io, "injected write failure"};
    std::copy(bytes.begin(), bytes.end(), disk_->current.begin() + static_cast<std::ptrdiff_t>(offset));
    for (std::size_t at = 0; at < bytes.size(); at += kSectorSize) {
      const ByteView sector = bytes.subspan(at, kSectorSize);
      disk_->pending.push_back({(offset + at) / kSectorSize, Bytes(sector.begin(), sector.end())});
    }
    return {};
  }

  [[nodiscard]] Result<void> sync() override {
    if (disk_->failing()) {
      if (disk_->failed_sync_forgets) disk_->pending.clear();
      return Error{Code::io, "injected sync failure"};
    }
    ++disk_->syncs;
    disk_->settle([](std::size_t) { return true; });
    return {};
  }

  [[nodiscard]] Result<std::uint64_t> size() const override { return disk_->current.size(); }

 private:
  std::shared_ptr<CrashDisk> disk_;
};

}  // namespace shoal::store::testing
