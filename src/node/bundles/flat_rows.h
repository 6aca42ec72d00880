#pragma once

#include "store/kv_store.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

namespace shoal::node {

/// Rows of an index column in memory: keys of 4-byte feed number, 4-byte topic number and an 8-byte number, values of
/// `N` bytes. 8 + N bytes a row. Changed from one thread; read from any once it no longer changes.
template <std::size_t N>
class FlatRows {
 public:
  struct Row {
    std::array<std::uint8_t, 8> number;
    std::array<std::uint8_t, N> value;
  };
  using Prefix = std::array<std::uint8_t, 8>;
  using Tables = std::map<Prefix, std::vector<Row>>;

  /// False for a key or value of another size.
  [[nodiscard]] bool put(ByteView key, ByteView value) {
    if (key.size() != 16 || value.size() != N) return false;
    Row row;
    std::copy(key.begin() + 8, key.end(), row.number.begin());
    std::copy(value.begin(), value.end(), row.value.begin());
    std::vector<Row>& rows = tables_[prefix_of(key)];
    const auto place = std::lower_bound(rows.begin(), rows.end(), row.number,
                                        [](const Row& have, const auto& number) { return have.number < number; });
    if (place != rows.end() && place->number == row.number) {
      *place = row;
    } else {
      rows.insert(place, row);  // nearly always at the end
    }
    return true;
  }

  [[nodiscard]] std::unique_ptr<store::KvIterator> iterate() const { return std::make_unique<Iterator>(tables_); }

 private:
  static Prefix prefix_of(ByteView key) {
    Prefix prefix{};
    std::copy(key.begin(), key.begin() + 8, prefix.begin());
    return prefix;
  }

  class Iterator final : public store::KvIterator {
   public:
    explicit Iterator(const Tables& tables) : tables_(&tables), table_(tables.end()) {}

    void seek(ByteView key) override {
      Bytes whole(key.begin(), key.end());
      whole.resize(16);
      table_ = tables_->lower_bound(prefix_of(whole));
      row_ = 0;
      if (table_ == tables_->end()) return;
      if (table_->first == prefix_of(whole)) {
        std::array<std::uint8_t, 8> number{};
        std::copy(whole.begin() + 8, whole.end(), number.begin());
        const auto& rows = table_->second;
        const auto place = std::lower_bound(rows.begin(), rows.end(), number,
                                            [](const Row& have, const auto& wanted) { return have.number < wanted; });
        row_ = static_cast<std::size_t>(place - rows.begin());
      }
      find_row();
    }
    void seek_for_prev(ByteView key) override {
      seek(key);
      if (valid() && std::ranges::equal(this->key(), key)) return;
      prev();
    }
    void next() override {
      ++row_;
      find_row();
    }
    void prev() override {
      if (table_ != tables_->end() && row_ > 0) {
        --row_;
      } else if (table_ == tables_->begin()) {
        table_ = tables_->end();
      } else {
        --table_;
        row_ = table_->second.size() - 1;
      }
      find_row();
    }
    [[nodiscard]] bool valid() const override { return table_ != tables_->end(); }
    [[nodiscard]] ByteView key() const override { return key_; }
    [[nodiscard]] ByteView value() const override { return table_->second[row_].value; }
    [[nodiscard]] Result<void> status() const override { return {}; }

   private:
    /// Goes on to the next table at the end of one, and makes the key.
    void find_row() {
      while (table_ != tables_->end() && row_ == table_->second.size()) {
        ++table_;
        row_ = 0;
      }
      if (!valid()) return;
      std::copy(table_->first.begin(), table_->first.end(), key_.begin());
      const auto& number = table_->second[row_].number;
      std::copy(number.begin(), number.end(), key_.begin() + 8);
    }

    const Tables* tables_;
    typename Tables::const_iterator table_;
    std::size_t row_ = 0;
    std::array<std::uint8_t, 16> key_{};
  };

  Tables tables_;
};

}  // namespace shoal::node
