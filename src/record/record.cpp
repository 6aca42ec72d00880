#include "record/record.h"

namespace shoal::record {
namespace {

std::optional<Bytes> copy_of(const std::optional<ByteView>& view) {
  if (!view) return std::nullopt;
  return Bytes(view->begin(), view->end());
}

}  // namespace

Record RecordView::copy() const {
  Record out;
  out.timestamp = timestamp;
  out.key = copy_of(key);
  out.value = copy_of(value);
  out.headers.reserve(headers.size());
  for (const HeaderView& header : headers) out.headers.push_back({std::string(header.name), copy_of(header.value)});
  return out;
}

}  // namespace shoal::record
