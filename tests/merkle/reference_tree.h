#pragma once

#include "merkle/right_edge.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The definitions of RFC 9162 section 2.1, written down as they stand there (recursive, slow): what the library's
/// answers are compared with. Also serves its perfect subtrees as a HashReader.
namespace shoal::merkle::testing {

/// Trees of every size up to this one are tested.
inline constexpr std::uint64_t kSizes = 100;

class ReferenceTree final : public HashReader {
 public:
  /// Leaf i is the hash of the decimal number i, salted so that two trees can differ.
  explicit ReferenceTree(std::uint64_t size, std::string_view salt = "") {
    for (std::uint64_t i = 0; i < size; ++i) {
      const std::string text = std::string(salt) + std::to_string(i);
      leaves_.push_back(leaf_hash({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}));
    }
  }
  explicit ReferenceTree(std::vector<Digest> leaf_hashes) : leaves_(std::move(leaf_hashes)) {}

  [[nodiscard]] std::uint64_t size() const { return leaves_.size(); }
  [[nodiscard]] const Digest& leaf(std::uint64_t index) const { return leaves_[index]; }
  [[nodiscard]] std::vector<Digest> leaves(std::uint64_t begin, std::uint64_t end) const {
    return {leaves_.begin() + static_cast<std::ptrdiff_t>(begin), leaves_.begin() + static_cast<std::ptrdiff_t>(end)};
  }

  /// MTH(D[begin:end]).
  [[nodiscard]] Digest root(std::uint64_t begin, std::uint64_t end) const {
    if (begin == end) return crypto::sha256({});
    if (end - begin == 1) return leaves_[begin];
    auto& held = roots_[{begin, end}];
    if (!held) {
      const std::uint64_t k = split(end - begin);
      held = crypto::sha256(1, root(begin, begin + k), root(begin + k, end));
    }
    return *held;
  }
  [[nodiscard]] Digest root(std::uint64_t size) const { return root(0, size); }
  [[nodiscard]] Digest hash(const NodeId& node) const { return root(node.first_leaf(), node.end_leaf()); }

  /// PATH(m, D[begin:end]).
  [[nodiscard]] std::vector<Digest> path(std::uint64_t m, std::uint64_t begin, std::uint64_t end) const {
    if (end - begin == 1) return {};
    const std::uint64_t k = split(end - begin);
    const bool left = m < k;
    std::vector<Digest> out = left ? path(m, begin, begin + k) : path(m - k, begin + k, end);
    out.push_back(left ? root(begin + k, end) : root(begin, begin + k));
    return out;
  }

  /// SUBPROOF(m, D[begin:end], complete).
  [[nodiscard]] std::vector<Digest> subproof(std::uint64_t m, std::uint64_t begin, std::uint64_t end,
                                             bool complete) const {
    if (m == end - begin) return complete ? std::vector<Digest>{} : std::vector<Digest>{root(begin, end)};
    const std::uint64_t k = split(end - begin);
    const bool left = m <= k;
    std::vector<Digest> out = left ? subproof(m, begin, begin + k, complete) : subproof(m - k, begin + k, end, false);
    out.push_back(left ? root(begin + k, end) : root(begin, begin + k));
    return out;
  }

  [[nodiscard]] RightEdge edge(std::uint64_t size) const {
    RightEdge edge;
    for (std::uint64_t i = 0; i < size; ++i) edge.append_leaf(leaves_[i]);
    return edge;
  }

  [[nodiscard]] Result<std::vector<Digest>> read(const std::vector<NodeId>& nodes) const override {
    std::vector<Digest> out;
    for (const NodeId& node : nodes) {
      if (node.end_leaf() > size()) return Error{Code::not_found, "not in the tree"};
      out.push_back(hash(node));
    }
    return out;
  }

 private:
  /// The largest power of two smaller than n.
  static std::uint64_t split(std::uint64_t n) {
    std::uint64_t k = 1;
    while (k * 2 < n) k *= 2;
    return k;
  }

  std::vector<Digest> leaves_;
  mutable std::map<std::pair<std::uint64_t, std::uint64_t>, std::optional<Digest>> roots_;
};

/// A tree of any size whose leaves are all the same: a perfect subtree's root depends on its level only.
class UniformTree final : public HashReader {
 public:
  UniformTree() {
    levels_.push_back(leaf_hash({}));
    while (levels_.size() < 48) levels_.push_back(node_hash(levels_.back(), levels_.back()));
  }
  [[nodiscard]] const Digest& leaf() const { return levels_.front(); }
  [[nodiscard]] RightEdge edge(std::uint64_t size) const {
    std::vector<Digest> hashes;
    for (const NodeId& node : cover(0, size)) hashes.push_back(levels_[node.level]);
    return RightEdge::from_hashes(size, std::move(hashes)).value();
  }
  [[nodiscard]] Result<std::vector<Digest>> read(const std::vector<NodeId>& nodes) const override {
    std::vector<Digest> out;
    for (const NodeId& node : nodes) out.push_back(levels_.at(node.level));
    return out;
  }

 private:
  std::vector<Digest> levels_;
};

/// A reader whose store has lost everything.
class FailingReader final : public HashReader {
 public:
  [[nodiscard]] Result<std::vector<Digest>> read(const std::vector<NodeId>&) const override {
    return Error{Code::corrupt, "lost"};
  }
};

inline Digest with_flipped_bit(Digest digest, std::size_t bit) {
  digest.bytes[bit / 8 % 32] = static_cast<std::uint8_t>(digest.bytes[bit / 8 % 32] ^ (1U << bit % 8));
  return digest;
}

inline bool refused(const Result<void>& result) { return !result.ok() && result.error().code == Code::unverified; }

/// Calls `check` with every list that differs from `hashes` in one hash: missing, added, changed in one bit (all 256
/// bits if `all_bits`, else one), swapped with its neighbour.
template <typename Check>
void for_each_damage(const std::vector<Digest>& hashes, bool all_bits, Check check) {
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    for (std::size_t bit = all_bits ? 0 : i * 7 % 256; bit < 256; bit += all_bits ? 1 : 256) {
      std::vector<Digest> changed = hashes;
      changed[i] = with_flipped_bit(changed[i], bit);
      check(changed);
    }
    std::vector<Digest> missing = hashes;
    missing.erase(missing.begin() + static_cast<std::ptrdiff_t>(i));
    check(missing);
    if (i + 1 < hashes.size() && hashes[i] != hashes[i + 1]) {
      std::vector<Digest> swapped = hashes;
      std::swap(swapped[i], swapped[i + 1]);
      check(swapped);
    }
  }
  for (std::size_t i = 0; i <= hashes.size(); ++i) {
    std::vector<Digest> extra = hashes;
    extra.insert(extra.begin() + static_cast<std::ptrdiff_t>(i), i < hashes.size() ? hashes[i] : Digest{});
    check(extra);
  }
}

}  // namespace shoal::merkle::testing
