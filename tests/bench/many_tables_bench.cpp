// Opening a store of many payload tables, as a terabyte in tables of 16 MiB has: time, descriptors and memory. The
// tables have one small row each; what an opening reads of a table does not depend on its size.
#include "base/log_sink.h"
#include "feed/feed_world.h"
#include "store/keyspace.h"
#include "store/rocks_kv_store.h"
#include "store/rocks_options.h"

#include <benchmark/benchmark.h>
#include <rocksdb/compaction_filter.h>
#include <rocksdb/db.h>
#include <rocksdb/sst_file_writer.h>

#include <fstream>
#include <memory>
#include <string>

namespace shoal::store {
namespace {

namespace fs = std::filesystem;

bool add_tables(const fs::path& path, std::uint64_t count) {
  std::vector<rocksdb::ColumnFamilyDescriptor> columns;
  for (std::size_t i = 0; i < kColumnCount; ++i) {
    const auto column = static_cast<Column>(i);
    columns.emplace_back(rocks_column_name(column), rocks_column_options(column, make_rocks_cache(), nullptr));
  }
  const rocksdb::Options options(rocks_db_options(), columns[static_cast<std::size_t>(Column::payloads)].options);
  rocksdb::DB* opened = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  if (!rocksdb::DB::Open(options, path.string(), columns, &handles, &opened).ok()) return false;
  const std::unique_ptr<rocksdb::DB> db(opened);
  rocksdb::ColumnFamilyHandle* const payloads = handles[static_cast<std::size_t>(Column::payloads)];
  bool good = true;
  for (std::uint64_t block = 0; good && block < count;) {
    std::vector<std::string> files;
    for (const std::uint64_t end = std::min(count, block + 2000); good && block < end; ++block) {
      files.push_back(path / ("new-" + std::to_string(block) + ".sst"));
      rocksdb::SstFileWriter writer(rocksdb::EnvOptions(), options, payloads);
      const Bytes key = block_key(FeedNumber{1}, BlockIndex{block * 100});
      const rocksdb::Slice slice(reinterpret_cast<const char*>(key.data()), key.size());
      good = writer.Open(files.back()).ok() && writer.Put(slice, "payload").ok() && writer.Finish().ok();
    }
    rocksdb::IngestExternalFileOptions ingest;
    ingest.move_files = true;
    ingest.write_global_seqno = false;
    good = good && db->IngestExternalFile(payloads, files, ingest).ok();
  }
  for (rocksdb::ColumnFamilyHandle* handle : handles) good = db->DestroyColumnFamilyHandle(handle).ok() && good;
  return db->Close().ok() && good;
}

std::int64_t resident_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word == "VmRSS:") break;
  }
  std::int64_t kib = 0;
  status >> kib;
  return kib;
}

void BM_OpenTables(benchmark::State& state) {
  const feed::testing::ScratchDir directory;
  const fs::path path = directory.path() / "store";
  base::NullLogSink log;
  bool made = open_rocks_store(path, Backing::disk, log).ok();
  made = made && add_tables(path, static_cast<std::uint64_t>(state.range(0)));
  if (!made) return state.SkipWithError("cannot make the store");
  double descriptors = 0;
  double memory = 0;
  for (auto _ : state) {
    const std::int64_t before = resident_kib();
    const auto store = open_rocks_store(path, Backing::disk, log);
    if (!store) return state.SkipWithError("cannot open the store");
    for (std::uint64_t block = 0; block < 2000; ++block) {
      std::ignore = (*store)->get(Column::payloads, block_key(FeedNumber{1}, BlockIndex{block * 37 % 1000 * 100}));
    }
    memory = static_cast<double>(resident_kib() - before) / 1024;
    descriptors = static_cast<double>(std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator()));
  }
  state.counters["descriptors"] = descriptors;
  state.counters["MiB"] = memory;
}
BENCHMARK(BM_OpenTables)->Arg(1000)->Arg(10'000)->Iterations(5)->UseRealTime();

}  // namespace
}  // namespace shoal::store
