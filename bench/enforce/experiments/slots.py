"""Concurrency: the most in flight upstream under load, and whether every slot comes back when clients
leave and when the gateway is killed."""
import time

from ..theory import most_at_once
from ..verdict import Check
from .books import Killing
from .stage import Experiment, tell

RATE, SECONDS = 100, 2.0
ANSWER_MS, LONG_ANSWER_MS = 60, 400
NOTICE_S = 0.02  # until the upstream sees that a connection was closed


def interval(row):
    """From arrival until the slot was free; one that was left, until the gateway may have left it."""
    ends = row["ended_us"] / 1e6 - (NOTICE_S if row["client_left"] else 0)
    return row["arrived_us"] / 1e6, ends


def shots_of(stage, trial, rng, key):
    shots = []
    for i in range(int(RATE * SECONDS)):
        leave = rng.randint(1, 600) if i % 3 == 0 else None
        shots.append(stage.shot(trial, (i + rng.random()) / RATE, key, node=stage.any_node(rng),
                                max_tokens=200, stream=i % 2 == 0 or leave is not None,
                                leave_after=leave))
    return shots


def free_again(stage, trial, key, when):
    """All slots at once must be had again within the target's free_s."""
    wanted = stage.sizes.concurrent
    stage.upstream.configure(ttft_ms=LONG_ANSWER_MS)
    began = time.monotonic()
    while True:
        volley = stage.fire([trial], [stage.shot(trial, 0, key, node=i % stage.target.nodes,
                                                 max_tokens=5) for i in range(wanted)])
        waited, had = time.monotonic() - began, volley.statuses().get(200, 0)
        if had >= wanted or waited > stage.target.free_s:
            break
        time.sleep(0.2)  # tidy: allowed
    trial.figures[f"slots lost {when}"] = wanted - had
    trial.checks.append(Check(f"slots free again {when}", had, wanted, floor=True))


def run_concurrency(stage, seeds):
    probe = stage.unlimited()
    for seed in seeds:
        trial, rng = stage.trial("concurrency", seed)
        key = stage.gateway.make_key(concurrent=stage.sizes.concurrent)
        stage.upstream.begin()
        stage.upstream.configure(ttft_ms=ANSWER_MS, token_delay_ms=3, chunk_tokens=20)
        volley = stage.fire([trial], shots_of(stage, trial, rng, key))
        stage.rows(trial)
        free_again(stage, trial, key, "after clients left")
        if not stage.target.lacks("kill"):
            stage.upstream.configure(ttft_ms=ANSWER_MS, token_delay_ms=3, chunk_tokens=20)
            killing = Killing(stage, trial, stage.any_node(rng), probe)
            stage.fire([trial], shots_of(stage, trial, rng, key),
                       [(rng.uniform(0.5, 1.2), killing)], patience_s=20)
            if killing.problem:
                raise killing.problem
            stage.rows(trial)
            free_again(stage, trial, key, "after a kill")
        elif seed == seeds[0]:
            tell("  concurrency: without a kill, for the target has none")
        judge(stage, trial, stage.rows(trial), volley.start)
        yield trial


def judge(stage, trial, rows, start):
    most, when = most_at_once([interval(r) for r in rows])
    trial.figures["most at once"] = most
    trial.checks.append(Check("in flight upstream at once", most, stage.sizes.concurrent,
                              at=when - start))


CONCURRENCY = Experiment("concurrency", "slots under load, with streams that clients leave and a kill: "
                         "the most in flight upstream, and slots that never come back",
                         ("concurrent",), run_concurrency)
