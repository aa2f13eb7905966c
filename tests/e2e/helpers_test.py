#!/usr/bin/env python3
"""Waiting in line instead of a 429, and answers kept for equal requests: judged by the simulator's bill and
request log, and by the ledger."""
import http.client
import json
import threading

from harness import eventually, request, run, stack
from redis_test import cluster, known_everywhere

CLOCK = ("--clock", "2026-11-22T12:00:00Z")
SIMULATOR = ("--tokens", "bytes", "--prices", "table", *CLOCK)
BODY = {"model": "deepseek-flash", "max_tokens": 40, "messages": [{"role": "user", "content": "hi"}]}


def ask(proxy, secret, path="/v1/chat/completions", headers=None, **fields):
    return request(proxy.port, "POST", path, {**BODY, **fields},
                   {"Authorization": "Bearer " + secret, **(headers or {})})


def begin(proxy, secret, content):
    """A request that is sent, and not waited for."""
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=60)
    connection.request("POST", "/v1/chat/completions",
                       json.dumps({**BODY, "messages": [{"role": "user", "content": content}]}),
                       {"Authorization": "Bearer " + secret, "Content-Type": "application/json"})
    return connection


def first_come_first_served():
    """with one slot, those that wait are served in the order in which they came, none is refused, and never
    two at once"""
    with stack(SIMULATOR, proxy_options=CLOCK) as (simulator, proxy):
        key = proxy.create_key(rate_limits={"concurrent_requests": 1}, max_wait_ms=60_000)
        assert key["max_wait_ms"] == 60_000
        simulator.config(ttft_ms=120)
        waiting, ended, threads = [], [], []
        for n in range(6):
            connection = begin(proxy, key["key"], f"number {n}")
            thread = threading.Thread(target=lambda c=connection, n=n: (
                ended.append((n, c.getresponse().status))))
            thread.start()
            threads.append(thread)
            waiting.append(connection)
            if n == 0:
                eventually(lambda: len(simulator.requests()) == 1 or ended, "the first one runs")
            else:
                eventually(lambda n=n: proxy.metric("waiting") + len(ended) >= n, f"number {n} waits")
        for thread in threads:
            thread.join(60)
        assert ended == [(n, 200) for n in range(6)], ended
        assert len(simulator.requests()) == 6 and proxy.metric("waiting") == 0
        assert proxy.metric("waited_total") >= 4 and proxy.metric("waited_in_vain_total") == 0


def who_is_gone_waits_no_more():
    """a client that hangs up leaves the line; it is never asked upstream, and those behind it move up"""
    with stack(SIMULATOR, proxy_options=CLOCK) as (simulator, proxy):
        key = proxy.create_key(rate_limits={"concurrent_requests": 1}, max_wait_ms=60_000)
        simulator.config(ttft_ms=1500)
        first = begin(proxy, key["key"], "one")
        eventually(lambda: proxy.metric("dispatched_total") == 1, "the first one runs")
        gone = begin(proxy, key["key"], "gone")
        eventually(lambda: proxy.metric("waiting") == 1, "the second one waits")
        last = begin(proxy, key["key"], "last")
        eventually(lambda: proxy.metric("waiting") == 2, "the third one waits")
        gone.close()
        eventually(lambda: proxy.metric("waiting") <= 1, "it has left the line")
        assert (first.getresponse().status, last.getresponse().status) == (200, 200)
        assert len(simulator.requests()) == 2
        eventually(lambda: proxy.usage(key["id"])["cost_nano_usd"] == simulator.bill()["total_nano"], "the bill")


def bounded():
    """a full line refuses at once; a key without max_wait_ms is refused as ever; a limit that does not come
    back in time is not waited for"""
    settings = {"server": ["waiting_per_key_max = 2", "waiting_max = 3"]}
    with stack(SIMULATOR, settings, CLOCK) as (simulator, proxy):
        simulator.config(ttft_ms=1500)
        key = proxy.create_key("patient", rate_limits={"concurrent_requests": 1}, max_wait_ms=60_000)
        plain = proxy.create_key("plain", rate_limits={"requests_per_minute": 1})
        late = proxy.create_key("late", rate_limits={"requests_per_minute": 1}, max_wait_ms=100)
        running = [begin(proxy, key["key"], "0")]
        eventually(lambda: proxy.metric("dispatched_total") == 1, "the first one runs")
        for n in (1, 2):
            running.append(begin(proxy, key["key"], str(n)))
            eventually(lambda n=n: proxy.metric("waiting") == n, f"number {n} waits")
        status, headers, _ = ask(proxy, key["key"])
        assert status == 429 and "retry-after" in headers, (status, headers)
        simulator.config(ttft_ms=0)
        for secret in (plain["key"], late["key"]):
            assert ask(proxy, secret)[0] == 200
            assert ask(proxy, secret)[0] == 429
        assert [each.getresponse().status for each in running] == [200] * 3
        money = proxy.create_key("poor", rate_limits={"monthly_spending_limit": 0}, max_wait_ms=60_000)
        assert ask(proxy, money["key"])[0] == 429  # waiting brings no money


