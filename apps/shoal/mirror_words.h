#pragma once

#include "command.h"
#include "node_session.h"

#include <shoal/producer.h>

#include <chrono>

/// Messages about mirrors for publishers, and about publishers for mirrors.
namespace shoal::command {

/// `node key HEX`: what a publisher names this mirror by.
void say_node_key(Context& context, NodeSession& session);

/// Whether a mirror signed that it holds the whole feed as it is now. Waits a moment for
/// connected mirrors to say so.
[[nodiscard]] bool is_mirrored(Context& context, NodeSession& session, const node::FeedReference& feed);

/// The error line, its hint, and a line for what is durable here, when mirrors did not acknowledge in time.
void report_late_mirrors(Context& context, NodeSession& session, const node::FeedReference& feed, const Acks& acks,
                         std::chrono::milliseconds timeout);

}  // namespace shoal::command
