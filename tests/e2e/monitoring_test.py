#!/usr/bin/env python3
"""What deploy/monitoring asks for is what the proxy exports: Prometheus's own tool reads rules and
metrics, and every metric named in rules and panels exists."""
import json
import os
import re
import subprocess

from harness import request, run, stack

ROOT = os.environ.get("SOURCE_DIR") or os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
PLACE = os.path.join(ROOT, "deploy", "monitoring")


def read(name):
    with open(os.path.join(PLACE, name), encoding="utf-8") as file:
        return file.read()


def named_in(text):
    return set(re.findall(r"deepseek_proxy_[a-z_]+", text))


def rules_and_panels():
    """promtool accepts the rules and the exposition; nothing is asked for that is not there"""
    done = subprocess.run(["promtool", "check", "rules", os.path.join(PLACE, "alerts.yml")],
                          capture_output=True, text=True)
    assert done.returncode == 0 and "13 rules found" in done.stdout, done
    with stack() as (_, proxy):
        key = proxy.create_key("seen", rate_limits={"requests_per_minute": 1})
        proxy.chat(key["key"])
        proxy.chat(key["key"])
        exported = request(proxy.admin_port, "GET", "/metrics")[2].decode()
    done = subprocess.run(["promtool", "check", "metrics"], input=exported, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    known = named_in(exported)
    for name in ("alerts.yml", "grafana.json"):
        assert named_in(read(name)) <= known, named_in(read(name)) - known
    labels = set(re.findall(r"\{([a-z]+)=", exported))
    for label in re.findall(r"by \(([a-z]+)\)", read("grafana.json")):
        assert label in labels | {"instance"}, label


def panels_are_complete():
    """every panel has a question and a place of its own"""
    panels = json.loads(read("grafana.json"))["panels"]
    places = [tuple(p["gridPos"].values()) for p in panels]
    assert len(set(places)) == len(panels) >= 10 and all(p["targets"][0]["expr"] for p in panels)


if __name__ == "__main__":
    run([rules_and_panels, panels_are_complete])
