#!/usr/bin/env python3
"""The targets that come with deepseek-bench: ours hold what they declare, a gateway of one's own takes
a description of a few lines, and every description can be read."""
import concurrent.futures
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile

from faults_test import ROOT, bench

sys.path.insert(0, os.path.join(ROOT, "bench"))
from enforce.target import read  # noqa: E402
from harness import run  # noqa: E402


def changed(path, to, before, after):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    assert before in text
    with open(to, "w", encoding="utf-8") as file:
        file.write(text.replace(before, after))


def ours_hold():
    """embedded: every experiment that does not need minutes; three nodes on one Redis: the money"""
    asked = [("money", "last", "dropped", "killed", "concurrency", "revoked", "narrowed", "--target", "embedded"),
             ("money", "revoked", "concurrency", "--target", "redis")]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:  # they mostly wait
        for status, found, text in pool.map(lambda words: bench(*words), asked):
            assert status == 0 and all(t["verdict"] == "held" for trials in found.values() for t in trials), text


def a_gateway_of_ones_own():
    """nginx with Lua and Redis: its bucket holds, and what it does not limit is skipped, not judged"""
    with tempfile.TemporaryDirectory(prefix="enforce.") as place:
        name = "nginx-lua-redis"  # with a burst that is used up in seconds
        shutil.copytree(os.path.join(ROOT, "bench", "targets", name), os.path.join(place, name))
        changed(os.path.join(ROOT, "bench", "targets", name + ".toml"), os.path.join(place, name + ".toml"),
                "burst_requests = 60", "burst_requests = 6")
        script = os.path.join(place, name, "bucket.lua")
        changed(script, script, "= 1, 60,", "= 1, 6,")
        status, found, text = bench("rpm", "boundary", "money", "--target", os.path.join(place, name + ".toml"),
                                    "--window", "6")
    assert status == 0, text
    assert {name: trials[0]["verdict"] for name, trials in found.items()} == {
        "rpm": "held", "boundary": "held", "money": "skipped"}, text


def descriptions_can_be_read():
    """and the examples stay short"""
    paths = glob.glob(os.path.join(ROOT, "bench", "targets", "*.toml"))
    assert len(paths) == 7, paths
    for path in paths:
        read(path)
    for name in ("litellm", "one-api", "agentgateway", "nginx-lua-redis"):
        with open(os.path.join(ROOT, "bench", "targets", name + ".toml"), encoding="utf-8") as file:
            assert len(file.readlines()) < 30, name


def results_side_by_side():
    """compare writes Markdown, HTML and SVG of two results"""
    with tempfile.TemporaryDirectory(prefix="enforce.") as place:
        trial = {"experiment": "revoked", "seed": 1, "verdict": "held", "skipped": "", "behind": "", "checks": [],
                 "figures": {"late": 0, "latest ms after": 1.5}, "series": {}}
        for name, verdict in (("a", "held"), ("b", "passed")):
            with open(os.path.join(place, name + ".json"), "w", encoding="utf-8") as file:
                json.dump({"format": "deepseek-bench enforce 1", "target": f"gateway <{name}>", "note": "", "nodes": 1,
                           "seeds": [1], "began": "2026-11-23T00:00:00Z", "machine": "m",
                           "limits": {"requests": 60, "tokens": 1, "usd": 1, "concurrent": 5, "window_s": 60},
                           "trials": [{**trial, "verdict": verdict}]}, file)
        done = subprocess.run([sys.executable, os.path.join(ROOT, "bench", "deepseek-bench"), "compare", "a.json", "b.json",
                               "--out", "both"], cwd=place, capture_output=True, text=True, check=True)
        assert "PASSED A BOUND" in done.stdout and "gateway <b>" in done.stdout
        with open(os.path.join(place, "both.html"), encoding="utf-8") as file:
            text = file.read()
        assert "gateway &lt;b&gt;" in text and "gateway <b>" not in text and "<svg" in text
        assert os.path.getsize(os.path.join(place, "both.svg")) > 100


if __name__ == "__main__":
    run([descriptions_can_be_read, results_side_by_side, a_gateway_of_ones_own, ours_hold])
