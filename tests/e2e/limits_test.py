#!/usr/bin/env python3
"""Requests a minute, tokens a minute, concurrency and revocation, judged by what arrived upstream."""
import threading
import time

from harness import eventually, run, stack
from load import Shot, fire_all, volley
import asyncio

BODY = {"model": "deepseek-flash", "max_tokens": 20, "messages": [{"role": "user", "content": "hi"}]}
SPACING_MS = 20  # what the ways to proxy and upstream may take off the time between two arrivals


def offer(proxy, secret, seconds, at_once=20, body=None):
    """As many requests as are taken, for so long; refused ones are repeated at once."""
    async def one(until):
        results = []
        while time.monotonic() < until:
            results += await volley(proxy.port, secret, [Shot(body or BODY)], 1)
        return results

    async def all_of_them():
        until = time.monotonic() + seconds
        lists = await asyncio.gather(*(one(until) for _ in range(at_once)))
        return [result for each in lists for result in each]
    return asyncio.run(all_of_them())


def worst_window(times_ms, sizes, rate_a_minute):
    """The largest surplus over rate x w of any window w that begins and ends with an arrival."""
    worst, low = 0.0, None
    level = 0.0  # arrivals so far, less rate x time
    for at, size in zip(times_ms, sizes):
        before = level - rate_a_minute * at / 60000
        low = before if low is None else min(low, before)
        level += size
        worst = max(worst, level - rate_a_minute * at / 60000 - low)
    return worst


def requests_hold_in_every_window():
    """rpm 1200, burst 30: in each window at most burst + rate x w, and 99.5 % of it when saturated"""
    rate, burst, seconds = 1200, 30, 4.0
    with stack() as (simulator, proxy):
        key = proxy.create_key(rate_limits={"requests_per_minute": rate, "burst_requests": burst})
        results = offer(proxy, key["key"], seconds)
        times = sorted(r["arrival_ms"] for r in simulator.requests())
        slack = rate * SPACING_MS / 60000
        worst = worst_window(times, [1] * len(times), rate)
        assert worst <= burst + slack, f"{worst} requests beyond the rate, burst {burst}"
        span = (times[-1] - times[0]) / 60000
        assert len(times) >= 0.995 * (burst + rate * span) - 1, (len(times), burst + rate * span)
        refused = [r for r in results if r.status == 429]
        assert refused and {r.status for r in results} == {200, 429}
        assert all("retry-after" in r.head.lower() for r in refused)
        print(f"  {len(times)} of {burst + rate * span:.1f} admitted; worst window {worst:.2f} over the rate")


def strict_tokens_hold_in_every_window():
    """tpm 60,000 strict: what the upstream counted in each window is at most limit + limit x w"""
    limit, seconds = 60_000, 4.0
    with stack() as (simulator, proxy):
        key = proxy.create_key(token_accounting="strict", rate_limits={
            "tokens_per_minute": limit, "burst_tokens": 3000})
        offer(proxy, key["key"], seconds)
        eventually(lambda: proxy.usage(key["id"])["dispatched"] == len(simulator.requests()), "books")
        rows = sorted(simulator.requests(), key=lambda r: r["arrival_ms"])
        sizes = [r["prompt_tokens"] + r["cached"] + r["output_tokens"] for r in rows]
        worst = worst_window([r["arrival_ms"] for r in rows], sizes, limit)
        assert worst <= 3000 + limit * SPACING_MS / 60000, worst
        assert sum(sizes) > 0.9 * limit * seconds / 60, (sum(sizes), "hardly anything was admitted")


def slots_hold():
    """concurrent_requests 5: never more than 5 upstream, with streams that clients leave"""
    with stack() as (simulator, proxy):
        simulator.config(ttft_ms=30)
        key = proxy.create_key(rate_limits={"concurrent_requests": 5})
        body = {**BODY, "stream": True}
        most, done = [0], threading.Event()

        def watch():
            while not done.is_set():
                most[0] = max(most[0], simulator.bill()["in_flight"])
        watcher = threading.Thread(target=watch)
        watcher.start()
        shots = [Shot(body, hang_up_after=300 if i % 3 == 0 else None) for i in range(200)]
        results = fire_all(proxy.port, key["key"], shots, 40)
        done.set()
        watcher.join()
        assert 0 < most[0] <= 5, most
        assert 429 in {r.status for r in results}
        eventually(lambda: proxy.chat(key["key"])[0] == 200, "no slot is lost")
        limits = proxy.admin("GET", f"/v1/keys/{key['id']}/limits")
        eventually(lambda: proxy.admin("GET", f"/v1/keys/{key['id']}/limits")
                   ["concurrent_requests"]["used"] == 0, f"all slots are free again: {limits}")


def revoked_means_revoked():
    """After the answer to deactivate nothing more arrives upstream, on connections that stay open too"""
    with stack() as (simulator, proxy):
        key = proxy.create_key()
        load = threading.Thread(target=offer, args=(proxy, key["key"], 1.5))
        load.start()
        eventually(lambda: len(simulator.requests()) > 50, "load arrives")
        proxy.admin("POST", f"/v1/keys/{key['id']}/deactivate")
        arrived = len(simulator.requests())
        load.join()
        late = len(simulator.requests()) - arrived
        assert late == 0, f"{late} requests went upstream after the key was revoked"
        status, _, body = proxy.chat(key["key"])
        assert status == 401, (status, body)
        proxy.admin("POST", f"/v1/keys/{key['id']}/activate")
        assert proxy.chat(key["key"])[0] == 200


def narrowed_means_narrowed():
    """A limit lowered below what is spent: nothing more passes; raised again, it does"""
    with stack(("--tokens", "bytes", "--prices", "table")) as (simulator, proxy):
        key = proxy.create_key(rate_limits={"monthly_spending_limit": 1})
        assert proxy.chat(key["key"])[0] == 200
        proxy.admin("PATCH", f"/v1/keys/{key['id']}", {"rate_limits": {"monthly_spending_limit": 0.000001}})
        before = len(simulator.requests())
        status, _, body = proxy.chat(key["key"])
        assert status == 429 and len(simulator.requests()) == before, (status, body)
        proxy.admin("PATCH", f"/v1/keys/{key['id']}", {"rate_limits": {"monthly_spending_limit": None}})
        assert proxy.chat(key["key"])[0] == 200


if __name__ == "__main__":
    run([requests_hold_in_every_window, strict_tokens_hold_in_every_window, slots_hold,
         revoked_means_revoked, narrowed_means_narrowed])
