"""What a declared algorithm may admit, and whether arrivals show more. Pure: lists in, numbers out.

An arrival upstream was decided by the gateway somewhere between the instant its client sent it and
the instant it arrived. Counting in each window only what was sent *and* arrived within it therefore
never blames a gateway for the network's jitter: what is found to be too much was too much.
"""
import bisect
import dataclasses
import math

CLOCK_S = 0.001  # a gateway's clock counts milliseconds: between two readings it may be off by one


@dataclasses.dataclass(frozen=True)
class Admitted:
    """One request that reached the upstream: seconds on the monotonic clock, and what it counts."""
    sent: float
    arrived: float
    size: float = 1


@dataclasses.dataclass(frozen=True)
class Worst:
    """The window with the largest surplus over a bound (negative: how far below it stayed)."""
    surplus: float
    begins: float
    ends: float
    size: float


def bucket_worst(admitted, burst, rate):
    """One sweep over the arrivals, for every window at once: the largest size - burst - rate x w.

    Each arrival ends windows that begin at any earlier sending; requests sent before a window's
    begin do not count in it.
    """
    worst = None
    starts, sizes = [], []  # by sending instant
    for one in sorted(admitted, key=lambda a: a.arrived):
        place = bisect.bisect(starts, one.sent)
        starts.insert(place, one.sent)
        sizes.insert(place, one.size)
        within = 0
        for begins, size in zip(reversed(starts), reversed(sizes)):
            within += size
            surplus = within - burst - rate * (one.arrived - begins)
            if worst is None or surplus > worst.surplus:
                worst = Worst(surplus, begins, one.arrived, within)
    return worst


def window_worst(admitted, length, bound):
    """The largest size within any window of `length`, less the bound."""
    worst, starts, sizes = None, [], []
    for one in sorted(admitted, key=lambda a: a.arrived):
        place = bisect.bisect(starts, one.sent)
        starts.insert(place, one.sent)
        sizes.insert(place, one.size)
        first = bisect.bisect_right(starts, one.arrived - length)
        within = sum(sizes[first:])
        if first < len(starts) and (worst is None or within - bound > worst.surplus):
            worst = Worst(within - bound, starts[first], one.arrived, within)
    return worst


def most_within(admitted, length):
    """The most in any window of `length`, by arrival alone: the figure others publish."""
    rows = sorted(admitted, key=lambda a: a.arrived)
    most, begins, first, within = 0, 0.0, 0, 0
    for one in rows:
        within += one.size
        while one.arrived - rows[first].arrived >= length:
            within -= rows[first].size
            first += 1
        if within > most:
            most, begins = within, rows[first].arrived
    return most, begins


@dataclasses.dataclass(frozen=True)
class Declared:
    """A limit of `limit` each `window` seconds, and the algorithm that is said to enforce it."""
    algorithm: str  # bucket, fixed or sliding
    limit: float
    window: float
    burst: float

    def worst(self, admitted):
        """The worst window against what the algorithm may admit; None if nothing was admitted."""
        if self.algorithm == "bucket":
            rate = self.limit / self.window
            return bucket_worst(admitted, self.burst + rate * CLOCK_S, rate)
        return window_worst(admitted, self.window - CLOCK_S, self.most_in_a_window())

    def most_in_a_window(self):
        """What may be admitted in one window of the limit's own length."""
        return {"bucket": self.burst + self.limit, "fixed": 2 * self.limit,
                "sliding": self.limit}[self.algorithm]

    def usable(self, span):
        """What a saturating client gets from an idle limit in `span` seconds, at the least."""
        if self.algorithm == "bucket":
            return self.burst + self.limit / self.window * span
        return self.limit * max(1, math.floor(span / self.window))

    def words(self):
        rate = f"{self.limit:g} in {self.window:g} s"
        return {"bucket": f"bucket: {self.burst:g} + {rate}", "fixed": f"fixed window: 2 x {rate}",
                "sliding": f"sliding window: {rate}"}[self.algorithm]


def most_at_once(intervals):
    """(most, when) of half-open intervals (begins, ends): one that ends frees its place first."""
    edges = sorted([(ends, -1) for begins, ends in intervals if ends > begins] +
                   [(begins, 1) for begins, ends in intervals if ends > begins])
    now, most, when = 0, 0, 0.0
    for at, step in edges:
        now += step
        if now > most:
            most, when = now, at
    return most, when


def quantile(values, share):
    """The value below which `share` of them lie; 0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
