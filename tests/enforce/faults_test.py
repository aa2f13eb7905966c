#!/usr/bin/env python3
"""deepseek-bench names what is broken: a gateway whose limits hold passes every experiment, and each
of seven faults is found by the right one. ENFORCE_SEEDS sets how many seeds (1; 20 takes a quarter of an hour)."""
import concurrent.futures
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
from harness import run  # noqa: E402

SEEDS = os.environ.get("ENFORCE_SEEDS", "1")
NAMED_BY = {"check_then_add": "money", "jumping_window": "boundary", "shrunk_reservation": "last",
            "booked_at_the_end": "dropped", "flushed_each_second": "killed",
            "leaked_slots": "concurrency", "cached_revocation": "revoked"}


def bench(*words, fault=""):
    """once(), again where the machine was too busy for a verdict"""
    for _ in range(4):
        found = once(words, fault)
        if found[0] != 3:
            break
    return found


def once(words, fault):
    """(exit status, {experiment: its trials}, all that was printed)"""
    with tempfile.TemporaryDirectory(prefix="enforce.") as place:
        out = os.path.join(place, "found.json")
        done = subprocess.run(
            [sys.executable, os.path.join(ROOT, "bench", "deepseek-bench"), "enforce", *words,
             "--seeds", SEEDS, "--at-once", "4", "--json", out], capture_output=True, text=True, timeout=1200,
            env={**os.environ, "GATEWAY_FAULT": fault})
        found = {}
        if os.path.exists(out):
            with open(out, encoding="utf-8") as file:
                for trial in json.load(file)["trials"]:
                    found.setdefault(trial["experiment"], []).append(trial)
        return done.returncode, found, done.stdout + done.stderr


def on_the_reference(*experiments, fault=""):
    return bench(*experiments, "--target", os.path.join(HERE, "gateway.toml"), "--window", "3", fault=fault)


def nothing_is_wrong_with_what_is_right():
    """the reference gateway holds every bound"""
    status, found, text = on_the_reference()
    assert status == 0 and len(found) == 10, text
    assert all(t["verdict"] == "held" and t["checks"] for trials in found.values() for t in trials), text


def each_fault_is_named():
    """by its experiment, in every trial"""
    with concurrent.futures.ThreadPoolExecutor(3) as pool:  # they mostly wait for windows to end
        all_found = pool.map(lambda it: on_the_reference(it[1], fault=it[0]), NAMED_BY.items())
    for (fault, experiment), (status, found, text) in zip(NAMED_BY.items(), all_found):
        verdicts = [t["verdict"] for t in found[experiment]]
        print(f"     {fault}: {experiment}: {verdicts}")
        assert status == 1 and set(verdicts) == {"passed"}, text


def wrong_words_are_refused():
    """status 2 and what to write instead"""
    for words, said in ((("flood", "--target", "embedded"), "no such experiment; one of money"),
                        (("--target", "/nowhere.toml"), "No such file"),
                        (("--target", "embedded", "--nodes", "x"), "invalid int value")):
        status, _, text = bench(*words)
        assert status == 2 and said in text, (words, status, text)
    # All that was asked for is something the target lacks: nothing was judged.
    status, found, _ = once(("--target", "nginx-lua-redis", "money"), "")
    assert status == 3 and found["money"][0]["verdict"] == "skipped", (status, found)


if __name__ == "__main__":
    run([nothing_is_wrong_with_what_is_right, each_fault_is_named, wrong_words_are_refused])
