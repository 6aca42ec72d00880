#include "node/reading/record_view.h"

namespace shoal::node {

RecordView to_view(const TopicPartition& stream, UnixMs append_time, BlockIndex block,
                   const record::RecordView& record) {
  RecordView view;
  view.topic = stream.topic;
  view.partition = stream.partition;
  view.offset = record.offset;
  view.block = block;
  view.time = record.timestamp;
  view.append_time = append_time;
  view.key = record.key;
  view.value = record.value;
  for (const auto& named : record.headers) view.headers.emplace_back(named.name, named.value);
  return view;
}

}  // namespace shoal::node
