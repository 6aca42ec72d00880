// What RocksDB's failures mean to us.
#include "store/rocks_status.h"

#include <gtest/gtest.h>
#include <rocksdb/status.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace shoal::store {
namespace {

using rocksdb::Status;

Code code(const Status& status) { return rocks_error(status, "x").code; }
Code open_code(const Status& status) { return rocks_open_error(status, "/there").code; }
Status io_error(int number) { return Status::IOError("While opening a file", std::strerror(number)); }

TEST(RocksStatus, EachKindHasItsCode) {
  EXPECT_EQ(code(Status::Corruption("block checksum")), Code::corrupt);
  EXPECT_EQ(code(Status::NoSpace()), Code::no_space);
  EXPECT_EQ(code(Status::SpaceLimit()), Code::no_space);
  EXPECT_EQ(code(Status::PathNotFound()), Code::corrupt) << "a table that the manifest names";
  EXPECT_EQ(code(Status::ShutdownInProgress()), Code::closed);
  EXPECT_EQ(code(Status::Aborted()), Code::closed);
  EXPECT_EQ(code(Status::NotSupported()), Code::unsupported);
  EXPECT_EQ(code(Status::IOError("x")), Code::io);
  EXPECT_EQ(code(Status::IOError()), Code::io) << "without a text";
  EXPECT_EQ(code(Status::Busy()), Code::io);
}

TEST(RocksStatus, ALimitIsNoDamageAndNoBrokenDisk) {
  for (const int number : {EMFILE, ENFILE, ENOMEM}) {
    EXPECT_EQ(code(io_error(number)), Code::limit_exceeded) << number;
    EXPECT_EQ(code(Status::Corruption("cannot open a table", std::strerror(number))), Code::limit_exceeded);
  }
  for (const int number : {EDQUOT, EFBIG}) EXPECT_EQ(code(io_error(number)), Code::no_space) << number;
  EXPECT_EQ(code(io_error(EIO)), Code::io);
}

TEST(RocksStatus, TheMessageSaysWhatWasDoneAndWhy) {
  const Error error = rocks_error(Status::Corruption("bad block"), "cannot read");
  EXPECT_EQ(error.message, "store: cannot read: Corruption: bad block");
  EXPECT_EQ(rocks_open_error(Status::Corruption("bad block"), "/there").message,
            "store: cannot open /there: Corruption: bad block");
}

TEST(RocksStatus, WhileOpeningALockIsAnotherProcess) {
  const Error held = rocks_open_error(Status::IOError("While lock file: /there/LOCK", "again"), "/there");
  EXPECT_EQ(held.code, Code::in_use);
  EXPECT_EQ(held.hint, "another process has this data directory open");
  EXPECT_EQ(open_code(Status::IOError("/there/CURRENT")), Code::io);
  EXPECT_EQ(open_code(Status::Corruption("/there/LOCK")), Code::corrupt);
  EXPECT_EQ(open_code(Status::IOError("While lock file: /there/LOCK", std::strerror(EDQUOT))), Code::no_space);
}

TEST(RocksStatus, WhileOpeningWhatDoesNotFitIsCorrupt) {
  EXPECT_EQ(open_code(Status::InvalidArgument("a column is missing")), Code::corrupt);
  EXPECT_EQ(open_code(Status::NotFound()), Code::corrupt);
  EXPECT_EQ(open_code(Status::NotSupported()), Code::unsupported);
}

TEST(RocksStatus, WhileOpeningALimitHasAHint) {
  const Error error =
      rocks_open_error(Status::IOError("While lock file: /there/LOCK", std::strerror(EMFILE)), "/there");
  EXPECT_EQ(error.code, Code::limit_exceeded);
  EXPECT_EQ(error.hint, "raise the limit of the process (ulimit -n)");
  EXPECT_EQ(open_code(Status::InvalidArgument("x", std::strerror(EMFILE))), Code::limit_exceeded);
  EXPECT_EQ(rocks_open_error(Status::Corruption("x"), "/there").hint, "");
}

}  // namespace
}  // namespace shoal::store
