#include "store/schema.h"

#include "base/try.h"
#include "base/wire.h"
#include "store/keyspace.h"

#include <string>
#include <utility>

namespace shoal::store {
namespace {

Bytes version_row() {
  base::WireWriter row(4);
  row.u32(kSchemaVersion);
  return std::move(row).take();
}

}  // namespace

Result<void> ensure_schema(KvStore& store, bool created) {
  SHOAL_TRY(const std::optional<Bytes> row, store.get(Column::meta, schema_key()));
  if (!row) {
    // A crash between creating the store and this row leaves one without any row; anything else lost its first row.
    const std::unique_ptr<KvIterator> rows = store.iterate(Column::meta);
    rows->seek({});
    SHOAL_CHECK(rows->status());
    if (!created && rows->valid()) return Error{Code::corrupt, "the store has rows but no schema version"};
    WriteBatch batch;
    batch.put(Column::meta, schema_key(), version_row());
    return store.write(batch, Sync::yes);
  }
  base::WireReader reader(*row);
  const std::uint32_t version = reader.u32();
  if (!reader.finished()) return Error{Code::corrupt, "the store's schema version is unreadable"};
  if (version == kSchemaVersion) return {};
  // Migrations go here, one step per version, each in one batch with the new version row.
  return Error{Code::unsupported,
               "the store has schema version " + std::to_string(version) + ", this build knows version " +
                   std::to_string(kSchemaVersion),
               version > kSchemaVersion ? "use the newer shoal that wrote it" : "open it once with an older shoal"};
}

}  // namespace shoal::store
