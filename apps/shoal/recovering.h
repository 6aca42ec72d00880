#pragma once

#include "command.h"
#include "node_session.h"

#include <string>

/// Own feeds whose newest head has to be found at others before they are signed on.
namespace shoal::command {

/// Says that others are asked, waits for what they have, and says what came of it.
[[nodiscard]] Result<node::RecoveredFeed> recover_feed(Context& context, NodeSession& session, const std::string& name,
                                                       const node::RecoverOptions& options);

/// OwningApi::open_feed(). When it is not safe to sign on, others are asked first, unless the command is offline.
[[nodiscard]] Result<node::OpenedFeed> open_own_feed(Context& context, NodeSession& session, const std::string& name,
                                                     const FeedOptions& options, const CommonOptions& common);

}  // namespace shoal::command
