"""Requests and tokens a minute, saturated, and at the edges of the minutes a window may begin at. The
seeds run side by side, each on a key of its own, for a minute is long."""
import math
import time

from ..theory import Declared, most_within
from ..verdict import Check
from .stage import Experiment, admitted, thinned

SATURATED = 3        # times the limit is offered
WINDOWS = 2.1        # for so many windows
CALL_TOKENS = 150  # of output, in a call of …
CALL_BYTES = 50    # … so much prompt: the last one that does not fit wastes little of a window
LATE = 1 / 20        # of a window: half of the answers later than this, and the gateway is too busy
EDGE = 1 / 30        # of a window: how near to its edge the two volleys are


def declared_limit(stage, what, limit):
    """Where the burst can't be set, it is said to be one minute's worth."""
    sizes, target = stage.sizes, stage.target
    burst = limit if target.sets_burst(what) else target.limits.get("burst_" + what,
                                                                    limit * 60 / sizes.window_s)
    return Declared(target.algorithm(what), limit, sizes.window_s, burst)


def request_limit(stage):
    return declared_limit(stage, "requests", stage.sizes.requests)


def token_limit(stage):
    return declared_limit(stage, "tokens", stage.sizes.tokens)


def request_key(stage):
    sizes = stage.sizes
    return stage.gateway.make_key(rpm=round(sizes.requests * 60 / sizes.window_s),
                                  burst_requests=sizes.requests)


def token_key(stage):
    sizes = stage.sizes
    return stage.gateway.make_key(tpm=round(sizes.tokens * 60 / sizes.window_s),
                                  burst_tokens=sizes.tokens)


def tokens_of(row):
    return row["prompt_tokens"] + row["output_tokens"]


def schedule(rng, rate, seconds):
    """Arrivals at `rate`, each somewhere within its own slot of time."""
    return [(i + rng.random()) / rate for i in range(int(rate * seconds))]


def side_by_side(stage, name, seeds, make_key, plan):
    """Fires the plans of so many seeds at once; yields (trial, volley, rows) of each."""
    for some in stage.groups(seeds):
        stage.upstream.begin()
        trials, shots = [], []
        for seed in some:
            trial, rng = stage.trial(name, seed)
            trials.append(trial)
            shots += plan(stage, trial, rng, make_key)
        volley = stage.fire(trials, shots)
        for trial in trials:
            yield trial, volley, stage.rows(trial)


def judge(trial, declared, volley, rows, size, usable, slack):
    """The worst window against the declared algorithm, and what of it could be used."""
    found = admitted(volley, rows, size)
    worst = declared.worst(found)
    mine = [o for o in volley.outcomes
            if o.shot.mark.startswith(f"#{trial.experiment}-{trial.seed}-")]
    sent = [o.intended for o in mine]
    possible = declared.usable(max(sent) - min(sent))
    total = sum(a.size for a in found)
    most, when = most_within(found, declared.window)
    trial.figures |= {"most in a window": most, "admitted": total, "usable": total / possible,
                      "under": max(0, possible - total)}
    if worst:
        bound = worst.size - worst.surplus
        trial.figures |= {"over": max(0, worst.surplus), "worst window s": worst.ends - worst.begins,
                          "worst window at s": worst.begins - volley.start}
        trial.checks.append(Check(f"admitted in {worst.ends - worst.begins:.2f} s ({declared.words()})",
                                  worst.size, bound, at=worst.begins - volley.start))
    if usable:
        judge_use(trial, Check("admitted when saturated", total, usable * possible - slack, floor=True),
                  mine, declared.window)
    trial.series = curve(found, declared, volley.start)


