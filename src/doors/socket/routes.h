#pragma once

#include "doors/socket/call.h"

/// What answers the routes of docs/API.md, by subject. A handler gives the error that the client is told: as the whole
/// answer, or as the end of a stream that has begun.
namespace shoal::doors {

using Handler = Result<void> (*)(Call&);

// Knowing
[[nodiscard]] Result<void> get_node(Call& call);
[[nodiscard]] Result<void> get_resolved(Call& call);
[[nodiscard]] Result<void> get_feeds(Call& call);
[[nodiscard]] Result<void> get_feed(Call& call);
[[nodiscard]] Result<void> get_manifest(Call& call);
[[nodiscard]] Result<void> get_peers(Call& call);
[[nodiscard]] Result<void> get_feed_peers(Call& call);
[[nodiscard]] Result<void> get_doctor(Call& call);
[[nodiscard]] Result<void> get_feed_doctor(Call& call);
[[nodiscard]] Result<void> get_events(Call& call);

// Reading
[[nodiscard]] Result<void> get_subscription(Call& call);
[[nodiscard]] Result<void> get_records(Call& call);
[[nodiscard]] Result<void> get_cursor(Call& call);
[[nodiscard]] Result<void> put_cursor(Call& call);
[[nodiscard]] Result<void> get_proof(Call& call);
[[nodiscard]] Result<void> put_mirror(Call& call);
[[nodiscard]] Result<void> get_mirror(Call& call);

// Publishing
[[nodiscard]] Result<void> post_own_feed(Call& call);
[[nodiscard]] Result<void> put_manifest(Call& call);
[[nodiscard]] Result<void> post_producer(Call& call);

// Files and disk
[[nodiscard]] Result<void> delete_feed(Call& call);
[[nodiscard]] Result<void> post_verify(Call& call);
[[nodiscard]] Result<void> get_bundle(Call& call);
[[nodiscard]] Result<void> post_bundle(Call& call);

}  // namespace shoal::doors
