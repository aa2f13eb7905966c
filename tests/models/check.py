#!/usr/bin/env python3
"""Runs the models of shared limits through spin: as they stand nothing may fail, in no order of events;
with any one of their rules left out, something must."""
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
RULES = {"limits.pml": 7, "lease.pml": 6, "restore.pml": 8}  # at least so many that can be left out


def verify(directory, model, rule=None):
    """(failed, states, output): whether an assertion can be violated, or all come to a stop before the end."""
    options = [f"-D{rule}"] if rule else []
    subprocess.run(["spin", "-a", *options, model], cwd=directory, check=True, capture_output=True)
    subprocess.run(["cc", "-O1" if rule else "-O2", "-w", "-DSAFETY", "-DVECTORSZ=2048", "-o", "pan", "pan.c"],
                   cwd=directory, check=True)
    out = subprocess.run(["./pan", "-m1000000"], cwd=directory, capture_output=True, text=True,
                         timeout=300, check=False).stdout
    errors = re.search(r"errors: (\d+)", out)
    states = re.search(r"(\d+) states, stored", out)
    assert errors and states, out[-2000:]
    assert "search depth too small" not in out and "out of memory" not in out, out[-2000:]
    return int(errors.group(1)) > 0, int(states.group(1)), out


def check(directory, name, rules_min):
    model = os.path.join(HERE, name)
    with open(model, encoding="utf-8") as file:
        rules = sorted(set(re.findall(r"BREAK_[A-Z_]+(?<!_)", file.read())) - {"BREAK"})
    failed, states, out = verify(directory, model)
    print(f"{name} as it stands: {states} states, {'FAILS' if failed else 'holds'}", flush=True)
    if failed:
        trail = subprocess.run(["spin", "-t", "-p", "-g", model], cwd=directory, capture_output=True, text=True,
                               check=False)
        print(out[:3000], trail.stdout[-6000:])
        return False
    caught = 0
    for rule in rules:
        failed, states, _ = verify(directory, model, rule)
        print(f"  {rule}: {'caught' if failed else 'NOT CAUGHT'} ({states} states)", flush=True)
        caught += failed
    print(f"  {len(rules)} broken variants, {caught} caught", flush=True)
    return caught == len(rules) >= rules_min


def main():
    with tempfile.TemporaryDirectory() as directory:
        sound = [check(directory, name, rules_min) for name, rules_min in RULES.items()]
    return 0 if all(sound) else 1


if __name__ == "__main__":
    sys.exit(main())
