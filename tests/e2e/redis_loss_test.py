#!/usr/bin/env python3
"""What Redis may lose or withhold: it is away, frozen, forgets, has no replica, or holds what is not ours."""
import os
import socket
import time

from harness import eventually, run
from load import chat_shot, fire_all, seeded
from redis_test import Cluster, Redis, cluster, known_everywhere


class Dividing(Cluster):
    store = ('on_loss = "divide"',)


class DividingLeased(Cluster):
    store = ('on_loss = "divide"', 'coordination = "leased"')


class Replicated(Cluster):
    store = ('durability = "replicated"',)


class ReplicatedLeased(Cluster):
    store = ('durability = "replicated"', 'coordination = "leased"')


def plain_shots(rng, count):
    shots = [chat_shot(rng, stream=False) for _ in range(count)]
    for shot in shots:
        shot.hang_up_after = None
    return shots


def commands(port, *lines):
    """Inline commands; the raw answers."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall("".join(line + "\r\n" for line in lines).encode() + b"QUIT\r\n")
        text = b""
        while data := connection.recv(65536):
            text += data
    return text.decode("latin-1")


def away(made, how):
    with cluster(2, made) as c:
        rate = c.nodes[0].create_key(rate_limits={"requests_per_minute": 1200})
        money = c.nodes[0].create_key(rate_limits={"monthly_spending_limit": 10, "requests_per_minute": 1200})
        slots = c.nodes[0].create_key(rate_limits={"concurrent_requests": 5})
        for key in (rate, money, slots):
            known_everywhere(c, key)
        eventually(lambda: c.nodes[0].chat(rate["key"])[0] == 200, "it serves")
        went, before = time.monotonic(), len(c.simulator.requests())
        how(c.redis)
        began = time.monotonic()
        eventually(lambda: c.nodes[0].chat(rate["key"], max_tokens=1)[0] == 200, "its part goes on", 10)
        print(f"  goes on after {time.monotonic() - began:.2f} s", flush=True)
        for key in (money, slots):
            began = time.monotonic()
            status, head, body = c.nodes[0].chat(key["key"], max_tokens=1)
            assert status == 503 and b"enforcement_unavailable" in body and "retry-after" in head, (status, body)
            assert time.monotonic() - began < 1.2, time.monotonic() - began
        # A part is half of 20 a second, without a burst.
        rng = seeded(1)
        for _ in range(3):
            results = fire_all(c.nodes[0].port, rate["key"], plain_shots(rng, 100))
            assert {r.status for r in results} <= {200, 429}, {r.status for r in results}
        span = time.monotonic() - went
        admitted = len(c.simulator.requests()) - before
        assert admitted <= 10 * span + 10, (admitted, span)
        c.redis.thaw() if how is Redis.freeze else c.redis.start()
        for key in (rate, money, slots):
            eventually(lambda: c.nodes[0].chat(key["key"], max_tokens=1)[0] == 200, "all is well again", 10)

        def booked():
            return sum(c.nodes[0].usage(k["id"])["dispatched"] for k in (rate, money, slots)) \
                == len(c.simulator.requests())
        eventually(booked, "what was admitted meanwhile is on the books, once", 30)


def rates_go_on_while_redis_is_away():
    """kill -9 of Redis: keys with limits a minute go on at half of them, money and slots are refused"""
    away(Dividing, Redis.kill)


def rates_go_on_while_redis_is_frozen():
    """SIGSTOP, with leases: the same, within a second"""
    away(DividingLeased, Redis.freeze)


def a_hold_counts_once_a_replica_has_it():
    """durability = "replicated": without a replica nothing is let through, with one it is"""
    for made in (Replicated, ReplicatedLeased):
        with cluster(1, made) as c:
            key = c.nodes[0].create_key(rate_limits={"monthly_spending_limit": 10})
            node, rng = c.nodes[0], seeded(4)
            status, _, body = node.chat(key["key"], max_tokens=1)
            assert status == 503 and b"enforcement_unavailable" in body, (status, body)
            replica = Redis(os.path.join(c.directory, "replica"))
            try:
                commands(replica.port, f"REPLICAOF 127.0.0.1 {c.redis.port}")
                eventually(lambda: node.chat(key["key"], max_tokens=1)[0] == 200, "it is replicated", 30)
                results = fire_all(node.port, key["key"], plain_shots(rng, 200))
                assert {r.status for r in results} == {200}, {r.status for r in results}
                replica.freeze()
                if made is ReplicatedLeased:  # a replica had what was lent before; it is used up, or over
                    eventually(lambda: node.chat(key["key"], max_tokens=1)[0] == 503, "nothing is lent anew", 30)
                arrived = len(c.simulator.requests())
                results = fire_all(node.port, key["key"], plain_shots(rng, 20))
                assert {r.status for r in results} == {503}, {r.status for r in results}
                assert len(c.simulator.requests()) == arrived
                replica.thaw()
            finally:
                replica.thaw()
                replica.kill()
            eventually(lambda: node.usage(key["id"])["held_nano_usd"] == 0, "nothing stays held", 30)


def data_that_is_not_ours():
    """Another type, a strange state, a full memory, a user without scripts: told, and nothing let through"""
    with cluster(1) as c:
        node, port = c.nodes[0], c.redis.port
        key = node.create_key(rate_limits={"monthly_spending_limit": 10})
        eventually(lambda: node.chat(key["key"], max_tokens=1)[0] == 200, "it serves")
        arrived = len(c.simulator.requests())
        state = next(line for line in commands(port, "KEYS ds:*:state:*").split("\r\n") if ":state:" in line)

        def refused(word):
            status, _, body = node.chat(key["key"], max_tokens=1)
            assert status == 503 and b"enforcement_unavailable" in body, (word, status, body)
            eventually(lambda: word in node.text(), word)
        eventually(lambda: node.usage(key["id"])["held_nano_usd"] == 0, "settled")
        for spoil, word in ((f"RENAME {state} kept", None), (f"SET {state} short", "BADSTATE"),
                            (f"DEL {state}", None), (f"LPUSH {state} a", "WRONGTYPE"),
                            (f"DEL {state}", None), (f"RENAME kept {state}", None),
                            ("CONFIG SET maxmemory 1", "maxmemory")):
            commands(port, spoil)
            if word:
                refused(word)
        commands(port, "CONFIG SET maxmemory 0")
        assert len(c.simulator.requests()) == arrived
        eventually(lambda: node.chat(key["key"], max_tokens=1)[0] == 200, "it serves again", 5)
        commands(port, "ACL SETUSER default -@scripting")
        refused("NOPERM")
        commands(port, "ACL SETUSER default +@scripting")
        eventually(lambda: node.chat(key["key"], max_tokens=1)[0] == 200, "it serves again", 5)


def a_start_on_what_is_not_ours():
    """Another version, another type, a record that is none, no scripts, no room: no start, and each says why"""
    with cluster(1) as c:
        c.nodes[0].create_key()
        c.nodes[0].stop()
        redis = c.redis
        record = redis.ask("HKEYS", "ds:{keys}:records")[0]
        saved = {name: redis.ask("DUMP", name) for name in ("ds:schema", "ds:{keys}:changes", "ds:{keys}:records")}
        saved = {name: text.encode("utf-8", "surrogateescape") for name, text in saved.items()}

        def refused(word, *spoil):
            for words in spoil:
                redis.ask(*words)
            try:
                c.start_node(0).kill()
            except RuntimeError as failure:
                assert word in str(failure), (word, str(failure))
                print("  " + str(failure).splitlines()[-1], flush=True)
            else:
                raise AssertionError(f"it started after {spoil}")
            redis.ask("CONFIG", "SET", "maxmemory", 0)
            redis.ask("ACL", "SETUSER", "default", "+@all")
            for name, text in saved.items():
                redis.ask("RESTORE", name, 0, text, "REPLACE")
        refused("another version of deepseek-proxy (ds:schema is 999", ("SET", "ds:schema", 999))
        refused("another version of deepseek-proxy (ds:schema is 0", ("SET", "ds:schema", 0))
        refused("WRONGTYPE", ("DEL", "ds:schema"), ("LPUSH", "ds:schema", "a"))
        refused("WRONGTYPE", ("SET", "ds:{keys}:changes", "a"))
        refused("WRONGTYPE", ("SET", "ds:{keys}:records", "a"))
        refused("cannot be read", ("HSET", "ds:{keys}:records", record, "{}"))
        refused("+@scripting", ("ACL", "SETUSER", "default", "-@scripting"))
        refused("maxmemory", ("CONFIG", "SET", "maxmemory", 1))
        c.start_node(0).kill()


if __name__ == "__main__":
    run([rates_go_on_while_redis_is_away, rates_go_on_while_redis_is_frozen, a_hold_counts_once_a_replica_has_it,
         data_that_is_not_ours, a_start_on_what_is_not_ours])
