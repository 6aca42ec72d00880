#include "base/try.h"
#include "c/objects.h"

namespace shoal::c {
namespace {

HandleTable<shoal_records, RecordsObject>& all_records() { return handles<shoal_records, RecordsObject>(); }

/// What `data` of an empty run points to, since NULL stands for null.
constexpr std::uint8_t kEmpty = 0;

shoal_bytes bytes_of(const std::optional<ByteView>& view) {
  if (!view) return {nullptr, 0};
  return {view->empty() ? &kEmpty : view->data(), view->size()};
}

}  // namespace

RecordsObject::RecordsObject(Records taken) : records(std::move(taken)) {
  std::size_t header_count = 0;
  for (const RecordView& record : records) header_count += record.headers.size();
  // Never moved again: views point into it.
  headers.reserve(header_count);
  views.reserve(records.size());
  const std::string* topic = nullptr;
  for (const RecordView& record : records) {
    if (topic == nullptr || *topic != record.topic) topic = &*topics.emplace(record.topic).first;
    const shoal_header* const first = headers.data() + headers.size();
    for (const auto& [name, value] : record.headers) {
      const shoal_bytes named = {name.empty() ? static_cast<const void*>(&kEmpty) : name.data(), name.size()};
      headers.push_back({named, bytes_of(value)});
    }
    shoal_record_view view{};
    view.topic = topic->c_str();
    view.offset = record.offset.value();
    view.block = record.block.value();
    view.time_ms = record.time.value();
    view.append_time_ms = record.append_time.value();
    view.key = bytes_of(record.key);
    view.value = bytes_of(record.value);
    view.headers = record.headers.empty() ? nullptr : first;
    view.header_count = record.headers.size();
    view.partition = record.partition.value();
    views.push_back(view);
  }
}

Result<shoal_records*> give_records(std::shared_ptr<RecordsObject> records) {
  return all_records().add(std::move(records));
}

Result<std::shared_ptr<RecordsObject>> find_records(const shoal_records* records) {
  auto found = all_records().find(records);
  if (!found) return no_handle("shoal_records");
  return found;
}

Result<GetRequest> read_get_request(const shoal_get_request* request) {
  if (request == nullptr) return null_argument("request");
  SHOAL_TRY(const auto given, read_options(request, "shoal_get_request"));
  GetRequest wanted;
  SHOAL_TRY(wanted.feed, read_feed_id(given.feed_id));
  SHOAL_TRY(wanted.topic, read_text_or(given.topic, "topic", "default"));
  wanted.partition = Partition(given.partition);
  wanted.first = Offset(given.first);
  if (given.has_last != 0) wanted.last = Offset(given.last);
  return wanted;
}

}  // namespace shoal::c

using namespace shoal;
using namespace shoal::c;

shoal_code shoal_records_view(shoal_records* records, const shoal_record_view** views, size_t* count,
                              shoal_error* error) {
  return guarded(error, [&]() -> Result<void> {
    if (views == nullptr) return null_argument("views");
    if (count == nullptr) return null_argument("count");
    SHOAL_TRY(const auto found, find_records(records));
    *views = found->views.data();
    *count = found->views.size();
    return {};
  });
}

shoal_code shoal_records_free(shoal_records* records, shoal_error* error) {
  return guarded(error, [&]() -> Result<void> {
    if (records != nullptr && !all_records().remove(records)) return no_handle("shoal_records");
    return {};
  });
}

shoal_code shoal_node_get(shoal_node* node, const shoal_get_request* request, std::int64_t timeout_ms, shoal_stop* stop,
                          shoal_records** records, shoal_error* error) {
  return guarded(error, [&]() -> Result<void> {
    if (records == nullptr) return null_argument("records");
    SHOAL_CHECK(require_no_callback("shoal_node_get"));
    SHOAL_TRY(const auto open, find_node(node));
    SHOAL_TRY(const auto wanted, read_get_request(request));
    SHOAL_TRY(const auto wait, read_wait(timeout_ms, stop));
    SHOAL_TRY(auto found, open->get(wanted, wait));
    SHOAL_TRY(*records, give_records(std::make_shared<RecordsObject>(std::move(found))));
    return {};
  });
}
