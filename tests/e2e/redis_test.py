#!/usr/bin/env python3
"""Several proxies on one Redis: one budget, whoever of them is killed, and whatever becomes of Redis."""
import contextlib
import os
import re
import threading
import time

from harness import Proxy, Simulator, eventually, free_port, run, workspace
from load import chat_shot, fire_all, seeded
from redis_servers import Server

LIMIT_USD = 0.05
LIMIT = 50_000_000  # nano-dollars
FAULTS = ("missing_usage", "status:500", "reset_after:300", "short_body")
CLOCK = ("--clock", "2026-11-22T12:00:00Z")  # off-peak, for all of a test


class Redis(Server):
    """A redis-server that keeps what it acknowledged, as surely as `fsync` says."""

    def __init__(self, directory, fsync="always"):
        self.fsync = fsync
        super().__init__(directory, "redis", "--appendfsync", fsync)

    def calls(self, command):
        """How often it has run that, in scripts as well."""
        found = re.search(f"cmdstat_{command}:calls=(\\d+)", self.ask("INFO", "commandstats"))
        return int(found.group(1)) if found else 0


class Cluster:
    """A simulator, a Redis and some proxies in front of both."""
    store = ()  # further settings of [store]

    def __init__(self, directory, simulator, redis, nodes):
        self.directory, self.simulator, self.redis = directory, simulator, redis
        self.nodes = [self.start_node(i) for i in range(nodes)]

    def start_node(self, index):
        return Proxy(os.path.join(self.directory, f"node{index}"),
                     f"http://127.0.0.1:{self.simulator.port}", {"store": [f'url = "{self.redis.url}"', *self.store]})

    def settled(self, key):
        """Waits until nothing is in flight and each arrival upstream is on the books, once."""
        def done():
            usage = self.nodes[0].usage(key["id"])
            return usage["held_nano_usd"] == 0 and usage["dispatched"] == len(self.simulator.requests())
        eventually(done, "all requests settled and applied", 60)
        return self.nodes[0].usage(key["id"])


@contextlib.contextmanager
def cluster(nodes=2, made=Cluster, fsync="always"):
    with workspace() as directory, contextlib.ExitStack() as ends:
        simulator = Simulator("--tokens", "bytes", "--prices", "table", *CLOCK)
        ends.callback(simulator.kill)
        simulator.config(greedy=True)
        redis = Redis(directory, fsync)
        ends.callback(redis.kill)
        together = made(directory, simulator, redis, nodes)
        ends.callback(lambda: [node.kill() for node in together.nodes])
        yield together


def known_everywhere(c, key):
    """What was made on one node is there on every other within a second."""
    for node in c.nodes:
        eventually(lambda: node.chat(key["key"], max_tokens=1)[0] != 401, "the key is known", 1)


def fire_on(c, key, shots):
    """The shots dealt out to the nodes, all at once; their statuses."""
    statuses = [[] for _ in c.nodes]

    def one(index):
        results = fire_all(c.nodes[index].port, key["key"], shots[index::len(c.nodes)])
        statuses[index] = [r.status for r in results]
    threads = [threading.Thread(target=one, args=(i,)) for i in range(len(c.nodes))]
    for each in threads:
        each.start()
    return threads, statuses


def rush(c, key, shots):
    """The same, to their end: all their statuses."""
    threads, statuses = fire_on(c, key, shots)
    for each in threads:
        each.join()
    return sum(statuses, [])


def faulty_rush(c, key, rng):
    """1,000 at once, some of which go wrong in every way."""
    statuses = rush(c, key, [chat_shot(rng, faults=FAULTS) for _ in range(1000)])
    assert set(statuses) <= {0, 200, 429, 500, 502}, set(statuses)


def patient_shots(rng, count):
    shots = [chat_shot(rng) for _ in range(count)]
    for shot in shots:
        shot.hang_up_after = None
    return shots


def once_each_in_the_ledger(c):
    rows = sorted(r["request_id"] for node in c.nodes for r in node.ledger() if r["dispatched"])
    seen = sorted(r["request_id"] for r in c.simulator.requests())
    assert rows == seen, (len(rows), len(seen))


def check_books(c, key, limit=LIMIT):
    usage = c.settled(key)
    bill, charged = c.simulator.bill()["total_nano"], usage["cost_nano_usd"]
    print(f"  bill {bill / limit:.4f}, charged {charged / limit:.4f} of the limit, "
          f"{usage['dispatched']} dispatched", flush=True)
    assert bill <= charged <= limit, (bill, charged)
    return charged


