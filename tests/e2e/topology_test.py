#!/usr/bin/env python3
"""Redis behind sentinels and Redis in shards: a master that dies or hangs, slots that move under load. The
books are held against the simulator's bill."""
import contextlib
import os
import re
import subprocess
import threading
import time

from harness import Proxy, Simulator, eventually, free_port, run, workspace
from load import chat_shot, fire_all, seeded
from redis_servers import Connection, Sentinels, Server, Shards

CLOCK = ("--clock", "2026-11-22T12:00:00Z")  # off-peak, for all of a test
MOVES = int(os.environ.get("TOPOLOGY_MOVES", "60"))  # of slots, in the test that moves them under load


@contextlib.contextmanager
def proxies(servers, nodes=2, lines=(), env=None):
    """A simulator, `servers(directory)` and some proxies in front of both."""
    with workspace() as directory, contextlib.ExitStack() as ends:
        simulator = Simulator("--tokens", "bytes", "--prices", "table", *CLOCK)
        ends.callback(simulator.kill)
        simulator.config(greedy=True)
        redis = servers(directory)
        ends.callback(redis.kill)
        made = []
        ends.callback(lambda: [node.kill() for node in made])
        for index in range(nodes):
            made.append(Proxy(os.path.join(directory, f"node{index}"), f"http://127.0.0.1:{simulator.port}",
                              {"store": [f'url = "{redis.url}"', *lines]}, env=env))
        yield simulator, redis, made


class Load:
    """Requests without end to all nodes, from threads of its own, until stopped."""

    def __init__(self, nodes, keys, seed):
        self.results, self.stopping = [], False
        self.threads = [threading.Thread(target=self.fire, args=(node, keys, seeded(seed + i)))
                        for i, node in enumerate(nodes)]
        for each in self.threads:
            each.start()

    def fire(self, node, keys, rng):
        while not self.stopping:
            shots = [chat_shot(rng) for _ in range(20)]
            for shot in shots:
                shot.hang_up_after = None
            self.results += fire_all(node.port, keys[rng.randrange(len(keys))]["key"], shots)

    def statuses(self):
        return [r.status for r in self.results]

    def stop(self):
        self.stopping = True
        for each in self.threads:
            each.join()


def check_books(simulator, nodes, keys, limit):
    """Bill <= charged <= limit, and each arrival upstream in the ledger once."""
    def settled():
        usage = [nodes[0].usage(key["id"]) for key in keys]
        return (all(u["held_nano_usd"] == 0 for u in usage) and
                sum(u["dispatched"] for u in usage) == len(simulator.requests()))
    eventually(settled, "all requests are settled and applied", 60)
    charged = [nodes[0].usage(key["id"])["cost_nano_usd"] for key in keys]
    bill = simulator.bill()["total_nano"]
    rows = sorted(r["request_id"] for node in nodes for r in node.ledger() if r["dispatched"])
    seen = sorted(r["request_id"] for r in simulator.requests())
    print(f"  {len(seen)} dispatched, bill {bill}, charged {sum(charged)} nano-dollars", flush=True)
    assert bill <= sum(charged) and max(charged) <= limit, (bill, charged, limit)
    assert rows == seen, (len(rows), len(seen))
    return min(charged)


def known_everywhere(nodes, keys):
    for node in nodes:
        for key in keys:
            eventually(lambda: node.chat(key["key"], max_tokens=1)[0] != 401, "the key is known", 5)


def new_keys(nodes, count, **limits):
    keys = [nodes[0].create_key(f"key {i}", rate_limits=limits) for i in range(count)]
    known_everywhere(nodes, keys)
    return keys


def sentinels_name_the_master():
    """One node behind three sentinels serves, wherever the master goes by order"""
    with proxies(Sentinels, 1) as (simulator, redis, nodes):
        key = new_keys(nodes, 1)[0]
        before = redis.master()
        redis.sentinels[1].ask("SENTINEL", "FAILOVER", "shared")
        eventually(lambda: redis.master() is not before, "another master", 60)
        eventually(lambda: nodes[0].chat(key["key"], max_tokens=1)[0] == 200, "served again", 15)
        nodes[0].admin("PATCH", f"/v1/keys/{key['id']}", {"name": "renamed"})
        assert redis.master().ask("ZCARD", "ds:{keys}:changes") == 1, "the change is not at the new master"
        check_books(simulator, nodes, [key], 10 ** 12)


