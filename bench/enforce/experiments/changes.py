"""What a change under load is worth: a key revoked, and a limit lowered below what is spent and held.
Judged by the arrivals upstream after the change was answered."""
import time

from ..processes import Failed
from ..upstream import bill
from ..verdict import Check
from .stage import Experiment

RATE = 150
CHANGE_S = (0.5, 1.0)  # when, after the start
REVOKED_S = 1.0        # how long an arrival may be late, unless the target declares otherwise
AFTER_S = 2.0          # load goes on so long after that


class Change:
    def __init__(self, action):
        self.action, self.answered, self.problem = action, 0.0, None

    def __call__(self):
        try:
            self.action()
            self.answered = time.monotonic()
        except Failed as problem:
            self.problem = problem


def under_load(stage, trial, rng, key, action, tokens):
    """Changes the key in mid-load; returns (the change, rows, the volley)."""
    bound = stage.target.declared.get("revoked_s", REVOKED_S)
    change = Change(action)
    seconds = CHANGE_S[1] + bound + AFTER_S
    shots = [stage.shot(trial, (i + rng.random()) / RATE, key, node=stage.any_node(rng),
                        max_tokens=tokens) for i in range(int(RATE * seconds))]
    volley = stage.fire([trial], shots, [(rng.uniform(*CHANGE_S), change)])
    if change.problem:
        raise change.problem
    rows = stage.rows(trial)
    if not any(r["arrived_us"] / 1e6 < change.answered for r in rows):
        raise Failed("nothing arrived upstream before the change: is the key good?")
    after = [r["arrived_us"] / 1e6 - change.answered for r in rows
             if r["arrived_us"] / 1e6 > change.answered]
    late = [x for x in after if x > bound]
    trial.figures |= {"after the answer": len(after), "latest ms after": 1000 * max(after, default=0),
                      "late": len(late)}
    trial.checks.append(Check(f"arrivals later than {bound:g} s after the change", len(late), 0,
                              at=(change.answered - volley.start)))
    return change, rows


def run_revoked(stage, seeds):
    for seed in seeds:
        trial, rng = stage.trial("revoked", seed)
        key = stage.unlimited()
        stage.upstream.begin()
        stage.upstream.configure(ttft_ms=20)
        under_load(stage, trial, rng, key, lambda: stage.gateway.revoke(key), 20)
        yield trial


def run_narrowed(stage, seeds):
    for seed in seeds:
        trial, rng = stage.trial("narrowed", seed)
        key = stage.gateway.make_key(usd=5)
        stage.upstream.begin()
        stage.upstream.configure(ttft_ms=200)
        change, rows = under_load(stage, trial, rng, key,
                                  lambda: stage.gateway.narrow(key, usd=0.000001), 200)
        trial.figures["billed after nano"] = bill(
            [r for r in rows if r["arrived_us"] / 1e6 > change.answered])
        stage.settle(key, bill(rows))
        stage.gateway.narrow(key, usd=5)
        time.sleep(stage.target.spread_s)  # tidy: allowed
        volley = stage.fire([trial], [stage.shot(trial, 0, key, max_tokens=1)])
        served = volley.statuses().get(200, 0)
        trial.checks.append(Check("served when the limit was raised again", served, 1, floor=True))
        yield trial


REVOKED = Experiment("revoked", "a key revoked under load: arrivals upstream after the answer",
                     ("revoke",), run_revoked)
NARROWED = Experiment("narrowed", "a spending limit lowered under load below what is spent and held: "
                      "arrivals after the answer", ("money", "narrow"), run_narrowed)
