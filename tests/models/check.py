#!/usr/bin/env python3
"""Runs the model of shared limits through spin: as it stands nothing may fail, in no order of events;
with any one of its rules left out, something must."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

MODEL = os.path.join(os.path.dirname(os.path.abspath(__file__)), "limits.pml")


def verify(directory, rule=None):
    """(failed, states): whether an assertion can be violated, or all come to a stop before the end."""
    options = [f"-D{rule}"] if rule else []
    subprocess.run(["spin", "-a", *options, MODEL], cwd=directory, check=True, capture_output=True)
    subprocess.run(["cc", "-O2", "-w", "-DSAFETY", "-DVECTORSZ=2048", "-o", "pan", "pan.c"],
                   cwd=directory, check=True)
    out = subprocess.run(["./pan", "-m1000000"], cwd=directory, capture_output=True, text=True,
                         timeout=300, check=False).stdout
    errors = re.search(r"errors: (\d+)", out)
    states = re.search(r"(\d+) states, stored", out)
    assert errors and states, out[-2000:]
    assert "search depth too small" not in out and "out of memory" not in out, out[-2000:]
    return int(errors.group(1)) > 0, int(states.group(1)), out


def main():
    with open(MODEL, encoding="utf-8") as file:
        rules = sorted(set(re.findall(r"BREAK_[A-Z_]+(?<!_)", file.read())) - {"BREAK"})
    with tempfile.TemporaryDirectory() as directory:
        failed, states, out = verify(directory)
        print(f"as it stands: {states} states, {'FAILS' if failed else 'holds'}")
        if failed:
            print(out[:3000])
            shutil.copy(MODEL, directory)
            trail = subprocess.run(["spin", "-t", "-p", "-g", "limits.pml"], cwd=directory,
                                   capture_output=True, text=True, check=False)
            print(trail.stdout[-6000:])
            return 1
        caught = 0
        for rule in rules:
            failed, states, _ = verify(directory, rule)
            print(f"{rule}: {'caught' if failed else 'NOT CAUGHT'} ({states} states)")
            caught += failed
    print(f"{len(rules)} broken variants, {caught} caught")
    return 0 if caught == len(rules) >= 7 else 1


if __name__ == "__main__":
    sys.exit(main())
