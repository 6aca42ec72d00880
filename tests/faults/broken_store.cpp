// Loaded into a program with LD_PRELOAD: RocksDB recovers its log as it does by default, without an error for what
// follows the first damaged record, and syncs nothing of it. The campaigns of tests/faults must notice.
#include <rocksdb/db.h>

#include <dlfcn.h>

namespace rocksdb {

Status DB::Open(const DBOptions& given, const std::string& name, const std::vector<ColumnFamilyDescriptor>& families,
                std::vector<ColumnFamilyHandle*>* handles, DB** database) {
  using Open = Status (*)(const DBOptions&, const std::string&, const std::vector<ColumnFamilyDescriptor>&,
                          std::vector<ColumnFamilyHandle*>*, DB**);
  static const auto next = reinterpret_cast<Open>(::dlsym(
      RTLD_NEXT,
      "_ZN7rocksdb2DB4OpenERKNS_9DBOptionsERKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEERKSt6vectorINS_"
      "22ColumnFamilyDescriptorESaISD_EEPSC_IPNS_18ColumnFamilyHandleESaISJ_EEPPS0_"));
  DBOptions options(given);
  options.wal_recovery_mode = WALRecoveryMode::kTolerateCorruptedTailRecords;
  return next(options, name, families, handles, database);
}

}  // namespace rocksdb