def waiting_on_redis():
    """two proxies on one Redis: with one slot for both, all are served, each charged once"""
    with cluster() as c:
        key = c.nodes[0].create_key(rate_limits={"concurrent_requests": 1}, max_wait_ms=60_000)
        known_everywhere(c, key)
        asked = len(c.simulator.requests())
        c.simulator.config(ttft_ms=60)
        got = []
        threads = [threading.Thread(target=lambda p=proxy: got.append(ask(p, key["key"])[0]))
                   for proxy in c.nodes * 4]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert got == [200] * 8, got
        assert len(c.simulator.requests()) == asked + 8
        assert c.settled(key)["cost_nano_usd"] == c.simulator.bill()["total_nano"]


def equal_requests_get_the_same_answer():
    """plain and streamed: the same bytes, asked once, charged once; the ledger says that it was kept"""
    with stack(SIMULATOR, proxy_options=CLOCK) as (simulator, proxy):
        key = proxy.create_key(cache_ttl_s=60, rate_limits={"requests_per_minute": 4})
        other = proxy.create_key("other", cache_ttl_s=60)
        off = proxy.create_key("off")
        for n, fields in enumerate(({}, {"stream": True}, {"max_tokens": 41})):
            first, *again = [ask(proxy, key["key"], **fields) for _ in range(4)]
            assert first[0] == 200 and first[1]["x-cache"] == "miss", first
            for status, headers, data in again:
                assert (status, headers["x-cache"], data) == (200, "hit", first[2]), (headers, data)
                assert headers["content-type"].split(";")[0] == first[1]["content-type"].split(";")[0]
            assert len(simulator.requests()) == n + 1  # nine more would not fit into four a minute
        bill = simulator.bill()["total_nano"]
        eventually(lambda: proxy.usage(key["id"])["requests"] == 12, "all are in the ledger")
        used = proxy.usage(key["id"])
        assert used["cost_nano_usd"] == bill and used["dispatched"] == 3, used
        assert used["by_ending"] == {"complete": 3, "kept": 9} and used["errors"] == 0, used
        rows = [row for row in proxy.ledger(key=key["id"]) if row["ending"] == "kept"]
        assert len(rows) == 9 and not any(row["cost_nano_usd"] or row["dispatched"] for row in rows), rows
        assert ask(proxy, other["key"])[1]["x-cache"] == "miss"  # nothing is shared
        assert "x-cache" not in ask(proxy, off["key"])[1]
        assert len(simulator.requests()) == 5


def no_longer_than_it_holds():
    """a change of the key, another body, an answer that failed and a full cache: asked again"""
    with stack(SIMULATOR, {"server": ["cache_bytes_max = 4096"]}, CLOCK) as (simulator, proxy):
        key = proxy.create_key(cache_ttl_s=60)
        what = lambda **fields: ask(proxy, key["key"], **fields)[1].get("x-cache")
        assert (what(), what()) == ("miss", "hit")
        proxy.admin("PATCH", f"/v1/keys/{key['id']}", {"models": ["deepseek-*"]})
        assert (what(), what()) == ("miss", "hit")
        for n in range(8):
            assert what(max_tokens=50 + n) == "miss"
        assert what() == "miss"  # the oldest made room
        assert proxy.metric("cache_bytes") <= 4096
        proxy.admin("PATCH", f"/v1/keys/{key['id']}", {"models": []})
        assert ask(proxy, key["key"], model="no-such-model")[0] >= 400
        assert ask(proxy, key["key"], model="no-such-model")[1].get("x-cache") != "hit"
        proxy.admin("PATCH", f"/v1/keys/{key['id']}", {"cache_ttl_s": 0})
        assert what() is None
        parent = proxy.create_key("parent", may_delegate=True, cache_ttl_s=10, max_wait_ms=5)
        for wider in ({"cache_ttl_s": 11}, {"max_wait_ms": 6}):
            status, _, data = request(proxy.port, "POST", "/v1/keys", {"name": "child", **wider},
                                      {"Authorization": "Bearer " + parent["key"]})
            assert status in (400, 403, 422) and next(iter(wider)) in data.decode(), (status, data)


if __name__ == "__main__":
    run([first_come_first_served, who_is_gone_waits_no_more, bounded, waiting_on_redis,
         equal_requests_get_the_same_answer, no_longer_than_it_holds])