LEASED = ('coordination = "leased"',)


def a_failover_under_load(lines=()):
    """kill -9 of the master under load through two nodes: well again within 15 s, and the budgets hold"""
    limit = 200_000_000
    with proxies(Sentinels, 2, lines) as (simulator, redis, nodes):
        simulator.config(ttft_ms=50)
        keys = new_keys(nodes, 2, monthly_spending_limit=limit / 1e9)
        load = Load(nodes, keys, 21)
        eventually(lambda: load.statuses().count(200) > 100, "load is served", 60)
        before = redis.master()
        before.kill()
        began = time.monotonic()
        for node in nodes:
            eventually(lambda: node.chat(keys[0]["key"], max_tokens=1)[0] in (200, 429), "served again", 60)
        print(f"  well again after {time.monotonic() - began:.1f} s", flush=True)
        assert redis.master() is not before
        eventually(lambda: load.statuses()[-100:].count(429) > 90, "the budgets come to their end", 120)
        load.stop()
        assert set(load.statuses()) <= {200, 429, 503}, set(load.statuses())
        used_up(nodes, keys)
        assert check_books(simulator, nodes, keys, limit) > 0.95 * limit


def a_failover_under_load_with_leases():
    """the same where Redis lends"""
    a_failover_under_load(LEASED)


def a_hanging_master_is_left():
    """SIGSTOP of the master: the next one serves; awake again, the old one is asked nothing"""
    with proxies(Sentinels, 1) as (simulator, redis, nodes):
        keys = new_keys(nodes, 1, monthly_spending_limit=5)
        before = redis.master()
        before.freeze()
        eventually(lambda: nodes[0].chat(keys[0]["key"], max_tokens=1)[0] == 503, "refused", 5)
        eventually(lambda: nodes[0].chat(keys[0]["key"], max_tokens=1)[0] == 200, "served again", 60)
        before.thaw()
        eventually(lambda: "role:slave" in before.ask("INFO", "replication"), "the old master follows", 60)
        for _ in range(20):
            status, _, body = nodes[0].chat(keys[0]["key"], max_tokens=1)
            assert status == 200, (status, body, nodes[0].text()[-3000:])
        check_books(simulator, nodes, keys, 5 * 10 ** 9)


def decides(server, node):
    return re.search(rf":{server.port} .*decides about limits", node.text())


def used_up(nodes, keys):
    """Until no node lets even the smallest request through, and nothing is held or lent."""
    for key in keys:
        def over():
            return nodes[0].usage(key["id"])["held_nano_usd"] == 0 and all(
                node.chat(key["key"], max_tokens=1)[0] == 429 for node in nodes)
        eventually(over, "the budget comes to its end", 120)


