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

Result<void> make_ready(Context& context, NodeSession& session, const std::string& name, const Error& refused,
                        const CommonOptions& common) {
  if (refused.code != Code::unsafe_to_sign || common.offline) return refused;
  const auto recovered = recover_feed(context, session, name, {common.find_timeout, {}});
  if (recovered) return {};
  // Why it was not safe comes first: what others say is of use only with it.
  if (recovered.error().code != Code::cancelled) context.messages.warning(refused.message);
  return recovered.error();
}

}  // namespace shoal::command
