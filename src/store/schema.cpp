#include "store/schema.h"

#include "base/try.h"
#include "base/wire.h"
#include "store/keyspace.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <string>
#include <system_error>
#include <utility>

namespace shoal::store {
namespace {

constexpr const char* kSchemaFile = "SCHEMA";

Error other_version(std::uint64_t version) {
  return Error{Code::unsupported,
               "the store has schema version " + std::to_string(version) + ", this build knows version " +
                   std::to_string(kSchemaVersion),
               "use the newer shoal that wrote it"};
}

/// Of the store's version row, this build's or an older one; nullopt when the row is missing.
Result<std::optional<std::uint32_t>> schema_version(const KvStore& store) {
  SHOAL_TRY(const std::optional<Bytes> row, store.get(Column::meta, schema_key()));
  if (!row) return std::optional<std::uint32_t>{};
  base::WireReader reader(*row);
  const std::uint32_t version = reader.u32();
  if (!reader.finished()) return Error{Code::corrupt, "the store's schema version is unreadable"};
  if (version == 0 || version > kSchemaVersion) return other_version(version);
  return std::optional(version);
}

Result<void> check_empty(const KvStore& store) {
  const std::unique_ptr<KvIterator> rows = store.iterate(Column::meta);
  rows->seek({});
  SHOAL_CHECK(rows->status());
  if (rows->valid()) return Error{Code::corrupt, "the store has rows but no schema version"};
  return {};
}

}  // namespace

Result<std::optional<std::uint32_t>> read_schema_file(const std::filesystem::path& directory) {
  std::ifstream file(directory / kSchemaFile);
  if (!file) return std::optional<std::uint32_t>{};
  // Twice: a flipped bit must not make a newer version of it.
  std::uint64_t version = 0;
  std::uint64_t again = 0;
  if (!(file >> version >> again) || version == 0 || version != again) return std::optional<std::uint32_t>{};
  if (version > kSchemaVersion) return other_version(version);
  return std::optional(static_cast<std::uint32_t>(version));
}

Result<void> write_schema_file(const std::filesystem::path& directory) {
  const std::filesystem::path path = directory / kSchemaFile;
  SHOAL_TRY(const auto written_before, read_schema_file(directory));
  if (written_before == kSchemaVersion) return {};
  const std::string unfinished = path.string() + ".new";
  const std::string text = std::to_string(kSchemaVersion) + " " + std::to_string(kSchemaVersion) + "\n";
  const int file = ::open(unfinished.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  bool written = file >= 0 && ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  written = written && ::fdatasync(file) == 0;
  if (file >= 0) ::close(file);
  if (!written || ::rename(unfinished.c_str(), path.c_str()) != 0) {
    return Error{errno == ENOSPC ? Code::no_space : Code::io, "store: cannot write " + path.string()};
  }
  return {};
}

Result<void> ensure_schema(KvStore& store, std::optional<std::uint32_t> known) {
  SHOAL_TRY(const std::optional<std::uint32_t> version, schema_version(store));
  if (version == kSchemaVersion) return {};
  // A crash between creating the store and this row leaves one without any row. A lost log takes the row with others:
  // what a feed lost of its own, its journal tells.
  if (!version && !known) SHOAL_CHECK(check_empty(store));
  // 1 to 2: rows stay as they are. Payloads in blob files are read where they lie, and move when their table is written
  // again; copies of accepted heads are written with the next head. So this row is the whole step, and a crash leaves
  // one version or the other.
  base::WireWriter row(4);
  row.u32(kSchemaVersion);
  WriteBatch batch;
  batch.put(Column::meta, schema_key(), std::move(row).take());
  return store.write(batch, Sync::yes);
}

Result<void> check_schema(const KvStore& store, std::optional<std::uint32_t> known) {
  SHOAL_TRY(const std::optional<std::uint32_t> version, schema_version(store));
  return version || known ? Result<void>{} : check_empty(store);
}

}  // namespace shoal::store
