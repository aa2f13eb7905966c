"""Spending limits: a storm against one, and calls that are far dearer than what is left."""
from ..upstream import bill, cost
from ..verdict import Check
from .stage import Experiment, thinned

STORM_REQUESTS = 600
STORM_S = 1.5     # so many seconds, and answers that take …
ANSWER_MS = 250   # … so long: about a hundred at once
REST_REQUESTS = 400
LEFT_NANO = (100_000, 1_000_000)  # $0.0001: less than a useful answer; $0.001: a cut one
PRIME_TOKENS = 500


def storm(stage, trial, rng, key):
    shots = []
    for _ in range(STORM_REQUESTS):
        stream = {"stream": True} if rng.random() < 0.5 else {}
        shots.append(stage.shot(trial, rng.uniform(0, STORM_S), key, node=stage.any_node(rng),
                                max_tokens=rng.randint(50, 2000), text="word " * rng.randint(1, 60),
                                **stream))
    return shots


def run_money(stage, seeds):
    for seed in seeds:
        trial, rng = stage.trial("money", seed)
        limit = round(stage.sizes.usd * 1e9)
        key = stage.gateway.make_key(usd=stage.sizes.usd)
        stage.upstream.begin()
        stage.upstream.configure(ttft_ms=ANSWER_MS, seed=seed,
                                 faults=[{"fault": "status:500", "probability": 0.05}])
        volley = stage.fire([trial], storm(stage, trial, rng, key))
        rows = stage.rows(trial)
        trial.figures["bill ÷ limit, storm"] = bill(rows) / limit
        stage.settle(key, bill(rows))
        stage.upstream.configure()
        stage.fire([trial], [stage.shot(trial, i / 250, key, node=stage.any_node(rng), max_tokens=64)
                             for i in range(REST_REQUESTS)])
        rows = stage.rows(trial)
        judge_money(stage, trial, key, rows, limit)
        trial.series = curve(rows, limit, volley.start)
        yield trial


def judge_money(stage, trial, key, rows, limit):
    spent = bill(rows)
    trial.checks.append(Check("bill", spent, limit, "nano-dollars"))
    usable = stage.target.declared.get("usable_money")
    if usable:
        trial.checks.append(Check("share of the budget used", spent / limit, usable, floor=True))
    trial.figures |= {"bill ÷ limit": spent / limit, "over nano": max(0, spent - limit),
                      "usable": spent / limit}
    if "spend" in stage.target.keys:
        trial.figures["books ÷ bill"] = stage.gateway.settled_nano(key, spent) / max(1, spent)


def curve(rows, limit, start):
    points, total = [], 0
    for row in sorted((r for r in rows if r["billed"]), key=lambda r: r["arrived_us"]):
        total += row["cost_nano"]
        points.append([row["arrived_us"] / 1e6 - start, total / 1e9])
    end = points[-1][0] if points else 1
    return {"unit": "USD", "found": thinned(points), "bound": [[0, limit / 1e9], [end, limit / 1e9]]}


def run_last(stage, seeds):
    for seed in seeds:
        trial, rng = stage.trial("last", seed)
        stage.upstream.configure(ttft_ms=rng.randint(0, 50))
        worst = 0.0
        for left in LEFT_NANO:
            for name, caps in (("20,000", [20_000]), ("no cap", [None]), ("both", [20_000, None])):
                share, answered = last_call(stage, trial, rng, left, caps)
                worst = max(worst, share)
                trial.figures[f"{name}, ${left / 1e9:g} left"] = share
                trial.checks.append(Check(f"bill ÷ what was left, {name}, ${left / 1e9:g}", share, 1))
                if stage.target.declared.get("cuts") and left == LEFT_NANO[1]:
                    trial.checks.append(Check(f"answers (cut, not refused), {name}", answered, 1,
                                              floor=True))
        trial.figures["bill ÷ left"] = worst
        yield trial


def last_call(stage, trial, rng, left, caps):
    """(bill ÷ what was left, answers with 200) of dear calls on a key that has `left` nano-dollars."""
    text = "word " * rng.randint(0, 4)
    prime = stage.shot(trial, 0, key=_Nobody, max_tokens=PRIME_TOKENS, text=text)
    prompt = len(prime.body["messages"][0]["content"].encode()) + 8  # the upstream's template
    limit = cost(prompt, PRIME_TOKENS) + left
    key = stage.gateway.make_key(usd=limit / 1e9)
    prime.secret = key.secret
    stage.upstream.begin()
    stage.fire([trial], [prime])
    spent = bill(stage.rows(trial))
    stage.settle(key, spent)
    volley = stage.fire([trial], [stage.shot(trial, 0, key, max_tokens=cap, text=text,
                                             node=stage.any_node(rng)) for cap in caps])
    after = bill(stage.rows(trial)) - spent
    return after / max(1, limit - spent), volley.statuses().get(200, 0)


class _Nobody:
    secret = ""


MONEY = Experiment("money", "600 requests, about 100 at once, plain and streamed, some 500s, then "
                   "small ones for the rest", ("money",), run_money)
LAST = Experiment("last", "$0.0001 and $0.001 left, then max_tokens 20,000, no cap at all, and both "
                  "at once", ("money",), run_last)
