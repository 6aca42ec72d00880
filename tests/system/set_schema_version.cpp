/// set_schema_version STORE VERSION: makes a store look as if another version of the command had written it.

#include "base/log_sink.h"
#include "base/wire.h"
#include "store/keyspace.h"
#include "store/rocks_kv_store.h"

#include <cstdio>
#include <string>

int main(int argc, char** argv) {
  using namespace shoal;
  if (argc != 3) return 2;
  base::NullLogSink silent;
  auto store = store::open_rocks_store(argv[1], store::Backing::disk, silent);
  if (!store) {
    std::fprintf(stderr, "%s\n", store.error().message.c_str());
    return 1;
  }
  base::WireWriter row(4);
  row.u32(static_cast<std::uint32_t>(std::stoul(argv[2])));
  store::WriteBatch batch;
  batch.put(store::Column::meta, store::schema_key(), std::move(row).take());
  return (*store)->write(batch, store::Sync::yes) ? 0 : 1;
}
