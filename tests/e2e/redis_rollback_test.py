#!/usr/bin/env python3
"""Redis forgets while requests run: all of it, or what came after an old copy; proxies tell it again from their
journals, and nothing is let through until all of them have. Held against the simulator's bill."""
import contextlib
import os
import shutil
import subprocess
import threading

from harness import BUILD, Process, eventually, run
from load import chat_shot, fire_all, seeded
from redis_servers import Connection, Shards
from redis_test import Cluster, Redis, check_books, cluster, known_everywhere
from topology_test import check_books as check_all_books, new_keys, proxies, used_up

LIMIT = 200_000_000  # nano-dollars


class Leased(Cluster):
    store = ('coordination = "leased"',)


class Load:
    """Requests without end to all nodes, until stopped."""

    def __init__(self, nodes, key, seed):
        self.results, self.stopping = [], False
        self.threads = [threading.Thread(target=self.fire, args=(node, key, seeded(seed + i)), daemon=True)
                        for i, node in enumerate(nodes)]
        for each in self.threads:
            each.start()

    def fire(self, node, key, rng):
        while not self.stopping:
            self.results += fire_all(node.port, key["key"], [chat_shot(rng) for _ in range(40)])

    def stop(self):
        self.stopping = True
        for each in self.threads:
            each.join()


def ask(redis, *words):
    with contextlib.closing(Connection(redis.port)) as connection:
        return connection.ask(*words)


def spent(c):
    return c.simulator.bill()["total_nano"]


def flush_all(c):
    """In mid-load, and nothing before it is on disk, either."""
    ask(c.redis, "FLUSHALL")


def old_copy(c):
    """kill -9, and a copy from when a tenth was spent: everything that was acknowledged since is gone."""
    directory = c.redis.directory
    c.redis.kill()
    shutil.rmtree(os.path.join(directory, "appendonlydir"))
    c.redis.process = Process([shutil.which("redis-server"), "--port", str(c.redis.port), "--bind", "127.0.0.1",
                               "--appendonly", "no", "--save", "", "--dir", directory],
                              r"Ready to accept connections")


