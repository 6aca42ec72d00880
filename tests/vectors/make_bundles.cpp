// Writes bundles of real feeds into a directory, and what a verifier must find in them into expected.json:
// make_bundles DIRECTORY. Run by verify_feed_test.py.
#include "feed/bundle/bundle.h"
#include "feed/bundle/bundle_bytes.h"
#include "feed/feed_world.h"

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

namespace shoal::feed::testing {
namespace {

using Json = nlohmann::ordered_json;

template <typename T>
T need(Result<T> result) {
  if (result.ok()) return std::move(result).value();
  std::fprintf(stderr, "make_bundles: %s\n", result.error().message.c_str());
  std::exit(1);
}

void need(const Result<void>& result) {
  if (result.ok()) return;
  std::fprintf(stderr, "make_bundles: %s\n", result.error().message.c_str());
  std::exit(1);
}

/// A batch of `count` records whose times are out of order.
PendingBatch compressed(const TopicPartition& to, std::int64_t time, int count, record::Codec codec) {
  std::vector<record::Record> records;
  PendingBatch out{to, {}, static_cast<std::uint32_t>(count), UnixMs{time - 3}, UnixMs{time}};
  for (int i = 0; i < count; ++i) {
    const std::string value = to.topic + " record " + std::to_string(i) + std::string(200, 'v');
    records.push_back({UnixMs{i == 1 ? time : time - 3}, Bytes{'k'}, Bytes(value.begin(), value.end()), {}});
  }
  out.batch = need(record::encode_batch(records, codec));
  return out;
}

void fill(Producer& producer) {
  Manifest manifest;
  manifest.title = "Bundles for a second implementation";
  manifest.topics = {{"b", 3, "text/plain", ""}, {"quiet", 2, "", ""}};
  need(producer.writer->commit_manifest(manifest));
  for (std::int64_t i = 0; i < 300; ++i) {
    const TopicPartition to = i % 4 == 3 ? stream("c") : stream("b", static_cast<std::int32_t>(i % 3));
    need(producer.writer->commit({batch_of(to, {1000 + i * 37 % 91}, 20)}));
  }
  for (const record::Codec codec :
       {record::Codec::gzip, record::Codec::snappy, record::Codec::lz4, record::Codec::zstd}) {
    need(producer.writer->commit({compressed(stream("packed"), 5000, 9, codec)}));
  }
  need(producer.writer->commit({batch_of(stream("large"), {1}, std::size_t{70} << 10)}));
  manifest.topics.push_back({"late", 2, "", ""});
  need(producer.writer->commit_manifest(manifest));
  need(producer.writer->commit({batch_of(stream("late", 1), {7})}));
}

Json facts(const BundleSummary& written, bool complete, const FeedReader& reader) {
  Json out;
  out["feed"] = written.feed.hex();
  out["tree_size"] = written.head.tree_size;
  out["root"] = written.head.root.hex();
  out["complete"] = complete;
  out["blocks"] = written.blocks;
  out["payloads"] = written.payloads;
  if (complete) {
    for (const TopicView& view : need(reader.topics())) {
      out["topics"][view.stream.topic + "/" + std::to_string(view.stream.partition.value())] = view.end.value();
    }
  }
  return out;
}

void make(const std::filesystem::path& directory) {
  Producer producer;
  need(producer.open());
  fill(producer);
  const FeedReader full = producer.reader();
  Json expected;
  expected["full.shoal"] = facts(need(write_bundle_file(full, directory / "full.shoal")), true, full);

  Follower pruned(producer.id());
  need(pruned.open());
  need(replicate(full, pruned));
  need(pruned.log->prune_before(BlockIndex{200}));
  expected["pruned.shoal"] =
      facts(need(write_bundle_file(pruned.reader(), directory / "pruned.shoal")), true, pruned.reader());

  Follower sparse(producer.id());
  need(sparse.open());
  std::vector<std::uint64_t> chosen = span(0, 3);
  for (std::uint64_t i = 5; i < full.header_prefix(); i += 7) chosen.push_back(i);
  need(deliver(full, *full.head(), 0, chosen).to(*sparse.mirror));
  for (const std::uint32_t position : full.known_entries()) {
    const auto proven = need(full.topic_entry(position));
    if (position % 2 == 0) need(sparse.mirror->add_topic_entry(proven.entry, position, proven.path));
  }
  expected["sparse.shoal"] =
      facts(need(write_bundle_file(sparse.reader(), directory / "sparse.shoal")), false, sparse.reader());
  std::ofstream(directory / "expected.json") << expected.dump(1) << '\n';
}

}  // namespace
}  // namespace shoal::feed::testing

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  shoal::feed::testing::make(argv[1]);
  return 0;
}
