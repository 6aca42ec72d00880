#include "replication/peers/path_estimate.h"

#include <algorithm>

namespace shoal::replication {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr base::MonoTime kSlice = milliseconds(250);
/// Slices over which a rate is taken. Rate limiters pass bytes in bursts (libtorrent's twice a second), so one slice
/// says little.
constexpr std::size_t kSlicesOfRate = 4;
constexpr std::size_t kSlicesKept = 40;
constexpr base::MonoTime kRecent = seconds(2);
/// A peer that has owed blocks for this time is planned for at its recent rate, not at its best.
constexpr base::MonoTime kSilent = seconds(1);
constexpr double kUnknownRate = 1 << 20;
constexpr base::MonoTime kTripsKept = seconds(60);

double per_second(std::uint64_t bytes, base::MonoTime busy) {
  return busy.count() <= 0 ? 0 : static_cast<double>(bytes) / std::chrono::duration<double>(busy).count();
}

}  // namespace

void PathEstimate::advance(base::MonoTime now) {
  if (owing_) open_.busy += now - counted_to_;
  counted_to_ = now;
  if (open_.busy < kSlice) return;
  slices_.push_back(open_);
  open_ = Slice{};
  if (slices_.size() > kSlicesKept) slices_.pop_front();
}

void PathEstimate::set_owing(bool owing, base::MonoTime now) {
  if (owing == owing_) return;
  advance(now);
  owing_ = owing;
  owing_since_ = now;
}

void PathEstimate::delivered(std::uint64_t bytes, base::MonoTime now) {
  last_delivered_ = now;
  if (!owing_) return;
  open_.bytes += bytes;
  advance(now);
}

void PathEstimate::measured_trip(base::MonoTime trip, base::MonoTime now) {
  while (!trips_.empty() && trips_.back().trip >= trip) trips_.pop_back();
  trips_.push_back({now, trip});
  while (now - trips_.front().when > kTripsKept) trips_.pop_front();
}

void PathEstimate::forget_rate() {
  slices_.clear();
  open_ = Slice{};
}

double PathEstimate::best_rate() const {
  double best = 0;
  Slice window;
  for (std::size_t i = 0; i < slices_.size(); ++i) {
    window.bytes += slices_[i].bytes;
    window.busy += slices_[i].busy;
    if (i >= kSlicesOfRate) {
      window.bytes -= slices_[i - kSlicesOfRate].bytes;
      window.busy -= slices_[i - kSlicesOfRate].busy;
    }
    if (i + 1 >= std::min(kSlicesOfRate, slices_.size())) best = std::max(best, per_second(window.bytes, window.busy));
  }
  return best;
}

double PathEstimate::recent_rate(base::MonoTime now) const {
  Slice sum = open_;
  if (owing_) sum.busy += now - counted_to_;
  for (auto slice = slices_.rbegin(); slice != slices_.rend() && sum.busy < kRecent; ++slice) {
    sum.bytes += slice->bytes;
    sum.busy += slice->busy;
  }
  return per_second(sum.bytes, sum.busy);
}

double PathEstimate::expected_rate(base::MonoTime now) const {
  if (owing_for(now) > kSilent) return recent_rate(now);
  const double best = best_rate();
  return best > 0 ? best : kUnknownRate;
}

base::MonoTime PathEstimate::owing_for(base::MonoTime now) const {
  return owing_ ? now - owing_since_ : base::MonoTime{0};
}

base::MonoTime PathEstimate::round_trip() const { return trips_.empty() ? kUnknownTrip : trips_.front().trip; }

}  // namespace shoal::replication
