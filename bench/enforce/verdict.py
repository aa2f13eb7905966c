"""What one trial of an experiment found, and what it means. Pure; knows no gateway."""
import dataclasses

HELD, PASSED, VOID, SKIPPED = "held", "passed", "void", "skipped"
EXIT_HELD, EXIT_PASSED, EXIT_USAGE, EXIT_VOID = 0, 1, 2, 3


@dataclasses.dataclass
class Check:
    """One declared bound: `found` must be at most `bound` (at least, if `floor`)."""
    name: str
    found: float
    bound: float
    unit: str = ""
    floor: bool = False
    at: float | None = None  # seconds into the trial, where that says something

    @property
    def held(self):
        return self.found >= self.bound if self.floor else self.found <= self.bound

    def words(self):
        sign = "at least" if self.floor else "at most"
        unit = f" {self.unit}" if self.unit else ""
        where = f", at {self.at:.2f} s" if self.at is not None else ""
        return f"{self.name}: {figure(self.found)}{unit}, {sign} {figure(self.bound)} declared{where}"


@dataclasses.dataclass
class Trial:
    """One run with one seed. `figures` are printed and compared; `checks` are judged."""
    experiment: str
    seed: int
    checks: list = dataclasses.field(default_factory=list)
    figures: dict = dataclasses.field(default_factory=dict)
    behind: str = ""   # why the load generator's schedule was not kept; then there is no verdict
    skipped: str = ""  # what the target lacks
    series: dict = dataclasses.field(default_factory=dict)  # for plots

    @property
    def verdict(self):
        if self.skipped:
            return SKIPPED
        if self.behind:
            return VOID
        return HELD if all(c.held for c in self.checks) else PASSED

    def failures(self):
        return [c for c in self.checks if not c.held]

    def as_json(self):
        return {**dataclasses.asdict(self), "verdict": self.verdict,
                "checks": [{**dataclasses.asdict(c), "held": c.held} for c in self.checks]}


def exit_status(trials):
    """1 where a declared bound was passed, else 3 where there is no verdict, else 0."""
    verdicts = {t.verdict for t in trials}
    if PASSED in verdicts:
        return EXIT_PASSED
    if VOID in verdicts or not verdicts - {SKIPPED}:
        return EXIT_VOID
    return EXIT_HELD


def figure(value):
    """A number as a person writes it."""
    if isinstance(value, (bool, str)) or value is None:
        return str(value)
    if isinstance(value, int) or float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:,.4f}" if abs(value) < 10 else f"{value:,.2f}"
