#include "bundle_import.h"

#include "bundle_files.h"
#include "progress_bar.h"

#include <algorithm>
#include <system_error>
#include <tuple>

namespace shoal::command {

Result<node::BundleSummary> import_parts(Context& context, NodeSession& session,
                                         const std::vector<std::filesystem::path>& parts) {
  const auto stopped = [&context] { return context.stop.stopped(); };
  std::uint64_t total = 0;
  std::error_code error;
  for (const auto& part : parts) {
    if (std::filesystem::is_regular_file(part, error)) total += std::filesystem::file_size(part, error);
  }
  const auto show = progress_of(context.messages, "reading " + parts.front().string(), stopped);
  const auto source = bytes_of(parts, [&](std::uint64_t done) { std::ignore = show(std::min(done, total), total); });
  return session->keeping().import_bundle(source, [&](std::uint64_t, std::uint64_t) { return !stopped(); });
}

}  // namespace shoal::command