def parted(lines):
    """A master that only the proxies reach, under load on one budget until the rest agrees on another one, and on until
    the budget is used up: what was charged of it, and what was held of all that ran meanwhile, in parts of it."""
    limit = 500_000_000
    lines = ['password = "env:REDIS_SECRET"', *lines]
    with proxies(Parted, 2, lines, {"REDIS_SECRET": Parted.SECRET}) as (simulator, redis, nodes):
        simulator.config(ttft_ms=20)
        keys = new_keys(nodes, 1, monthly_spending_limit=limit / 1e9)
        load = Load(nodes, keys, 51)
        eventually(lambda: simulator.bill()["total_nano"] > limit // 5, "a fifth is spent", 60)
        before = redis.master()
        parted_ms = time.time() * 1000
        connection = redis.part(before)
        eventually(lambda: redis.master() is not before, "another master", 60)
        elected_ms = time.time() * 1000
        assert connection.ask("ROLE")[0] == "master", "the old master does not take writes any more"
        for node in nodes:
            eventually(lambda: decides(redis.master(), node), "the new master decides", 60)
        eventually(lambda: load.statuses()[-100:].count(429) > 50, "the budget comes to its end", 120)
        load.stop()
        assert set(load.statuses()) <= {200, 429, 503}, set(load.statuses())
        used_up(nodes, keys)
        check_books(simulator, nodes, keys, limit)
        rows = [row for node in nodes for row in node.ledger() if row["dispatched"]]
        charged = sum(row["cost_nano_usd"] for row in rows) / limit
        alone = sum(row["hold_nano_usd"] for row in rows if parted_ms <= row["started_ms"] <= elected_ms) / limit
        print(f"  charged {charged:.4f} of the limit, {alone:.4f} held by the parted master alone, "
              f"{load.statuses().count(503)} refused", flush=True)
        return charged, alone, [node.metric("store_losses_total") for node in nodes]


def a_parted_master_grants_nothing_beyond_the_limit():
    """the old master stays writable for proxies: the next one is told what was let through there before it decides"""
    charged, alone, losses = parted([])
    assert alone > 0.01, "nothing ran on the parted master: nothing was tested"
    assert 0.97 < charged <= 1, charged
    assert max(losses) > 0, "nobody was told that the next master lacked something"


def a_parted_master_grants_nothing_alone():
    """the same with durability = "replicated": it grants nothing that no replica has"""
    charged, _, _ = parted(['durability = "replicated"'])
    assert 0.97 < charged <= 1, charged


def shards_hold_one_budget_each():
    """30 keys over three masters through two nodes: each key's budget holds"""
    with proxies(Shards) as (simulator, redis, nodes):
        keys = new_keys(nodes, 30, monthly_spending_limit=0.002)
        owners = {redis.owner(redis.slot("ds:{%s}:holds" % key["id"].removeprefix("key_"))) for key in keys}
        load = Load(nodes, keys, 31)
        eventually(lambda: load.statuses().count(429) > 200, "the budgets come to their end", 120)
        load.stop()
        assert set(load.statuses()) <= {200, 429}, set(load.statuses())
        used = [sum(1 for k in s.ask("KEYS", "ds:*:holds") + s.ask("KEYS", "ds:*:state:*")) for s in redis.servers]
        assert all(used), used
        assert owners
        check_books(simulator, nodes, keys, 2_000_000)


def slots_move_under_load(lines=()):
    """Slots of keys in use move between masters, the ledger's and the keys' own too: no error, no wrong decision"""
    limit = 1_000_000 * MOVES
    with proxies(Shards, 2, lines) as (simulator, redis, nodes):
        keys = new_keys(nodes, 6, monthly_spending_limit=limit / 1e9)
        names = redis.servers[0].ask("CLUSTER", "MYID") and [
            name for server in redis.servers for name in server.ask("KEYS", "ds:*")]
        slots = sorted({redis.slot(name) for name in names})
        assert len(slots) > 6, names
        load = Load(nodes, keys, 41)
        eventually(lambda: load.statuses().count(200) > 50, "load is served", 60)
        rng = seeded(42)
        for _ in range(MOVES):
            slot = slots[rng.randrange(len(slots))]
            redis.move(slot, (redis.owner(slot) + 1 + rng.randrange(2)) % 3)
        eventually(lambda: load.statuses()[-100:].count(429) > 90, "the budgets come to their end", 300)
        load.stop()
        print(f"  {MOVES} moves, {len(load.results)} requests: "
              f"{ {s: load.statuses().count(s) for s in set(load.statuses())} }", flush=True)
        assert set(load.statuses()) == {200, 429}, set(load.statuses())
        used_up(nodes, keys)
        assert check_books(simulator, nodes, keys, limit) > 0.95 * limit


def slots_move_under_load_with_leases():
    """the same where Redis lends"""
    slots_move_under_load(LEASED)


def a_shard_that_dies_takes_its_keys_only():
    """kill -9 of one master: its keys get 503 within a second, others go on; back again, all are served"""
    with proxies(Shards, 1) as (simulator, redis, nodes):
        keys = new_keys(nodes, 12)
        home = {redis.slot("ds:{keys}:records"), redis.slot("ds:{ledger}:used"), redis.slot("ds:schema")}
        victim = next((i for i in range(3) if i not in {redis.owner(s) for s in home}), None)
        if victim is None:  # each has something that all need: the ledger's may be away for a while
            victim = redis.owner(redis.slot("ds:{ledger}:used"))
        redis.servers[victim].kill()
        began = time.monotonic()
        statuses = [nodes[0].chat(key["key"], max_tokens=1)[0] for key in keys]
        assert set(statuses) == {200, 503}, statuses
        assert time.monotonic() - began < 1.2 * statuses.count(503) + 5, time.monotonic() - began
        redis.servers[victim].start()
        for key in keys:
            eventually(lambda: nodes[0].chat(key["key"], max_tokens=1)[0] == 200, "served again", 15)
        check_books(simulator, nodes, keys, 10 ** 12)


class Parted(Sentinels):
    """Sentinels and replicas come in by the default user, proxies as one of their own: without the former, the
    master is cut off from its kind and goes on serving proxies."""
    SECRET = "secret-of-redis"

    def __init__(self, directory):
        super().__init__(directory)
        for server in self.servers:
            server.ask("ACL", "SETUSER", "proxy", *ACL.format(self.SECRET).split())
            server.ask("ACL", "SETUSER", "test", "on", "nopass", "~*", "+@all")

    @property
    def url(self):
        return super().url.replace("://", "://proxy@")

    def part(self, master):
        connection = Connection(master.port)
        connection.ask("AUTH", "test", "any")
        connection.ask("ACL", "SETUSER", "default", "off")
        connection.ask("CLIENT", "KILL", "USER", "default")
        return connection


ACL = ("on >{} ~ds:* +@read +@write +@scripting +@fast +time +info +role +cluster|slots +asking +wait")


def certificate(directory):
    """One that signs itself, for 127.0.0.1; (certificate, key) as files."""
    pair = os.path.join(directory, "tls.crt"), os.path.join(directory, "tls.key")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "2", "-subj", "/CN=redis.test", "-addext", "subjectAltName=IP:127.0.0.1",
                    "-out", pair[0], "-keyout", pair[1]], check=True, capture_output=True, timeout=60)
    return pair


