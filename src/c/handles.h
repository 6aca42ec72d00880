#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace shoal::c {

/// A number that no handle of this process had before.
std::uint64_t next_handle();

/// The live handles of one kind. `Handle` is the C type that is declared and never defined: its "address" is a number
/// that is looked up here, so that a handle that was freed, or is of another kind, is known as such instead of being
/// followed. Who found an object keeps it while it is used, whatever others free. Thread-safe.
template <typename Handle, typename Object>
class HandleTable {
 public:
  [[nodiscard]] Handle* add(std::shared_ptr<Object> object) {
    const std::uint64_t number = next_handle();
    const std::lock_guard lock(mutex_);
    objects_.emplace(number, std::move(object));
    return reinterpret_cast<Handle*>(static_cast<std::uintptr_t>(number));
  }
  /// Null when there is none.
  [[nodiscard]] std::shared_ptr<Object> find(const Handle* handle) {
    const std::lock_guard lock(mutex_);
    const auto found = objects_.find(number_of(handle));
    return found == objects_.end() ? nullptr : found->second;
  }
  /// Null when there was none.
  [[nodiscard]] std::shared_ptr<Object> remove(const Handle* handle) {
    const std::lock_guard lock(mutex_);
    const auto node = objects_.extract(number_of(handle));
    return node ? std::move(node.mapped()) : nullptr;
  }

 private:
  static std::uint64_t number_of(const Handle* handle) { return reinterpret_cast<std::uintptr_t>(handle); }

  std::mutex mutex_;
  std::unordered_map<std::uint64_t, std::shared_ptr<Object>> objects_;
};

/// The one table of a kind. It is never destroyed: threads may use handles until the process is gone.
template <typename Handle, typename Object>
HandleTable<Handle, Object>& handles() {
  static auto* const table = new HandleTable<Handle, Object>;
  return *table;
}

}  // namespace shoal::c
