"""The command line of deepseek-bench: reads it, runs experiments one after the other, prints, and ends
with the status that a CI job wants."""
import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
import time

from . import capacity, compare, load, report
from .experiments import ALL
from .experiments.stage import Sizes, Stage, tell
from .gateway import Gateway
from .places import TARGETS
from .processes import Failed
from .target import Wrong, read
from .upstream import Upstream
from .verdict import EXIT_USAGE, EXIT_VOID, Trial, exit_status


def options(words):
    parser = argparse.ArgumentParser(
        prog="deepseek-bench", description="Judges a gateway's limits by what its upstream billed.",
        epilog="Exit status: 0 every declared bound held, 1 one was passed, 2 wrong usage or a target "
               "that does not work, 3 no verdict (the load generator fell behind).")
    commands = parser.add_subparsers(dest="command", required=True)
    enforce = commands.add_parser("enforce", help="run experiments against one gateway")
    enforce.add_argument("experiments", nargs="*", metavar="EXPERIMENT",
                         help=f"of {', '.join(ALL)}; none: all")
    enforce.add_argument("--target", required=True, metavar="FILE.toml",
                         help="how to reach the gateway; or a name in bench/targets")
    enforce.add_argument("--seeds", type=int, default=3, help="trials of each experiment (3)")
    enforce.add_argument("--seed", type=int, help="only this one")
    enforce.add_argument("--at-once", type=int, metavar="SEEDS",
                         help="of an experiment that waits for minutes, so many seeds side by side (all)")
    enforce.add_argument("--window", type=float, metavar="S",
                         help="seconds that a limit counts for (60); a bucket can be measured faster")
    enforce.add_argument("--nodes", type=int, help="so many gateways on one store")
    enforce.add_argument("--late-ms", type=float, default=100,
                         help="a request that leaves later than this is behind schedule (100)")
    enforce.add_argument("--json", metavar="OUT", help="write all that was found")
    enforce.add_argument("--keep", action="store_true", help="leave logs and data in place")
    compare_ = commands.add_parser("compare", help="put results side by side")
    compare_.add_argument("results", nargs="+", metavar="A.json")
    compare_.add_argument("--out", default="comparison", metavar="NAME",
                          help="NAME.md, NAME.html and NAME.svg (comparison)")
    commands.add_parser("capacity", help="how many requests a second this machine can offer")
    return parser.parse_args(words)


def target_file(name):
    return name if os.path.exists(name) or "/" in name else os.path.join(
        TARGETS, name if name.endswith(".toml") else name + ".toml")


def sizes_for(target, window):
    sizes = Sizes(window_s=target.declared.get("window_s", window or 60))
    if window and window != sizes.window_s:
        raise Wrong(f"--window: this target's is {sizes.window_s:g} s (declared.window_s)")
    if "rpm" in target.limits:
        sizes.requests = round(target.limits["rpm"] * sizes.window_s / 60)
    if "tpm" in target.limits:
        sizes.tokens = round(target.limits["tpm"] * sizes.window_s / 60)
    sizes.usd = target.limits.get("money", sizes.usd)
    sizes.concurrent = target.limits.get("concurrent", sizes.concurrent)
    return sizes


def run_one(experiment, target, chosen, seeds, trials):
    """One experiment on a gateway and an upstream of its own; appends to `trials` as they come."""
    lacking = target.lacks(*experiment.needs)
    if lacking:
        trials.append(Trial(experiment.name, 0, skipped=lacking))
        tell(f"{experiment.name}: skipped, the target has {lacking}")
        return
    tell(f"{experiment.name}: {experiment.about}")
    directory = tempfile.mkdtemp(prefix="deepseek-bench-")
    os.chmod(directory, 0o755)  # a gateway's workers may run as another user
    upstream, gateway = None, None
    try:
        upstream = Upstream(directory, target.upstream)
        gateway = Gateway(target, upstream, directory)
        gateway.start()
        offers = load.Load(load.program(), gateway.urls(), target.path, target.headers,
                           chosen.late_ms / 1000)
        stage = Stage(target, gateway, upstream, offers, sizes_for(target, chosen.window), chosen.at_once)
        began = time.monotonic()
        for trial in experiment.run(stage, seeds):
            trials.append(trial)
            tell(f"  seed {trial.seed}: {report.one_line(trial)} ({time.monotonic() - began:.1f} s)")
            began = time.monotonic()
    finally:
        for each in (gateway, upstream):
            if each:
                each.stop()
        if chosen.keep:
            tell(f"  kept: {directory}")
        else:
            shutil.rmtree(directory, ignore_errors=True)


def enforce(chosen):
    unknown = [name for name in chosen.experiments if name not in ALL]
    if unknown:
        raise Wrong(f"{unknown[0]}: no such experiment; one of {', '.join(ALL)}")
    target = read(target_file(chosen.target), chosen.nodes)
    sizes = sizes_for(target, chosen.window)
    seeds = [chosen.seed] if chosen.seed is not None else list(range(1, chosen.seeds + 1))
    trials, began, status = [], time.time(), None
    try:
        for name in chosen.experiments or ALL:
            run_one(ALL[name], target, chosen, seeds, trials)
    except KeyboardInterrupt:
        tell("interrupted: what was found so far")
        status = 128 + signal.SIGINT
    except Failed as problem:
        tell(f"deepseek-bench: {problem}")
        status = EXIT_USAGE
    found = report.document(target, sizes, seeds, trials, began)
    print(report.table(found))
    if chosen.json:
        with open(chosen.json, "w", encoding="utf-8") as file:
            json.dump(found, file, indent=1)
    verdict = exit_status(trials) if trials else EXIT_VOID
    return verdict if status is None or verdict == 1 else status


def main(words):
    chosen = options(words)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if chosen.command == "compare":
            return compare.main(chosen.results, chosen.out)
        if chosen.command == "capacity":
            return capacity.main()
        return enforce(chosen)
    except (Wrong, Failed) as problem:
        print(f"deepseek-bench: {problem}", file=sys.stderr)
        return EXIT_USAGE
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
