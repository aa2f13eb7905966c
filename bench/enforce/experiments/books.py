"""Whether all that was billed is on the books: streams that clients leave, and a gateway killed."""
import json
import time
import urllib.request

from ..upstream import bill
from ..verdict import Check
from .stage import Experiment

DROPPED_STREAMS = 200
DROPPED_S = 1.5
KILLED_RATE, KILLED_S = 100, 2.5
AMPLE_USD = 50
AFTERWARDS = 20


def compare_books(stage, trial, key, rows):
    spent = bill(rows)
    books = stage.gateway.settled_nano(key, spent)
    missing = max(0, spent - books)
    trial.checks.append(Check("billed and not on the books", missing, 0, "nano-dollars"))
    trial.figures |= {"missing": missing / max(1, spent), "missing nano": missing,
                      "booked beyond the bill": max(0, books - spent) / max(1, spent)}


def ample_key(stage):
    if stage.target.can_limit("money"):
        return stage.gateway.make_key(usd=AMPLE_USD)
    return stage.unlimited()


def run_dropped(stage, seeds):
    for seed in seeds:
        trial, rng = stage.trial("dropped", seed)
        key = ample_key(stage)
        stage.upstream.begin()
        stage.upstream.configure(ttft_ms=20, token_delay_ms=4, chunk_tokens=20)
        shots = [stage.shot(trial, rng.uniform(0, DROPPED_S), key, node=stage.any_node(rng),
                            max_tokens=500, stream=True, leave_after=rng.randint(1, 600))
                 for _ in range(DROPPED_STREAMS)]
        volley = stage.fire([trial], shots)
        trial.figures["left"] = sum(o.how == "left" for o in volley.outcomes)
        compare_books(stage, trial, key, stage.rows(trial))
        yield trial


class Killing:
    """Kills a node, starts it again, and measures until it answers a request."""

    def __init__(self, stage, trial, node, probe):
        self.stage, self.node = stage, node
        self.shot = stage.shot(trial, 0, probe, max_tokens=1)
        self.shot.body["messages"][0]["content"] = "Are you there?"  # no mark: not of the trial
        self.seconds, self.killed_at, self.problem = 0.0, 0.0, None

    def __call__(self):
        try:
            self.killed_at = time.monotonic()
            self.stage.gateway.kill_node(self.node)
            began = time.monotonic()
            self.stage.gateway.revive_node(self.node)
            while not self._served():
                if time.monotonic() - began > self.stage.target.serving_s:
                    raise TimeoutError("it does not serve after its restart")
                time.sleep(0.005)  # tidy: allowed
            self.seconds = time.monotonic() - began
        except Exception as problem:  # noqa: BLE001: reported when the volley is over
            self.problem = problem

    def _served(self):
        url = self.stage.gateway.urls()[self.node].rstrip("/")
        headers = {name: text.replace("{secret}", self.shot.secret)
                   for name, text in self.stage.load.headers.items()}
        request = urllib.request.Request(url + self.stage.load.path,
                                         json.dumps(self.shot.body).encode(), method="POST",
                                         headers={"Content-Type": "application/json", **headers})
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False


def run_killed(stage, seeds):
    probe = ample_key(stage)
    for seed in seeds:
        trial, rng = stage.trial("killed", seed)
        key = ample_key(stage)
        stage.upstream.begin()
        stage.upstream.configure(ttft_ms=100)
        shots = [stage.shot(trial, i / KILLED_RATE, key, node=stage.any_node(rng),
                            max_tokens=rng.randint(50, 400), **({"stream": True} if i % 2 else {}))
                 for i in range(int(KILLED_S * KILLED_RATE))]
        killing = Killing(stage, trial, stage.any_node(rng), probe)
        stage.fire([trial], shots, [(rng.uniform(0.8, 1.8), killing)], patience_s=20)
        if killing.problem:
            raise killing.problem
        trial.figures["restart s"] = killing.seconds
        bound = stage.target.declared.get("serving_s")
        if bound:
            trial.checks.append(Check("seconds from its start until it serves", killing.seconds, bound))
        judge_killed(stage, trial, key)
        yield trial


def judge_killed(stage, trial, key):
    if "spend" in stage.target.keys:
        compare_books(stage, trial, key, stage.rows(trial))
    else:
        stage.settle(key, 0)
    stage.upstream.configure()
    volley = stage.fire([trial], [stage.shot(trial, i / 20, key, max_tokens=1,
                                             node=i % stage.target.nodes) for i in range(AFTERWARDS)])
    locked = AFTERWARDS - volley.statuses().get(200, 0)
    trial.figures["locked out"] = locked
    trial.checks.append(Check("refused after the restart, with budget left", locked, 0))


DROPPED = Experiment("dropped", "200 streams left by their clients after the first bytes: what of the "
                     "bill is not on the books", ("spend",), run_dropped)
KILLED = Experiment("killed", "SIGKILL in mid-load: what of the bill is not on the books, who is "
                    "locked out, and how soon it serves again", ("kill", "spend"), run_killed)
