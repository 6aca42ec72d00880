#pragma once

#include "doors/text/record_line.h"
#include "node/api/node_api.h"

#include <optional>
#include <tuple>
#include <vector>

/// The members of each struct that has a field list, as a tuple of references. A struct that got a member does not
/// compile here any more: the member goes into the field list, into its sample and into its line here.
namespace shoal::doors {

// clang-format off
inline auto members(const HeadHintInfo& v) { const auto& [a, b] = v; return std::tie(a, b); }
inline auto members(const TopicInfo& v) {
  const auto& [a, b, c, d, e, f, g, h] = v; return std::tie(a, b, c, d, e, f, g, h);
}
inline auto members(const MirrorInfo& v) {
  const auto& [a, b, c, d, e, f, g, h] = v; return std::tie(a, b, c, d, e, f, g, h);
}
inline auto members(const MirrorOptions& v) { const auto& [a, b, c] = v; return std::tie(a, b, c); }
inline auto members(const Retention& v) { const auto& [a, b, c] = v; return std::tie(a, b, c); }
inline auto members(const FeedInfo& v) {
  const auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u] = v;
  return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u);
}
inline auto members(const PeerInfo& v) {
  const auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q] = v;
  return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q);
}
inline auto members(const FeedSummary& v) {
  const auto& [a, b, c, d, e, f, g, h] = v; return std::tie(a, b, c, d, e, f, g, h);
}
inline auto members(const node::FeedReference& v) { const auto& [a, b, c, d] = v; return std::tie(a, b, c, d); }
inline auto members(const node::OpenedFeed& v) { const auto& [a, b] = v; return std::tie(a, b); }
inline auto members(const feed::AssertedHead& v) { const auto& [a, b] = v; return std::tie(a, b); }
inline auto members(const node::RecoverOptions& v) { const auto& [a, b, c] = v; return std::tie(a, b, c); }
inline auto members(const node::RecoveredFeed& v) { const auto& [a, b] = v; return std::tie(a, b); }
inline auto members(const node::NodeFacts& v) { const auto& [a, b, c, d, e] = v; return std::tie(a, b, c, d, e); }
inline auto members(const FeedOptions& v) { const auto& [a, b, c, d] = v; return std::tie(a, b, c, d); }
inline auto members(const feed::Checkpoint& v) {
  const auto& [a, b, c, d, e, f, g] = v; return std::tie(a, b, c, d, e, f, g);
}
inline auto members(const feed::BlockRange& v) { const auto& [a, b] = v; return std::tie(a, b); }
inline auto members(const feed::AuditReport& v) {
  const auto& [a, b, c, d, e, f, g] = v; return std::tie(a, b, c, d, e, f, g);
}
inline auto members(const feed::BundleSummary& v) {
  const auto& [a, b, c, d, e] = v; return std::tie(a, b, c, d, e);
}
inline auto members(const node::DoctorCheck& v) { const auto& [a, b, c, d, e] = v; return std::tie(a, b, c, d, e); }
inline auto members(const node::DoctorReport& v) { const auto& [a] = v; return std::tie(a); }
inline auto members(const HeadReport& v) { const auto& [a, b, c, d] = v; return std::tie(a, b, c, d); }
inline auto members(const StoredCursor& v) { const auto& [a, b] = v; return std::tie(a, b); }
inline auto members(const AckRun& v) { const auto& [a, b, c, d, e, f] = v; return std::tie(a, b, c, d, e, f); }
inline auto members(const Position& v) { const auto& [a, b, c] = v; return std::tie(a, b, c); }
inline auto members(const RecordLine& v) {
  const auto& [a, b, c, d, e, f, g, h] = v; return std::tie(a, b, c, d, e, f, g, h);
}
inline auto members(const ProducerRecord& v) { const auto& [a, b, c, d, e, f] = v; return std::tie(a, b, c, d, e, f); }
inline auto members(const Start& v) { const auto& [a, b, c] = v; return std::tie(a, b, c); }
inline auto members(const Acks& v) { const auto& [a, b, c] = v; return std::tie(a, b, c); }
inline auto members(const SubscribeOptions& v) {
  const auto& [a, b, c, d, e, f, g, h, i, j] = v; return std::tie(a, b, c, d, e, f, g, h, i, j);
}
inline auto members(const ProducerOptions& v) { const auto& [a, b, c, d, e, f] = v; return std::tie(a, b, c, d, e, f); }
inline auto members(const node::ExportOptions& v) { const auto& [a, b, c, d, e] = v; return std::tie(a, b, c, d, e); }
// clang-format on

/// Equal in every member, those of members included.
template <typename T>
bool same(const T& a, const T& b);

template <typename T>
bool same(const std::vector<T>& a, const std::vector<T>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!same(a[i], b[i])) return false;
  }
  return true;
}

template <typename T>
bool same(const std::optional<T>& a, const std::optional<T>& b) {
  return a.has_value() == b.has_value() && (!a || same(*a, *b));
}

template <typename T>
bool same(const T& a, const T& b) {
  if constexpr (requires { members(a); }) {
    return std::apply(
        [&](const auto&... of_a) {
          return std::apply([&](const auto&... of_b) { return (same(of_a, of_b) && ...); }, members(b));
        },
        members(a));
  } else {
    return a == b;
  }
}

/// True when every member differs from its default: a sample that tells each member's absence.
template <typename T>
bool is_full(const T& sample) {
  const T plain{};
  return std::apply(
      [&](const auto&... held) {
        return std::apply([&](const auto&... defaults) { return (!same(held, defaults) && ...); }, members(plain));
      },
      members(sample));
}

}  // namespace shoal::doors
