"""What every experiment stands on: marked requests, a volley, and the upstream's rows of a trial."""
import dataclasses
import random
import sys
import time

from ..load import Shot, latency_figures
from ..theory import Admitted
from ..verdict import Trial


@dataclasses.dataclass(frozen=True)
class Experiment:
    name: str
    about: str
    needs: tuple  # of the target: rpm, tpm, money, concurrent, spend, revoke, narrow, kill
    run: object   # (stage, seeds) -> trials


@dataclasses.dataclass
class Sizes:
    """How much is asked for; the defaults are those of the published comparison."""
    requests: int = 60          # a limit of so many requests …
    tokens: int = 20_000        # … or tokens each window
    window_s: float = 60
    usd: float = 0.05
    concurrent: int = 5


class Stage:
    def __init__(self, target, gateway, upstream, load, sizes, at_once=None):
        self.target, self.gateway, self.upstream = target, gateway, upstream
        self.load, self.sizes = load, sizes
        self._at_once = at_once
        self._marks = 0

    def groups(self, seeds):
        """Those that run side by side."""
        seeds = list(seeds)
        size = self._at_once or max(1, len(seeds))
        return [seeds[i:i + size] for i in range(0, len(seeds), size)]

    def trial(self, name, seed):
        """A trial, and chance that depends on experiment and seed alone."""
        return Trial(name, seed), random.Random(f"{name} {seed}")

    def shot(self, trial, at, key, *, max_tokens=None, text="", leave_after=None, node=0, **fields):
        self._marks += 1
        mark = f"#{trial.experiment}-{trial.seed}-{self._marks}"
        body = {"model": self.target.model, **fields,
                "messages": [{"role": "user", "content": f"{mark} {text}"}]}
        if max_tokens is not None:
            body["max_tokens"] = max_tokens
        return Shot(at, body, key.secret, node, leave_after, mark)

    def any_node(self, rng):
        return rng.randrange(self.target.nodes)

    def fire(self, trials, shots, actions=(), **options):
        """Offers the shots; a schedule that was not kept leaves all of `trials` without verdict."""
        volley = self.load.fire(shots, actions, **options)
        for trial in trials:
            trial.behind = trial.behind or volley.behind(self.load.late_s)
            own = f"#{trial.experiment}-{trial.seed}-"
            mine = [o for o in volley.outcomes if o.shot.mark.startswith(own)]
            spans = [o.end - o.intended for o in mine if o.how == "done" and o.status == 200]
            trial.figures.setdefault("latency", latency_figures(spans))
            count = trial.figures.setdefault("statuses", {})
            for outcome in mine:
                count[str(outcome.status)] = count.get(str(outcome.status), 0) + 1
        return volley

    def rows(self, trial):
        """What of this trial arrived upstream, once it is all over."""
        own = f"#{trial.experiment}-{trial.seed}-"
        return [r for r in self.upstream.quiet() if r["mark"].startswith(own)]

    def settle(self, key, bill_nano):
        """Waits until the books are final."""
        if "spend" in self.target.keys:
            self.gateway.settled_nano(key, bill_nano)
        else:
            time.sleep(self.target.settled_s)  # tidy: allowed

    def unlimited(self):
        """A key that no limit of this experiment's stops."""
        return self.gateway.make_key()


def admitted(volley, rows, size=lambda row: 1):
    """The arrivals with the instants their clients sent them."""
    sent = {o.shot.mark: o.sent for o in volley.outcomes}
    return [Admitted(sent[r["mark"]], r["arrived_us"] / 1e6, size(r)) for r in rows
            if sent.get(r["mark"]) is not None]


def thinned(points, most=200):
    """At most so many points of a curve, its last among them."""
    step = max(1, len(points) // most)
    kept = points[::step]
    return kept if not points or kept[-1] == points[-1] else kept + [points[-1]]


def tell(text):
    print(text, file=sys.stderr, flush=True)
