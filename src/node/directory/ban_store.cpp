#include "node/directory/ban_store.h"

#include "base/try.h"
#include "base/wire.h"
#include "store/keyspace.h"

namespace shoal::node {
namespace {

using Saved = replication::BanList::Saved;

constexpr std::string_view kName = "bans";
constexpr std::uint8_t kVersion = 1;

}  // namespace

Result<std::vector<Saved>> load_bans(const store::KvStore& own) {
  std::vector<Saved> bans;
  SHOAL_TRY(const auto row, own.get(store::Column::meta, store::setting_key(kName)));
  if (!row) return bans;
  base::WireReader in(*row);
  const bool known = in.u8() == kVersion;
  const std::uint16_t count = in.u16();
  for (std::uint16_t i = 0; known && in.ok() && i < count; ++i) {
    Saved ban;
    ban.node.bytes = in.array<32>();
    ban.left = std::chrono::seconds(in.u32());
    ban.offences = in.u8();
    bans.push_back(ban);
  }
  if (!known || !in.finished()) return Error{Code::corrupt, "the row of banned nodes is malformed", ""};
  return bans;
}

Result<void> save_bans(store::KvStore& own, const std::vector<Saved>& bans) {
  const Bytes key = store::setting_key(kName);
  if (bans.empty()) {
    SHOAL_TRY(const bool before, own.contains(store::Column::meta, key));
    if (!before) return {};
  }
  base::WireWriter row;
  row.u8(kVersion);
  row.u16(static_cast<std::uint16_t>(bans.size()));
  for (const Saved& ban : bans) {
    row.bytes(ban.node.bytes);
    row.u32(static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::seconds>(ban.left).count()));
    row.u8(ban.offences);
  }
  store::WriteBatch batch;
  batch.put(store::Column::meta, key, std::move(row).take());
  return own.write(batch, store::Sync::no);
}

}  // namespace shoal::node