def two_nodes_hold_one_budget():
    """1,000 at once on $0.05 through two nodes, plain, streamed, left early, faulty"""
    for seed in range(2):
        with cluster() as c:
            key = c.nodes[0].create_key(rate_limits={"monthly_spending_limit": LIMIT_USD})
            known_everywhere(c, key)
            rng = seeded(seed)
            faulty_rush(c, key, rng)
            check_books(c, key)
            while c.nodes[seed].chat(key["key"], max_tokens=1)[0] == 200:
                pass
            assert check_books(c, key) >= 0.97 * LIMIT, "the budget could not be used"
            once_each_in_the_ledger(c)


def three_nodes_admit_as_many_as_one():
    """A burst of 50 a minute through three nodes admits what one node would"""
    with cluster(3) as c:
        key = c.nodes[0].create_key(rate_limits={"requests_per_minute": 1, "burst_requests": 50})
        for node in c.nodes:
            eventually(lambda: node.command("keys", "get", key["id"], check=False).returncode == 0, "known", 1)
        admitted = rush(c, key, patient_shots(seeded(3), 300)).count(200)
        assert admitted == 50, admitted


def a_killed_node_leaves_nothing_open():
    """kill -9 of a node under load: what it had sent is charged once, what it held is free again"""
    with cluster() as c:
        c.simulator.config(ttft_ms=300)
        key = c.nodes[0].create_key(rate_limits={"monthly_spending_limit": 10 * LIMIT_USD})
        known_everywhere(c, key)
        rng = seeded(11)
        threads, _ = fire_on(c, key, [chat_shot(rng) for _ in range(500)])
        eventually(lambda: c.nodes[1].metric("dispatched_total") > 20, "load arrives")
        c.nodes[1].kill()
        for each in threads:
            each.join()
        assert c.simulator.bill()["total_nano"] <= 10 * LIMIT
        c.nodes[1] = c.start_node(1)
        check_books(c, key, 10 * LIMIT)
        assert c.nodes[0].usage(key["id"])["interrupted"] > 0


def redis_killed_and_restarted():
    """kill -9 of Redis under load: 503 while it is away, soon well again, nothing above the limit"""
    for fsync in ("always", "everysec"):
        with cluster(fsync=fsync) as c:
            killed_rounds(c, seeded(12), int(os.environ.get("REDIS_KILLS", "3")))


