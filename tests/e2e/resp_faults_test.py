#!/usr/bin/env python3
"""Replies and commands that are lost, repeated, late or cut off between two proxies and their Redis: each
request id counts once. RESP_FAULT_REQUESTS says how many are sent; RESP_FAULT_SEED draws other faults."""
import os
import struct
import sys

from harness import Proxy, Simulator, eventually, run, workspace
from load import chat_shot, fire_all, seeded
from redis_servers import Server

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from resp_faults import FAULTS, FaultyMiddle

REQUESTS = int(os.environ.get("RESP_FAULT_REQUESTS", "6000"))
SEED = int(os.environ.get("RESP_FAULT_SEED", "1"))
VOLLEY = 250
SPENT, HELD = 13, (2, 4, 5, 6, 9, 12, 14)  # of a limit state's fifteen integers


def states(redis):
    """Of all keys, by a connection without faults."""
    texts = [redis.ask("GET", name) for name in redis.ask("KEYS", "ds:*:state:*")]
    return [struct.unpack("<15q", text.encode("utf-8", "surrogateescape")) for text in texts]


def each_request_counts_once():
    """Thousands of requests on five keys through faults of every kind: booked once each, to the nano-dollar"""
    with workspace() as directory:
        simulator = Simulator("--tokens", "bytes", "--prices", "table", "--clock", "2026-11-22T12:00:00Z")
        redis = Server(directory, "redis")
        middles = [FaultyMiddle(redis.port, SEED * 100 + i) for i in range(2)]
        nodes = []
        try:
            simulator.config(greedy=True)
            for index, middle in enumerate(middles):
                nodes.append(Proxy(os.path.join(directory, f"node{index}"), f"http://127.0.0.1:{simulator.port}",
                                   {"store": [f'url = "redis://127.0.0.1:{middle.port}"']}))
            keys = [nodes[0].create_key(f"key {i}", rate_limits={"monthly_spending_limit": 100}) for i in range(5)]
            for key in keys:
                eventually(lambda: nodes[1].chat(key["key"], max_tokens=1)[0] == 200, "the key is known")
            statuses = volleys(nodes, keys, middles)
            print(f"  {REQUESTS} requests: { {s: statuses.count(s) for s in set(statuses)} }; faults "
                  f"{dict(sum((m.done for m in middles), type(middles[0].done)()))}", flush=True)
            assert set(statuses) <= {200, 503} and statuses.count(200) > REQUESTS / 4, set(statuses)
            for fault in FAULTS:
                assert any(m.done[fault] for m in middles), f"no {fault} was done"
            check(simulator, redis, nodes, keys)
        finally:
            for node in nodes:
                node.kill()
            for middle in middles:
                middle.stop()
            redis.kill()
            simulator.kill()


def volleys(nodes, keys, middles):
    rng = seeded(SEED)
    statuses = []
    for middle in middles:
        middle.arm()
    while len(statuses) < REQUESTS:
        shots = [chat_shot(rng, tokens=(1, 100)) for _ in range(VOLLEY)]
        for shot in shots:
            shot.hang_up_after = None
        key = keys[rng.randrange(len(keys))]
        statuses += [r.status for r in fire_all(nodes[rng.randrange(2)].port, key["key"], shots)]
    for middle in middles:
        middle.arm(False)
    return statuses


def check(simulator, redis, nodes, keys):
    def settled():
        return all(not any(state[i] for i in HELD) for state in states(redis))
    eventually(settled, "nothing is held any more", 60)
    eventually(lambda: sum(nodes[0].usage(k["id"])["dispatched"] for k in keys) == len(simulator.requests()),
               "all is applied", 60)
    rows = [r for node in nodes for r in node.ledger() if r["dispatched"]]
    assert sorted(r["request_id"] for r in rows) == sorted(r["request_id"] for r in simulator.requests())
    booked = [sum(r["cost_nano_usd"] for r in rows if r["key_id"] == key["id"]) for key in keys]
    assert [nodes[0].usage(key["id"])["cost_nano_usd"] for key in keys] == booked
    assert sorted(state[SPENT] for state in states(redis)) == sorted(booked), (states(redis), booked)
    assert simulator.bill()["total_nano"] <= sum(r["cost_nano_usd"] for r in rows)


if __name__ == "__main__":
    run([each_request_counts_once])
