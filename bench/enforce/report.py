"""What is printed and written: a line while it runs, a table at the end, one JSON document. Pure."""
import platform
import time

from .experiments import ALL
from .verdict import HELD, PASSED, SKIPPED, VOID, figure

# Figures that tell most, by experiment: (name, how it is written, its heading).
SHARE, PERCENT, PLAIN = "{:.3f}", "{:.1%}", "{}"
HEADLINES = {
    "money": [("bill ÷ limit", SHARE, "bill ÷ limit"), ("over nano", PLAIN, "over, nano-dollars"),
              ("usable", PERCENT, "usable")],
    "last": [("bill ÷ left", SHARE, "bill ÷ what was left")],
    "dropped": [("missing", PERCENT, "missing from the books"),
                ("booked beyond the bill", PERCENT, "booked beyond the bill")],
    "rpm": [("most in a window", PLAIN, "most in a window"), ("over", PLAIN, "over the bound"),
            ("usable", PERCENT, "usable")],
    "boundary": [("most in a twelfth", PLAIN, "most in a twelfth of a window"),
                 ("over", PLAIN, "over the bound")],
    "tpm": [("most in a window", PLAIN, "most tokens in a window"), ("over", PLAIN, "over the bound"),
            ("usable", PERCENT, "usable")],
    "killed": [("missing", PERCENT, "missing from the books"), ("locked out", PLAIN, "locked out"),
               ("restart s", "{:.2f}", "s until it serves")],
    "concurrency": [("most at once", PLAIN, "most in flight"),
                    ("slots lost after clients left", PLAIN, "lost when clients leave"),
                    ("slots lost after a kill", PLAIN, "lost at a kill")],
    "revoked": [("late", PLAIN, "arrivals too late"), ("latest ms after", "{:.1f}", "last one after, ms")],
    "narrowed": [("late", PLAIN, "arrivals too late"),
                 ("latest ms after", "{:.1f}", "last one after, ms")],
}
WORDS = {HELD: "held", PASSED: "PASSED A BOUND", VOID: "no verdict", SKIPPED: "skipped"}


def written(value, shape):
    return figure(value) if shape == PLAIN else shape.format(value)


def span(values, shape):
    """The smallest and the largest, as one text."""
    low, high = written(min(values), shape), written(max(values), shape)
    return low if low == high else f"{low} – {high}"


def headlines(name, trials):
    """[(heading, text)] over all trials of an experiment."""
    out = []
    for figure_name, shape, heading in HEADLINES[name]:
        values = [t["figures"][figure_name] for t in trials if figure_name in t["figures"]]
        if values:
            out.append((heading, span(values, shape)))
    return out


def one_line(trial):
    found = ", ".join(f"{heading} {text}" for heading, text in
                      headlines(trial.experiment, [{"figures": trial.figures}]))
    failures = "".join(f"\n      {c.words()}" for c in trial.failures())
    behind = f"\n      {trial.behind}" if trial.behind else ""
    return f"{WORDS[trial.verdict]}: {found}{failures}{behind}"


def document(target, sizes, seeds, trials, began):
    """Everything, as --json writes it."""
    return {"format": "deepseek-bench enforce 1", "target": target.name, "note": target.note,
            "nodes": target.nodes, "seeds": seeds, "began": time.strftime(
                "%Y-%m-%dT%H:%M:%SZ", time.gmtime(began)),
            "machine": f"{platform.machine()}, {platform.system()} {platform.release()}",
            "limits": {"requests": sizes.requests, "tokens": sizes.tokens, "usd": sizes.usd,
                       "concurrent": sizes.concurrent, "window_s": sizes.window_s},
            "trials": [t.as_json() for t in trials]}


def by_experiment(found):
    """{name: trials}, in the order of the experiments."""
    names = [name for name in ALL if any(t["experiment"] == name for t in found["trials"])]
    return {name: [t for t in found["trials"] if t["experiment"] == name] for name in names}


def verdict(trials):
    verdicts = [t["verdict"] for t in trials]
    return next(v for v in (PASSED, VOID, HELD, SKIPPED) if v in verdicts)


def cells(name, trials):
    """(verdict, what was found) of one experiment."""
    if trials[0]["skipped"]:
        return WORDS[SKIPPED], trials[0]["skipped"]
    passed = sum(t["verdict"] == PASSED for t in trials)
    word = WORDS[verdict(trials)] + (f" ({passed} of {len(trials)})" if passed else "")
    return word, "; ".join(f"{heading} {text}" for heading, text in headlines(name, trials))


def table(found):
    limits = found["limits"]
    lines = [f"\n{found['target']}: {limits['requests']:,} requests and {limits['tokens']:,} tokens a "
             f"window of {limits['window_s']:g} s, ${limits['usd']:g}, {limits['concurrent']} at once; "
             f"{len(found['seeds'])} seeds; judged by the upstream's bill\n",
             "| experiment | verdict | found (least – most of all seeds) |", "|---|---|---|"]
    for name, trials in by_experiment(found).items():
        lines.append("| " + " | ".join((name, *cells(name, trials))) + " |")
    failed = [(t, c) for t in found["trials"] for c in t["checks"] if not c["held"]]
    if failed:
        lines.append("")
        lines += [f"{t['experiment']}, seed {t['seed']}: {c['name']}: {figure(c['found'])}, "
                  f"{'at least' if c['floor'] else 'at most'} {figure(c['bound'])} {c['unit']}"
                  for t, c in failed[:20]]
    lines += [f"{t['experiment']}, seed {t['seed']}: no verdict: {t['behind']}"
              for t in found["trials"] if t["behind"]][:10]
    return "\n".join(lines)