def killed_rounds(c, rng, rounds):
    c.simulator.config(ttft_ms=100)
    limit = 6 * LIMIT * max(1, rounds // 3)
    key = c.nodes[0].create_key(rate_limits={"monthly_spending_limit": limit / 1e9})
    known_everywhere(c, key)
    for _ in range(rounds):
        arrived = len(c.simulator.requests())
        threads, statuses = fire_on(c, key, [chat_shot(rng) for _ in range(150)])
        eventually(lambda: len(c.simulator.requests()) > arrived + 20, "load arrives")
        c.redis.kill()
        began = time.monotonic()
        status, head, body = c.nodes[0].chat(key["key"], max_tokens=1)
        assert status == 503 and b"enforcement_unavailable" in body, (status, body)
        assert time.monotonic() - began < 1.2, time.monotonic() - began
        assert "retry-after" in head
        c.redis.start()
        began = time.monotonic()
        for node in c.nodes:
            eventually(lambda: node.chat(key["key"], max_tokens=1)[0] != 503, "it is well again", 3)
        print(f"  {c.redis.fsync}: well again after {time.monotonic() - began:.2f} s, "
              f"{sum(statuses, []).count(503)} refused so far", flush=True)
        for each in threads:
            each.join()
    use_up(c, key, rng)
    assert check_books(c, key, limit) >= 0.97 * limit, "the budget could not be used"
    once_each_in_the_ledger(c)


def use_up(c, key, rng):
    """What is left: by many at once, then by single requests until not even the least of them fits."""
    c.simulator.config(ttft_ms=0)
    while rush(c, key, [chat_shot(rng, tokens=(1, 100)) for _ in range(300)]).count(200) > 10:
        pass
    while c.nodes[0].chat(key["key"], max_tokens=1)[0] == 200:
        pass


def a_frozen_redis_is_one_that_is_away():
    """SIGSTOP: answers are 503 within a second, also many at once; afterwards all is well"""
    with cluster(1) as c:
        key = c.nodes[0].create_key()
        assert c.nodes[0].chat(key["key"])[0] == 200
        c.redis.freeze()
        for _ in range(3):
            began = time.monotonic()
            status, _, _ = c.nodes[0].chat(key["key"])
            assert status == 503 and time.monotonic() - began < 1.2, (status, time.monotonic() - began)
        rng = seeded(5)
        results = fire_all(c.nodes[0].port, key["key"], [chat_shot(rng) for _ in range(100)])
        assert {r.status for r in results} <= {0, 503}, {r.status for r in results}
        c.redis.thaw()
        eventually(lambda: c.nodes[0].chat(key["key"])[0] == 200, "it is well again", 3)
        c.settled(key)


def a_change_is_enforced_everywhere():
    """Deactivated on one node, refused by the other within a second; limits and files as well"""
    with cluster() as c:
        key = c.nodes[0].create_key()
        known_everywhere(c, key)
        c.nodes[0].admin("POST", f"/v1/keys/{key['id']}/deactivate")
        eventually(lambda: c.nodes[1].chat(key["key"])[0] == 401, "the other node refuses", 1)
        c.nodes[1].admin("POST", f"/v1/keys/{key['id']}/activate")
        eventually(lambda: c.nodes[0].chat(key["key"])[0] == 200, "the other node admits", 1)
        c.nodes[0].admin("PATCH", f"/v1/keys/{key['id']}", {"rate_limits": {"monthly_spending_limit": 0.000001}})
        eventually(lambda: c.nodes[1].chat(key["key"])[0] == 429, "the limit holds on the other node", 1)


def each_node_shows_what_all_do():
    """Errors, refusals and the last minute of both nodes on either; a node's own are there once"""
    with cluster() as c:
        key = c.nodes[0].create_key("shared", rate_limits={"requests_per_minute": 1, "burst_requests": 8})
        other = c.nodes[1].create_key("other")
        for each in (key, other):
            known_everywhere(c, each)
        for node in c.nodes:
            status, _, body = node.chat(other["key"], headers={"X-Sim-Fault": "status:500"})
            assert status == 500, (status, body)
        statuses = rush(c, key, patient_shots(seeded(7), 40))
        limited = statuses.count(429)
        assert limited >= 30, statuses

        def errors(node, of):
            return node.admin("GET", f"/v1/keys/{of['id']}/errors?hours=24")["data"]

        for node in c.nodes:
            eventually(lambda: sum(e["count"] for e in errors(node, key)) == limited, "all refusals are shown", 30)
            eventually(lambda: len(errors(node, other)) == 2, "each node's error is shown")
            assert len({e["request_id"] for e in errors(node, other)}) == 2, errors(node, other)
            times = [e["time_ms"] for e in errors(node, key)]
            assert times == sorted(times, reverse=True), times
            assert len(errors(node, key)[:1]) == len(node.admin(
                "GET", f"/v1/keys/{key['id']}/errors?hours=24&limit=1")["data"])
            events = node.admin("GET", f"/v1/keys/{key['id']}/events?since=24h")["events"]
            assert sum(e["count"] for e in events if e["type"] != "admin_action") == limited, events
        total = 2 + len(statuses)  # with what asked whether the key is known
        for node in c.nodes:
            eventually(lambda: node.admin("GET", f"/v1/keys/{key['id']}/current")["requests"] == total,
                       "the last minute of both")
            live = {k["name"]: k for k in node.admin("GET", "/v1/usage/live")["keys"]}
            assert live["shared"]["requests"] == total and live["other"]["requests"] == 4, live


def a_wrong_redis_is_told():
    """A password that is missing and data of another version: a clear message, and no start"""
    with workspace() as directory:
        redis = Redis(directory)
        try:
            for url, word in ((f"redis://127.0.0.1:{free_port()}", "refused"),
                              (redis.url + "/x", "number of a database"),
                              (f"redis://nobody@127.0.0.1:{redis.port}", "WRONGPASS")):
                try:
                    Proxy(os.path.join(directory, "node"), "http://127.0.0.1:9",
                          {"store": [f'url = "{url}"', 'password = "env:TEST_REAL_KEY"']})
                except RuntimeError as failure:
                    assert word in str(failure), (word, str(failure))
                else:
                    raise AssertionError("it started on " + url)
        finally:
            redis.kill()


if __name__ == "__main__":
    run([a_change_is_enforced_everywhere, each_node_shows_what_all_do, three_nodes_admit_as_many_as_one, two_nodes_hold_one_budget,
         a_killed_node_leaves_nothing_open, redis_killed_and_restarted,
         a_frozen_redis_is_one_that_is_away, a_wrong_redis_is_told])
