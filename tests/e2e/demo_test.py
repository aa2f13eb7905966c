#!/usr/bin/env python3
"""deploy/demo: real traffic on a clock that moves; figures agree wherever they are read."""
import json
import os
import subprocess
import sys
import tempfile

from harness import BUILD, eventually, run

ROOT = os.environ.get("SOURCE_DIR") or os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


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
            usage = ask("usage", "--period", "7d")
            assert usage["dispatched"] == len(rows) > 300 and cost > 0, (usage, len(rows))
            sums = [ask("usage", key["id"], "--period", "7d") for key in keys]
            for name in ("requests", "tokens", "cost_nano_usd", "refused"):
                assert sum(each[name] for each in sums) == usage[name], name
        finally:
            program.terminate()
            program.wait(60)
        again = subprocess.run([sys.executable, os.path.join(ROOT, "deploy", "demo"), "--data-dir", place],
                               capture_output=True, text=True)
        assert again.returncode != 0 and "was not made by this program" in again.stderr, again
        assert os.path.exists(data)


if __name__ == "__main__":
    run([three_days])
