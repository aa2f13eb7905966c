#!/usr/bin/env python3
"""What a declared limit may admit, against counts made the slow way."""
import os
import random
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path[:0] = [os.path.join(ROOT, "bench"), os.path.join(ROOT, "tests", "e2e")]
from enforce.experiments.rates import judge_use  # noqa: E402
from enforce.load import Outcome  # noqa: E402
from enforce.theory import (Admitted, Declared, bucket_worst, most_at_once,  # noqa: E402
                            most_within, window_worst)
from enforce.verdict import Check, Trial, exit_status  # noqa: E402
from harness import run  # noqa: E402


def some(dice, count):
    out = []
    for _ in range(count):
        sent = dice.uniform(0, 20)
        out.append(Admitted(sent, sent + dice.expovariate(20), dice.choice([1, 1, 5])))
    return out


def sweeps_find_what_all_pairs_find():
    """every window that begins at a sending and ends at an arrival, one by one"""
    dice = random.Random(7)
    for _ in range(60):
        rows = some(dice, dice.randint(1, 40))
        pairs = []
        for begin in rows:
            for end in rows:
                if end.arrived >= begin.sent:
                    within = sum(r.size for r in rows if r.sent >= begin.sent and r.arrived <= end.arrived)
                    if within:
                        pairs.append((within, end.arrived - begin.sent))
        slow = max(size - 3 - 2 * w for size, w in pairs)
        assert abs(bucket_worst(rows, 3, 2).surplus - slow) < 1e-9
        slow = max((size for size, w in pairs if w < 2), default=0)
        found = window_worst(rows, 2, 10)
        assert (found.size if found else 0) == slow, (found, slow)


def a_bucket_is_judged_to_the_request():
    """burst + rate x w passes, one more in any window does not"""
    held = [Admitted(0, 0)] * 60 + [Admitted(t, t) for t in range(1, 121)]
    assert bucket_worst(held, 60, 1).surplus <= 1e-9
    over = bucket_worst(held + [Admitted(45.5, 45.5)], 60, 1)
    assert over.surplus > 0.4 and over.ends >= 45.5, over
    declared = Declared("bucket", 60, 60, 60)
    assert declared.usable(60) == 120
    # A millisecond is the clock's; two are not.
    early = [Admitted(0, 0)] * 60 + [Admitted(0.9995, 0.9995)]
    assert declared.worst(early).surplus <= 0
    assert declared.worst(early[:-1] + [Admitted(0.998, 0.998)]).surplus > 0
    assert Declared("fixed", 60, 60, 0).most_in_a_window() == 120
    assert Declared("sliding", 60, 60, 0).most_in_a_window() == 60


def counts_by_arrival():
    """what others publish, and the most at once: an end frees its place before a begin takes it"""
    rows = [Admitted(t, t) for t in (0, 1, 2, 59.5, 60, 60.5)]
    assert most_within(rows, 5) == (3, 0)
    assert most_at_once([(0, 2), (1, 3), (2, 4)])[0] == 2
    assert most_at_once([(0, 2), (1, 3), (1.5, 4)]) == (3, 1.5)
    assert most_at_once([]) == (0, 0.0)


def verdicts():
    """a bound that was passed outweighs a schedule that was not kept; nothing judged is no verdict"""
    good = Trial("rpm", 1, [Check("a", 5, 5)])
    bad = Trial("rpm", 2, [Check("a", 6, 5)])
    void = Trial("rpm", 3, [Check("a", 6, 5)], behind="late")
    assert [t.verdict for t in (good, bad, void)] == ["held", "passed", "void"]
    assert exit_status([good]) == 0 and exit_status([good, bad, void]) == 1
    assert exit_status([good, void]) == 3 and exit_status([Trial("x", 1, skipped="x")]) == 3


def a_busy_gateway_is_not_blamed():
    """for what it left unused; one that answers at once is, and what it let through counts in any case"""
    def judged(seconds, *checks):
        trial = Trial("tpm", 1, list(checks))
        answers = [Outcome(None, 0.0, 0.0, end=seconds, how="done")] * 9
        judge_use(trial, Check("used", 60, 100, floor=True), answers, 3)
        return trial.verdict
    assert judged(0.01) == "passed" and judged(1.0) == "void"
    assert judged(1.0, Check("over", 6, 5)) == "passed"


if __name__ == "__main__":
    run([sweeps_find_what_all_pairs_find, a_bucket_is_judged_to_the_request, counts_by_arrival, verdicts,
         a_busy_gateway_is_not_blamed])
