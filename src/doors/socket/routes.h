#pragma once

#include "doors/socket/call.h"
#include "node/api/node_api.h"

#include <variant>

/// Handlers of the routes of docs/API.md, by subject. The client gets the error that a handler returns: as the whole
/// answer, or as the last line of a stream that has begun.
namespace shoal::doors {

using ReadingHandler = Result<void> (*)(Call&);
using OwningHandler = Result<void> (*)(Call&, node::OwningApi&);
using KeepingHandler = Result<void> (*)(Call&, node::KeepingApi&);
using NodeHandler = Result<void> (*)(Call&, node::NodeApi&);
/// A handler is handed the narrowest right that its route needs.
using Handler = std::variant<ReadingHandler, OwningHandler, KeepingHandler, NodeHandler>;

// Knowing
[[nodiscard]] Result<void> get_node(Call& call, node::NodeApi& node);
[[nodiscard]] Result<void> get_resolved(Call& call);
[[nodiscard]] Result<void> get_feeds(Call& call);
[[nodiscard]] Result<void> get_feed(Call& call);
[[nodiscard]] Result<void> get_manifest(Call& call);
[[nodiscard]] Result<void> get_peers(Call& call);
[[nodiscard]] Result<void> get_feed_peers(Call& call);
[[nodiscard]] Result<void> get_doctor(Call& call, node::NodeApi& node);
[[nodiscard]] Result<void> get_feed_doctor(Call& call, node::NodeApi& node);
[[nodiscard]] Result<void> get_events(Call& call);

// Reading
[[nodiscard]] Result<void> get_subscription(Call& call);
[[nodiscard]] Result<void> get_records(Call& call);
[[nodiscard]] Result<void> get_proof(Call& call);
[[nodiscard]] Result<void> put_mirror(Call& call, node::KeepingApi& keeping);
[[nodiscard]] Result<void> get_mirror(Call& call, node::KeepingApi& keeping);

// What is stored of partitions
[[nodiscard]] Result<void> get_batches(Call& call);
[[nodiscard]] Result<void> get_offset_of_time(Call& call);
[[nodiscard]] Result<void> get_ends(Call& call);
[[nodiscard]] Result<void> get_watch(Call& call);

// Positions of readers
[[nodiscard]] Result<void> get_cursors(Call& call, node::KeepingApi& keeping);
[[nodiscard]] Result<void> get_cursor(Call& call, node::KeepingApi& keeping);
[[nodiscard]] Result<void> put_cursor(Call& call, node::KeepingApi& keeping);
[[nodiscard]] Result<void> delete_cursor(Call& call, node::KeepingApi& keeping);
[[nodiscard]] Result<void> get_groups(Call& call, node::KeepingApi& keeping);
[[nodiscard]] Result<void> get_group(Call& call, node::KeepingApi& keeping);
[[nodiscard]] Result<void> put_group(Call& call, node::KeepingApi& keeping);
[[nodiscard]] Result<void> delete_group(Call& call, node::KeepingApi& keeping);

// Publishing
[[nodiscard]] Result<void> post_own_feed(Call& call, node::OwningApi& owning);
[[nodiscard]] Result<void> put_manifest(Call& call, node::OwningApi& owning);
[[nodiscard]] Result<void> post_recovery(Call& call, node::OwningApi& owning);
[[nodiscard]] Result<void> post_producer(Call& call, node::OwningApi& owning);

// Files and disk
[[nodiscard]] Result<void> delete_feed(Call& call, node::KeepingApi& keeping);
[[nodiscard]] Result<void> post_verify(Call& call, node::KeepingApi& keeping);
[[nodiscard]] Result<void> get_bundle(Call& call, node::KeepingApi& keeping);
[[nodiscard]] Result<void> post_bundle(Call& call, node::KeepingApi& keeping);

}  // namespace shoal::doors