def judge_use(trial, check, outcomes, window):
    """A gateway that answers late is busy, and was not asked in time for what it left unused."""
    took = sorted(o.end - o.intended for o in outcomes if o.how == "done")
    median = took[len(took) // 2] if took else math.inf
    if check.held or median <= LATE * window or not all(c.held for c in trial.checks):
        trial.checks.append(check)
    else:
        trial.behind = trial.behind or (
            f"half of the answers took over {1000 * median:.0f} ms: what could be used is not to be told "
            "from a gateway this busy; --at-once offers fewer seeds side by side")


def curve(found, declared, start):
    points, total = [], 0
    for one in sorted(found, key=lambda a: a.arrived):
        total += one.size
        points.append([one.arrived - start, total])
    end = points[-1][0] if points else declared.window
    bound = {"bucket": [[0, declared.burst], [end, declared.burst + declared.limit / declared.window * end]]}
    steps = [[t * declared.window, (t + 1) * declared.limit] for t in range(int(end / declared.window) + 1)]
    return {"unit": "admitted", "found": thinned(points), "bound": bound.get(declared.algorithm, steps)}


def run_rpm(stage, seeds):
    stage.upstream.configure(ttft_ms=20)
    declared = request_limit(stage)

    def plan(stage, trial, rng, make_key):
        key = make_key(stage)
        rate = SATURATED * declared.limit / declared.window
        return [stage.shot(trial, at, key, node=stage.any_node(rng), max_tokens=5,
                           **({"stream": True} if rng.random() < 0.5 else {}))
                for at in schedule(rng, rate, WINDOWS * declared.window)]
    for trial, volley, rows in side_by_side(stage, "rpm", seeds, request_key, plan):
        judge(trial, declared, volley, rows, lambda row: 1,
              stage.target.declared.get("usable_requests"), 1)
        yield trial


def run_tpm(stage, seeds):
    stage.upstream.configure(ttft_ms=20)
    declared = token_limit(stage)

    def plan(stage, trial, rng, make_key):
        key = make_key(stage)
        rate = SATURATED * declared.limit / (CALL_TOKENS + CALL_BYTES) / declared.window
        return [stage.shot(trial, at, key, node=stage.any_node(rng), max_tokens=CALL_TOKENS,
                           text="x" * (CALL_BYTES - 30),
                           **({"stream": True} if rng.random() < 0.5 else {}))
                for at in schedule(rng, rate, WINDOWS * declared.window)]
    for trial, volley, rows in side_by_side(stage, "tpm", seeds, token_key, plan):
        judge(trial, declared, volley, rows, tokens_of,
              stage.target.declared.get("usable_tokens"), CALL_TOKENS + CALL_BYTES)
        yield trial


def around(stage, trial, rng, key, first, edge):
    """One call, all but one of the limit right before `edge`, and the limit right after it."""
    declared = request_limit(stage)
    width = EDGE * declared.window
    times = [first] + [edge - width * (0.5 + rng.random() / 2) for _ in range(declared.limit - 1)]
    times += [edge + width * (0.5 + rng.random() / 2) for _ in range(declared.limit)]
    return [stage.shot(trial, at, key, node=stage.any_node(rng), max_tokens=5) for at in times]


def run_boundary(stage, seeds):
    for some in stage.groups(seeds):
        yield from boundary_of(stage, some)


def boundary_of(stage, seeds):
    """Twice for each seed: at the end of the first call's own minute, and of the clock's."""
    stage.upstream.configure()
    stage.upstream.begin()
    declared = request_limit(stage)
    window = declared.window
    pairs, shots = [], []
    keys = [(request_key(stage), request_key(stage)) for _ in seeds]
    start = time.monotonic() + 1 + 0.05 * len(seeds)
    clock_edge = window - (time.time() - time.monotonic() + start) % window
    clock_edge += 0 if clock_edge > 2 * EDGE * window else window
    for seed, (own, clock) in zip(seeds, keys):
        trial, rng = stage.trial("boundary", seed)
        first = rng.uniform(0, window / 4)
        mine = around(stage, trial, rng, own, first, first + window)
        theirs = around(stage, trial, rng, clock, max(0.0, clock_edge - window / 2), clock_edge)
        pairs.append((trial, {s.mark for s in mine}, {s.mark for s in theirs}))
        shots += mine + theirs
    volley = stage.fire([trial for trial, _, _ in pairs], shots, start=start)
    for trial, mine, theirs in pairs:
        rows = stage.rows(trial)
        for name, marks in (("its own minute", mine), ("the clock's minute", theirs)):
            judge_edge(trial, declared, volley, [r for r in rows if r["mark"] in marks], name)
        yield trial


def judge_edge(trial, declared, volley, rows, name):
    found = admitted(volley, rows)
    worst = declared.worst(found)
    most, _ = most_within(found, declared.window / 12)
    trial.figures["most in a twelfth"] = max(most, trial.figures.get("most in a twelfth", 0))
    if worst:
        trial.figures["over"] = max(worst.surplus, trial.figures.get("over", 0))
        trial.checks.append(Check(f"around the end of {name}, in {worst.ends - worst.begins:.2f} s "
                                  f"({declared.words()})", worst.size, worst.size - worst.surplus,
                                  at=worst.begins - volley.start))
        if not trial.series or worst.surplus > 0:
            trial.series = curve(found, declared, volley.start)


RPM = Experiment("rpm", "a limit on requests, offered three times as many", ("rpm",), run_rpm)
BOUNDARY = Experiment("boundary", "one call, then the rest of the limit right before its minute ends "
                      "and the limit again right after; the same at the clock's minute", ("rpm",),
                      run_boundary)
TPM = Experiment("tpm", "a limit on tokens, offered three times as many", ("tpm",), run_tpm)
