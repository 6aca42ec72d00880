#pragma once

#include "command.h"
#include "node_session.h"

#include <string>

/// Own feeds whose newest head has to be found at others before they are signed on.
namespace shoal::command {

/// Says that others are asked, waits for what they have, and says what came of it.
[[nodiscard]] Result<node::RecoveredFeed> recover_feed(Context& context, NodeSession& session, const std::string& name,
                                                       const node::RecoverOptions& options);

/// After `refused`, which says why it is not safe to sign on: asks others, unless the command is offline or the refusal
/// is of another kind. An error when the feed is not ready then.
[[nodiscard]] Result<void> make_ready(Context& context, NodeSession& session, const std::string& name,
                                      const Error& refused, const CommonOptions& common);

/// What `call` gives; when it is not safe to sign on, it is called once more after others were asked.
template <class Call>
[[nodiscard]] auto signing_on(Context& context, NodeSession& session, const std::string& name,
                              const CommonOptions& common, const Call& call) -> decltype(call()) {
  auto result = call();
  if (result) return result;
  if (const auto ready = make_ready(context, session, name, result.error(), common); !ready) return ready.error();
  return call();
}

}  // namespace shoal::command