def forgets(made, how, copy=False):
    """Half the limit is spent when Redis forgets it; the other half is there afterwards, and no more."""
    with cluster(2, made) as c:
        c.simulator.config(ttft_ms=50)
        key = c.nodes[0].create_key(rate_limits={"monthly_spending_limit": LIMIT / 1e9})
        late = c.nodes[0].create_key("late", rate_limits={"monthly_spending_limit": 1})
        known_everywhere(c, key)
        for node in c.nodes:
            eventually(lambda: node.command("keys", "get", late["id"], check=False).returncode == 0, "known", 5)
        load = Load(c.nodes, key, 71)
        eventually(lambda: spent(c) > LIMIT // 10, "a tenth is spent", 60)
        if copy:
            ask(c.redis, "SAVE")
        c.nodes[0].admin("POST", f"/v1/keys/{late['id']}/deactivate")  # which the copy does not know
        eventually(lambda: spent(c) > LIMIT // 2, "half is spent", 60)
        how(c)
        # Who comes second may find that nothing lacks any more.
        eventually(lambda: any("has lost what it had acknowledged" in node.text() for node in c.nodes), "it is told", 20)
        eventually(lambda: sum(node.metric("store_losses_total") for node in c.nodes) >= 1, "it is counted", 5)
        for node in c.nodes:
            eventually(lambda: node.text().count("decides about limits") >= 2, "each goes on", 20)
            eventually(lambda: node.metric("store_closed") == 0, "it is open", 20)
        eventually(lambda: c.nodes[0].chat(key["key"], max_tokens=1)[0] in (200, 429), "it serves", 20)
        eventually(lambda: load.results[-1].status == 429, "all is spent", 120)
        load.stop()
        assert {r.status for r in load.results} <= {0, 200, 429, 503}, {r.status for r in load.results}
        for node in c.nodes:  # what was revoked stays so, also for who reads it from Redis now
            eventually(lambda: node.chat(late["key"], max_tokens=1)[0] == 401, "it stays revoked", 5)
        charged = check_books(c, key, LIMIT)
        assert charged > 0.9 * LIMIT, charged
        rows = sorted(r["request_id"] for node in c.nodes for r in node.ledger() if r["dispatched"])
        assert rows == sorted(r["request_id"] for r in c.simulator.requests()), "not once each in the ledger"
        c.nodes[0].stop()
        c.nodes[0] = c.start_node(0)
        assert c.nodes[0].chat(late["key"], max_tokens=1)[0] == 401
        used_up(c.nodes, [key])
        assert check_books(c, key, LIMIT) > 0.99 * LIMIT


def everything_is_forgotten():
    """FLUSHALL under load: keys, limits and sums are told again; the limit holds against the bill"""
    forgets(Cluster, flush_all)


def everything_is_forgotten_with_leases():
    """The same where Redis lends"""
    forgets(Leased, flush_all)


def an_old_copy_is_restored():
    """kill -9 of Redis under load, back with an old copy of its data: the same"""
    forgets(Cluster, old_copy, copy=True)


def an_old_copy_is_restored_with_leases():
    """The same where Redis lends"""
    forgets(Leased, old_copy, copy=True)


def store(c, *words):
    config = os.path.join(c.directory, "operator.toml")
    with open(config, "w", encoding="utf-8") as file:
        file.write(f'[store]\npath = "{c.directory}/operator"\nurl = "{c.redis.url}"\n')
    return subprocess.run([os.path.join(BUILD, "deepseek-proxy"), "store", *words, "--config", config],
                          capture_output=True, text=True, timeout=60, check=False)


def a_proxy_that_never_comes_back():
    """kill -9 of a proxy, then of Redis: it is waited for by name; the operator goes on without it"""
    with cluster(2) as c:
        c.simulator.config(ttft_ms=200)
        key = c.nodes[0].create_key(rate_limits={"monthly_spending_limit": 10})
        known_everywhere(c, key)
        eventually(lambda: ask(c.redis, "ZCARD", "ds:{nodes}") == 2, "both are known")
        load = Load(c.nodes, key, 81)
        eventually(lambda: c.nodes[1].metric("dispatched_total") > 40, "load arrives")
        c.nodes[1].kill()
        c.redis.kill()
        c.redis.start()
        with open(os.path.join(c.directory, "node1", "node"), encoding="utf-8") as file:
            name = file.read().strip()
        eventually(lambda: f"proxy {name} was there" in c.nodes[0].text(), "it is waited for", 20)
        load.stop()
        status, _, body = c.nodes[0].chat(key["key"], max_tokens=1)
        assert status == 503 and b"enforcement_unavailable" in body, (status, body)
        checked = store(c, "check")
        assert checked.returncode == 1 and name in checked.stdout, checked.stdout
        assert store(c, "forget", "nobody").returncode != 0
        forgotten = store(c, "forget", name)
        assert forgotten.returncode == 0, forgotten.stderr
        eventually(lambda: c.nodes[0].chat(key["key"], max_tokens=1)[0] == 200, "it goes on", 20)
        checked = store(c, "check")
        assert name not in checked.stdout, checked.stdout
        assert spent(c) <= 10 ** 10
        c.nodes[1] = c.start_node(1)  # after all: what only its journal had is charged now
        check_books(c, key, 10 ** 10)


def spend(node, key):
    fire_all(node.port, key["key"], [chat_shot(seeded(3), stream=False) for _ in range(20)])
    return node.chat(key["key"], max_tokens=1)[0] == 429


def a_shard_is_forgotten():
    """FLUSHALL of one of three masters: its keys are refused until it is told again, others go on"""
    with proxies(Shards) as (simulator, redis, nodes):
        keys, roots, states = [], [], set()
        for _ in range(9):  # a key's root has its state from the beginning
            keys += new_keys(nodes, 1, monthly_spending_limit=0.002)
            now = {(i, name) for i, s in enumerate(redis.servers) for name in s.ask("KEYS", "ds:*:state:*")}
            roots += [i for i, _ in now - states]
            states = now
        assert len(roots) == len(keys), roots
        home = {redis.owner(redis.slot(name)) for name in ("ds:{keys}:records", "ds:{ledger}:used", "ds:{nodes}")}
        victim = next((i for i in range(3) if i not in home and i in roots), roots[0])
        for key in keys:
            for node in nodes:
                fire_all(node.port, key["key"], [chat_shot(seeded(3), stream=False) for _ in range(30)])
        redis.servers[victim].ask("FLUSHALL")
        others = [key for key, at in zip(keys, roots) if at != victim]
        for key in others if victim not in home else []:
            assert nodes[0].chat(key["key"], max_tokens=1)[0] in (200, 429)
        mine = next(key for key, at in zip(keys, roots) if at == victim)
        eventually(lambda: nodes[0].chat(mine["key"], max_tokens=1)[0] in (200, 429), "told again", 20)
        for key in keys:
            for node in nodes:
                eventually(lambda: spend(node, key), "its budget comes to its end", 60)
        check_all_books(simulator, nodes, keys, 2_000_000)


if __name__ == "__main__":
    run([everything_is_forgotten, everything_is_forgotten_with_leases, an_old_copy_is_restored,
         an_old_copy_is_restored_with_leases, a_proxy_that_never_comes_back, a_shard_is_forgotten])
