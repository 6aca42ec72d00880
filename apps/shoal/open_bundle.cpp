#include "open_bundle.h"

#include "base/try.h"
#include "feed/bundle/bundle_file.h"

namespace shoal::command {

bool is_bundle(const std::string& file) { return feed::BundleFile::open(file).ok(); }

Result<std::shared_ptr<node::BundleNode>> open_bundle(Context& context, const std::string& file) {
  Messages& messages = context.messages;
  SHOAL_TRY(auto opened,
            node::BundleNode::open(feed::bundle_parts(file),
                                   [&messages](LogLevel level, std::string_view text) { messages.log(level, text); }));
  const feed::BundleFacts& first = opened->bundles().front();
  const feed::BundleFacts& last = opened->bundles().back();
  if (first.base > 0 || last.end.range_end < last.head.tree_size) {
    messages.notice(file + " is a part: blocks " + std::to_string(first.base) + " to " +
                    std::to_string(last.end.range_end - 1) + " of " + std::to_string(last.head.tree_size));
  }
  return opened;
}

}  // namespace shoal::command
