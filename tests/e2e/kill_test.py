#!/usr/bin/env python3
"""kill -9 in the middle of everything: what the upstream saw is what the ledger has, each once."""
import os
import random
import signal
import sys
import threading
import time

from harness import Proxy, Simulator, eventually, run, workspace
from load import chat_shot, fire_all, seeded

LIMIT = 2_000_000_000  # nano-dollars
ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 and sys.argv[1].isdigit() else 20


def check_books(simulator, proxy, key, unsent_max=0):
    """`unsent_max`: so often it may have died between the entry in the journal and the first byte upstream."""
    def everything_applied():
        usage = proxy.usage(key["id"])
        rows = [r for r in proxy.ledger() if r["dispatched"]]
        return usage["dispatched"] == len(rows) and usage["held_nano_usd"] == 0
    eventually(everything_applied, "roll-ups hold every row")
    rows = [r for r in proxy.ledger() if r["dispatched"]]
    seen = [r["request_id"] for r in simulator.requests()]
    ledger = [r["request_id"] for r in rows]
    assert len(ledger) == len(set(ledger)), "a request stands twice in the ledger"
    assert len(seen) == len(set(seen)), "a request went upstream twice"
    assert set(seen) <= set(ledger), (set(seen) - set(ledger))
    unsent = set(ledger) - set(seen)
    assert len(unsent) <= unsent_max, unsent
    assert all(r["ending"] == "interrupted" for r in rows if r["request_id"] in unsent), unsent
    bill = simulator.bill()["total_nano"]
    charged = proxy.usage(key["id"])["cost_nano_usd"]
    assert charged == sum(r["cost_nano_usd"] for r in rows), "roll-ups differ from rows"
    at_bound = sum(r["cost_nano_usd"] for r in rows if r["ending"] != "complete")
    assert bill <= charged <= bill + at_bound, (bill, charged, at_bound)
    assert bill <= LIMIT
    return len(rows), sum(r["ending"] == "interrupted" for r in rows)


def killed_under_load():
    """kill -9 in mid-load, again and again on the same data"""
    rng = seeded(int.from_bytes(os.urandom(4), "big"))
    with workspace() as directory:
        simulator = Simulator("--tokens", "bytes", "--prices", "table")
        try:
            simulator.config(greedy=True, ttft_ms=5)
            data, upstream = os.path.join(directory, "data"), f"http://127.0.0.1:{simulator.port}"
            proxy, key, slowest = Proxy(data, upstream), None, 0.0
            key = proxy.create_key(rate_limits={"monthly_spending_limit": LIMIT / 1e9})
            for _ in range(ROUNDS):
                shots = [chat_shot(rng, tokens=(10, 400)) for _ in range(300)]
                load = threading.Thread(target=fire_all, args=(proxy.port, key["key"], shots, 100))
                load.start()
                time.sleep(rng.uniform(0.02, 0.5))  # tidy: allowed (the moment of death is random)
                proxy.kill(signal.SIGKILL)
                load.join()
                began = time.monotonic()
                proxy = Proxy(data, upstream)
                slowest = max(slowest, time.monotonic() - began)
                quiet(simulator)
                rows, interrupted = check_books(simulator, proxy, key)
            status, _, body = proxy.chat(key["key"], max_tokens=1)
            assert status == 200, ("locked", status, body)
            print(f"  {rows} dispatched, {interrupted} interrupted, slowest restart {slowest:.2f} s")
            proxy.stop()
        finally:
            simulator.kill()


def quiet(simulator):
    """The kernel hands over what a dead proxy had sent: wait until no more arrives."""
    seen = [-1]

    def unchanged():
        count = len(simulator.requests())
        same, seen[0] = count == seen[0], count
        time.sleep(0.05)  # tidy: allowed
        return same
    eventually(unchanged, "the upstream went quiet")


def killed_while_replaying():
    """kill -9 during recovery itself: the next start finds each row once"""
    rng = random.Random(3)
    with workspace() as directory:
        simulator = Simulator("--tokens", "bytes", "--prices", "table")
        try:
            simulator.config(greedy=True, ttft_ms=5)
            data, upstream = os.path.join(directory, "data"), f"http://127.0.0.1:{simulator.port}"
            proxy = Proxy(data, upstream)
            key = proxy.create_key(rate_limits={"monthly_spending_limit": LIMIT / 1e9})
            for delay in (0.001, 0.004, 0.008, 0.012, 0.02, 0.04):
                shots = [chat_shot(rng, tokens=(10, 400)) for _ in range(300)]
                load = threading.Thread(target=fire_all, args=(proxy.port, key["key"], shots, 100))
                load.start()
                time.sleep(0.15)  # tidy: allowed
                proxy.kill(signal.SIGKILL)
                load.join()
                for _ in range(3):
                    kill_early(data, proxy.config, delay)
                proxy = Proxy(data, upstream)
                quiet(simulator)
                check_books(simulator, proxy, key)
            proxy.stop()
        finally:
            simulator.kill()


def kill_early(data, config, delay):
    import subprocess
    from harness import ADMIN_KEY, BUILD, REAL_KEY
    child = subprocess.Popen([os.path.join(BUILD, "deepseek-proxy"), "serve", "--config", config],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                             env={**os.environ, "TEST_ADMIN_KEY": ADMIN_KEY, "TEST_REAL_KEY": REAL_KEY})
    time.sleep(delay)  # tidy: allowed
    child.kill()
    child.wait()


if __name__ == "__main__":
    sys.argv = [sys.argv[0]] + [a for a in sys.argv[1:] if not a.isdigit()]
    run([killed_under_load, killed_while_replaying])