def tls_and_a_user_of_its_own():
    """rediss:// as an ACL user with the rights that the manual names: served; without the CA it does not start"""
    with workspace() as directory, contextlib.ExitStack() as ends:
        simulator = Simulator(*CLOCK)
        ends.callback(simulator.kill)
        crt, key_file = certificate(directory)
        redis = Server(directory, "redis", "--tls-cert-file", crt, "--tls-key-file", key_file,
                       "--tls-auth-clients", "no")
        ends.callback(redis.kill)
        tls_port = free_port()
        redis.ask("ACL", "SETUSER", "proxy", *ACL.format("secret-of-redis").split())
        redis.ask("CONFIG", "SET", "tls-port", tls_port)
        redis.ask("ACL", "SETUSER", "default", "off")
        settings = [f'url = "rediss://proxy@127.0.0.1:{tls_port}"', 'password = "env:REDIS_SECRET"']
        env = {"REDIS_SECRET": "secret-of-redis"}
        upstream = f"http://127.0.0.1:{simulator.port}"
        for lines, secret in ((settings, "secret-of-redis"), ([*settings, f'ca_file = "{crt}"'], "wrong")):
            try:
                Proxy(os.path.join(directory, "refused"), upstream, {"store": lines}, env={"REDIS_SECRET": secret}).kill()
            except RuntimeError as failure:
                assert "certificate" in str(failure) or "WRONGPASS" in str(failure), failure
                assert "secret-of-redis" not in str(failure)
            else:
                raise AssertionError("it started")
        node = Proxy(os.path.join(directory, "node"), upstream, {"store": [*settings, f'ca_file = "{crt}"']}, env=env)
        ends.callback(node.kill)
        key = node.create_key(rate_limits={"monthly_spending_limit": 1})
        for _ in range(20):
            assert node.chat(key["key"], max_tokens=1)[0] == 200
        eventually(lambda: node.usage(key["id"])["dispatched"] == 20, "all is applied")


if __name__ == "__main__":
    run([tls_and_a_user_of_its_own, sentinels_name_the_master, a_failover_under_load, a_failover_under_load_with_leases,
         a_hanging_master_is_left, a_parted_master_grants_nothing_beyond_the_limit,
         a_parted_master_grants_nothing_alone, shards_hold_one_budget_each, slots_move_under_load,
         slots_move_under_load_with_leases, a_shard_that_dies_takes_its_keys_only])
