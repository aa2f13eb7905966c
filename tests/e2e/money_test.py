#!/usr/bin/env python3
"""The upstream's bill never passes a spending limit: judged by the simulator's own books."""
import os

from harness import eventually, run, stack
from load import Shot, chat_shot, fire_all, seeded

LIMIT_USD = 0.05
LIMIT = 50_000_000  # nano-dollars
GREEDY = ("--tokens", "bytes", "--prices", "table")
SEEDS = int(os.environ.get("MONEY_SEEDS", "8"))  # each clock twice; 20 take half a minute
# Instants at which the clock starts, and how long answers take: the last two begin before a change of
# prices and end after it.
CLOCKS = {"off-peak": ("2026-11-22T12:00:00Z", 0), "peak": ("2026-11-23T02:00:00Z", 0),
          "into peak": ("2026-11-23T00:59:58Z", 1500), "out of peak": ("2026-11-23T03:59:58Z", 1500)}


def settled(simulator, proxy, key):
    """Waits until nothing is in flight: no hold left and each arrival upstream in the ledger."""
    def done():
        usage = proxy.usage(key["id"])
        return usage["held_nano_usd"] == 0 and usage["dispatched"] == len(simulator.requests())
    eventually(done, "all requests settled and applied", 60)
    return proxy.usage(key["id"])


def spend_the_rest(proxy, key):
    """Sends minimal requests one by one until the first is refused for its budget."""
    for _ in range(3000):
        status, headers, _ = proxy.chat(key["key"], max_tokens=1)
        if status == 429:
            assert headers.get("x-should-retry") == "false", headers
            return
        assert status == 200, status
    raise AssertionError("the limit was never reached")


def storm(clock, answer_ms, seed):
    rng = seeded(seed)
    options = ("--clock", clock)
    with stack(GREEDY + options, proxy_options=options) as (simulator, proxy):
        simulator.config(greedy=True, ttft_ms=answer_ms)
        key = proxy.create_key(rate_limits={"monthly_spending_limit": LIMIT_USD})
        faults = ("missing_usage", "status:500", "reset_after:300", "short_body")
        shots = [chat_shot(rng, faults=faults) for _ in range(1000)]
        results = fire_all(proxy.port, key["key"], shots)
        statuses = {r.status for r in results}
        assert statuses <= {0, 200, 429, 500, 502}, statuses
        settled(simulator, proxy, key)
        bill = simulator.bill()["total_nano"]
        assert bill <= LIMIT, f"billed {bill} of {LIMIT}"
        simulator.config(ttft_ms=0)
        spend_the_rest(proxy, key)
        usage = settled(simulator, proxy, key)
        bill, charged = simulator.bill()["total_nano"], usage["cost_nano_usd"]
        print(f"  {clock}: bill {bill / LIMIT:.3f}, charged {charged / LIMIT:.4f} of the limit, "
              f"{usage['dispatched']} dispatched", flush=True)
        assert bill <= charged <= LIMIT, (bill, charged)
        assert charged >= 0.97 * LIMIT, "the budget could not be used"


def storms_never_pass_the_limit():
    """1,000 at once on $0.05, plain, streamed, left early, faulty; peak, off-peak, across"""
    clocks = list(CLOCKS.values())
    for seed in range(SEEDS):
        storm(*clocks[seed % len(clocks)], seed)


def the_ledger_equals_the_bill():
    """Where usage is given and the price constant, charged = billed to the nano-dollar"""
    rng = seeded(7)
    options = ("--clock", CLOCKS["off-peak"][0])
    with stack(GREEDY + options, proxy_options=options) as (simulator, proxy):
        simulator.config(greedy=True)
        key = proxy.create_key(rate_limits={"monthly_spending_limit": 100})
        shots = [chat_shot(rng) for _ in range(300)]
        for shot in shots:
            shot.hang_up_after = None
        fire_all(proxy.port, key["key"], shots, 100)
        usage = settled(simulator, proxy, key)
        assert usage["cost_nano_usd"] == simulator.bill()["total_nano"]
        rows = {r["request_id"]: r for r in proxy.ledger() if r["dispatched"]}
        seen = simulator.requests()
        assert len(seen) == len(rows) == len({r["request_id"] for r in seen})
        for arrival in seen:
            assert rows[arrival["request_id"]]["cost_nano_usd"] == arrival["cost_nano"], arrival


def a_last_call_fits_what_is_left():
    """$0.0001 left and a call for 20,000 tokens, or for no cap at all: the cap is lowered to fit"""
    for fields in ({"max_tokens": 20000}, {}, {"max_tokens": None}, {"stream": True}):
        with stack(GREEDY) as (simulator, proxy):
            simulator.config(greedy=True)
            key = proxy.create_key(rate_limits={"monthly_spending_limit": 0.0006})
            body = {"model": "deepseek-flash", "messages": [{"role": "user", "content": "hi"}], **fields}
            for _ in range(3):
                fire_all(proxy.port, key["key"], [Shot(body)])
            settled(simulator, proxy, key)
            bill = simulator.bill()["total_nano"]
            assert 0 < bill <= 600_000, (fields, bill)


def abandoned_streams_are_charged():
    """200 streams left after their first bytes: every one of them is on the books"""
    with stack(GREEDY) as (simulator, proxy):
        simulator.config(greedy=True)
        key = proxy.create_key(rate_limits={"monthly_spending_limit": 50})
        body = {"model": "deepseek-flash", "stream": True, "max_tokens": 500,
                "messages": [{"role": "user", "content": "hi"}]}
        fire_all(proxy.port, key["key"], [Shot(body, hang_up_after=200) for _ in range(200)], 50)
        usage = settled(simulator, proxy, key)
        assert usage["dispatched"] == 200, usage
        assert usage["cost_nano_usd"] >= simulator.bill()["total_nano"]


if __name__ == "__main__":
    run([the_ledger_equals_the_bill, a_last_call_fits_what_is_left, abandoned_streams_are_charged,
         storms_never_pass_the_limit])
