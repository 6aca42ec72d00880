#include "store/kv_store.h"

#include <utility>

namespace shoal::store {

void WriteBatch::put(Column column, Bytes key, Bytes value) {
  operations_.push_back(Operation{Kind::put, column, std::move(key), std::move(value)});
}

void WriteBatch::erase(Column column, Bytes key) {
  operations_.push_back(Operation{Kind::erase, column, std::move(key), {}});
}

void WriteBatch::erase_range(Column column, Bytes begin, Bytes end) {
  operations_.push_back(Operation{Kind::erase_range, column, std::move(begin), std::move(end)});
}

}  // namespace shoal::store
