#include "feed/bundle/run_spool.h"

#include "base/bytes.h"
#include "base/try.h"
#include "base/wire.h"

#include <fcntl.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>

namespace shoal::feed {
namespace {

Error system_error(std::string_view doing) {
  const int number = errno;
  const Code code = number == ENOSPC || number == EDQUOT ? Code::no_space : Code::io;
  return Error{code, "cannot " + std::string(doing) + " a temporary file: " + std::strerror(number)};
}

}  // namespace

RunSpool::~RunSpool() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<void> RunSpool::create() {
  std::string name = (directory_ / "import-XXXXXX").string();
  descriptor_ = ::mkostemp(name.data(), O_CLOEXEC);
  if (descriptor_ < 0) return system_error("create");
  ::unlink(name.c_str());
  return {};
}

Result<void> RunSpool::add(const BundleRun& run) {
  if (descriptor_ < 0) SHOAL_CHECK(create());
  RunHead head{run.base, {}, run.cover};
  for (const IncomingBlock& block : run.blocks) {
    head.blocks.push_back({block.index, block.header, block.payload ? PayloadMark::here : PayloadMark::absent, 0});
  }
  Bytes body = encode_run_head(head);
  for (const IncomingBlock& block : run.blocks) {
    if (block.payload) base::append(body, *block.payload);
  }
  base::WireWriter frame(4 + body.size());
  frame.u32(static_cast<std::uint32_t>(body.size()));
  frame.bytes(body);
  ByteView left = frame.view();
  while (!left.empty()) {
    const ssize_t written = ::pwrite(descriptor_, left.data(), left.size(), static_cast<off_t>(size_));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_error("write");
    left = left.subspan(static_cast<std::size_t>(written));
    size_ += static_cast<std::uint64_t>(written);
  }
  return {};
}

Result<void> RunSpool::drain(const std::function<Result<void>(const BundleRun&)>& take) {
  const auto read = [this](std::uint64_t at, std::span<std::uint8_t> out) -> Result<void> {
    while (!out.empty()) {
      const ssize_t got = ::pread(descriptor_, out.data(), out.size(), static_cast<off_t>(at));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return system_error("read");
      out = out.subspan(static_cast<std::size_t>(got));
      at += static_cast<std::uint64_t>(got);
    }
    return {};
  };
  Bytes body;
  for (std::uint64_t at = 0; at < size_;) {
    std::array<std::uint8_t, 4> prefix{};
    SHOAL_CHECK(read(at, prefix));
    base::WireReader in(prefix);
    body.resize(in.u32());
    SHOAL_CHECK(read(at + prefix.size(), body));
    at += prefix.size() + body.size();
    SHOAL_TRY(const BundleRun run, decode_run(body));
    SHOAL_CHECK(take(run));
  }
  size_ = 0;
  return {};
}

}  // namespace shoal::feed
