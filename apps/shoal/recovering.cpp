#include "recovering.h"

#include "base/try.h"

namespace shoal::command {

Result<node::RecoveredFeed> recover_feed(Context& context, NodeSession& session, const std::string& name,
                                         const node::RecoverOptions& options) {
  if (!options.asserted) context.messages.notice("asking others what feed " + name + " has signed last");
  SHOAL_TRY(const auto recovered,
            session->owning().recover(name, options, {node::kRecoveryTime, context.stop.token()}));
  context.messages.notice("feed " + name + " goes on from size " + std::to_string(recovered.tree_size) + ": " +
                          std::to_string(recovered.fetched) + " blocks were taken back from others");
  return recovered;
}

Result<node::OpenedFeed> open_own_feed(Context& context, NodeSession& session, const std::string& name,
                                       const FeedOptions& options, const CommonOptions& common) {
  auto opened = session->owning().open_feed(name, options);
  if (opened || opened.error().code != Code::unsafe_to_sign || common.offline) return opened;
  const auto recovered = recover_feed(context, session, name, {common.find_timeout, {}});
  if (recovered) return session->owning().open_feed(name, options);
  if (recovered.error().code == Code::cancelled) return recovered.error();
  // Why it was not safe comes first: what others say is of use only with it.
  context.messages.warning(opened.error().message);
  return recovered.error();
}

}  // namespace shoal::command
