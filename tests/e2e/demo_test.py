#!/usr/bin/env python3
"""deploy/demo: real traffic on a clock that moves; figures agree wherever they are read."""
import csv
import io
import json
import os
import re
import subprocess
import sys
import tempfile

from harness import BUILD, eventually, request, run

ROOT = os.environ.get("SOURCE_DIR") or os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


def everywhere(tool, ask, rows, keys):
    """The same figures, to the nano-dollar, from what the page reads, the exports, the command line, the Python
    client and, of what this process has seen itself, Prometheus."""
    with open(os.path.join(tool[2], "admin.url"), encoding="utf-8") as file:
        port = int(file.read().strip().rsplit(":", 1)[1])
    with open(os.path.join(tool[2], "admin.key"), encoding="utf-8") as file:
        secret = file.read().strip()

    def page(path):
        status, _, data = request(port, "GET", path, None, {"Authorization": "Bearer " + secret})
        assert status == 200, (path, status)
        return json.loads(data)
    cost = sum(row["cost_nano_usd"] for row in rows)
    of_key = {key["id"]: sum(row["cost_nano_usd"] for row in rows if row["key_id"] == key["id"]) for key in keys}
    overview = page("/v1/usage?period=7d")
    days = page("/v1/usage/series?granularity=daily")["series"]
    top = page("/v1/usage/keys?period=7d&limit=1000")["keys"]
    assert overview["cost_nano_usd"] == sum(day["cost_nano_usd"] for day in days) == cost
    assert {row["key_id"]: row["cost_nano_usd"] for row in top if row["cost_nano_usd"]} == {
        key: spent for key, spent in of_key.items() if spent}
    for part in ("by_model", "by_feature"):
        assert sum(each["cost_nano_usd"] for each in overview[part]) == cost, part
    assert sum(overview["by_ending"].values()) == len(rows) == overview["latency"]["total_ms"]["count"]
    assert sum(overview["by_status"].values()) == overview["requests"]
    def hours():
        exported = subprocess.run([*tool[:3], "export", "--what", "usage"], capture_output=True, text=True, check=True)
        return list(csv.DictReader(io.StringIO(exported.stdout)))
    assert sum(int(row["cost_nano"]) for row in hours()) == cost
    # The last refusals may be told in between.
    eventually(lambda: sum(int(row["requests"]) for row in hours()) == ask("usage", "--period", "7d")["requests"],
               "an export's requests are those of the usage")
    sys.path.insert(0, os.path.join(ROOT, "deploy", "python", "src"))
    from deepseek import DeepSeekClient
    client = DeepSeekClient(api_key=secret, admin_url=f"http://127.0.0.1:{port}")
    for key in keys:
        told = client.keys.get_usage(key["id"], period="7d")
        series = client.keys.get_detailed_usage(key["id"])
        assert told.cost_nano_usd == of_key[key["id"]] == sum(day.cost_nano_usd for day in series), key["name"]
        assert told.latency.total_ms.count == sum(day.latency.total_ms.count for day in series)
    metrics = request(port, "GET", "/metrics")[2].decode()
    metric = lambda name: sum(float(line.rsplit(" ", 1)[1]) for line in metrics.splitlines()
                              if re.match(rf"deepseek_proxy_{name}([{{ ])", line))
    # Those of this process: the ones that ended since it began, by their count.
    mine = sorted(rows, key=lambda row: row["ended_ms"])[-int(metric("endings_total")):]
    assert metric("settled_nano_usd_total") == sum(row["cost_nano_usd"] for row in mine) > 0
    assert metric("request_seconds_count") == len(mine)
    assert metric("tokens_total") == sum(row["cached_tokens"] + row["prompt_tokens"] + row["output_tokens"] +
                                         row["reasoning_tokens"] for row in mine)


def three_days():
    """page, command line and ledger give the same sums, and every day has its traffic"""
    with tempfile.TemporaryDirectory(prefix="demo.") as place:
        data = os.path.join(place, "data")
        program = subprocess.Popen([sys.executable, os.path.join(ROOT, "deploy", "demo"), "--days", "3", "--port", "0",
                                    "--data-dir", data], stdout=subprocess.PIPE, text=True)
        try:
            for line in program.stdout:
                if "Page:" in line:
                    break
            else:
                raise AssertionError("it ended")
            tool = [os.path.join(BUILD, "deepseek"), "--data-dir", data, "--json"]
            ask = lambda *words: json.loads(subprocess.run([*tool, *words], capture_output=True, text=True, check=True).stdout)
            keys = ask("keys", "list")
            assert len(keys) == 12
            rows = [json.loads(line) for line in subprocess.run(
                [*tool[:3], "ledger"], capture_output=True, text=True, check=True).stdout.splitlines()]
            cost = sum(row["cost_nano_usd"] for row in rows)
            eventually(lambda: ask("usage", "--period", "7d")["cost_nano_usd"] == cost, "the ledger's cost in the sums")
            sums_of = lambda: (ask("usage", "--period", "7d"), [ask("usage", key["id"], "--period", "7d") for key in keys])
            names = ("requests", "tokens", "cost_nano_usd", "refused")
            # Refusals are counted and told by the half second.
            eventually(lambda: (lambda all_, each: all(sum(e[n] for e in each) == all_[n] for n in names))(*sums_of()),
                       "the sums of all keys are those of each")
            usage = ask("usage", "--period", "7d")
            assert usage["dispatched"] == len(rows) > 300 and cost > 0, (usage, len(rows))
            everywhere(tool, ask, rows, keys)
        finally:
            program.terminate()
            program.wait(60)
        again = subprocess.run([sys.executable, os.path.join(ROOT, "deploy", "demo"), "--data-dir", place],
                               capture_output=True, text=True)
        assert again.returncode != 0 and "was not made by this program" in again.stderr, again
        assert os.path.exists(data)


if __name__ == "__main__":
    run([three_days])
