#!/usr/bin/env python3
"""Three proxies to which one Redis lends in advance: one budget, one rate, whoever is killed.
LEASES_SEEDS=20 for the long run (on $1.00 then)."""
import os
import time

from harness import eventually, run
from load import chat_shot, fire_all, seeded
from redis_test import (Cluster, check_books, cluster, faulty_rush, fire_on, known_everywhere, once_each_in_the_ledger,
                        patient_shots, rush)

SEEDS = int(os.environ.get("LEASES_SEEDS", "0"))
LIMIT_USD = 1.0 if SEEDS else 0.1
LIMIT = int(LIMIT_USD * 1e9)


class Leased(Cluster):
    store = ('coordination = "leased"',)


def spend_the_rest(c, key):
    """Each node in turn, until every one refuses: what is lent to another comes back within a second."""
    def all_refuse():
        refused = 0
        for node in c.nodes:
            status = node.chat(key["key"], max_tokens=1)[0]
            while status == 200:
                status = node.chat(key["key"], max_tokens=1)[0]
            refused += status == 429
        return refused == len(c.nodes)
    eventually(all_refuse, "all is spent", 60)


def three_nodes_hold_one_budget(made=Leased, least=0.95):
    """1,000 at once through three nodes, plain, streamed, left early, faulty: bill <= limit, nearly all usable"""
    for seed in range(SEEDS or 1):
        with cluster(3, made) as c:
            key = c.nodes[0].create_key(rate_limits={"monthly_spending_limit": LIMIT_USD})
            known_everywhere(c, key)
            rng = seeded(seed)
            faulty_rush(c, key, rng)
            # What 1,000 did not need is spent by as many as it takes.
            while True:
                c.settled(key)
                before = len(c.simulator.requests())
                rush(c, key, [chat_shot(rng, stream=False) for _ in range(600)])
                if len(c.simulator.requests()) - before < 10:
                    break
            spend_the_rest(c, key)
            charged = check_books(c, key, LIMIT)
            assert charged >= least * LIMIT, (charged, "the budget could not be used")
            once_each_in_the_ledger(c)


def three_nodes_hold_it_exactly():
    """The same where each request is asked for"""
    three_nodes_hold_one_budget(Cluster, 0.97)


def leases_are_used():
    """A rush on one node is admitted from what was lent: far fewer reserves at Redis than requests"""
    with cluster(1, Leased) as c:
        key = c.nodes[0].create_key(rate_limits={"monthly_spending_limit": 100, "requests_per_minute": 1_000_000})
        known_everywhere(c, key)
        before = c.redis.calls("hset")
        rng = seeded(1)
        shots = [chat_shot(rng, stream=False) for _ in range(2000)]
        for shot in shots:
            shot.hang_up_after = None
        results = fire_all(c.nodes[0].port, key["key"], shots)
        assert {r.status for r in results} == {200}, [r for r in results if r.status != 200][:3]
        usage = c.settled(key)
        assert usage["dispatched"] == 2000 + 1, usage["dispatched"]
        hsets = c.redis.calls("hset") - before
        print(f"  {hsets} writes of holds for 2000 requests", flush=True)
        assert hsets < 2000, hsets  # a reserve and a settle write one each


def the_rate_of_one_node():
    """A burst of 300 through three nodes: never one more than one node would admit, nearly all of it"""
    with cluster(3, Leased) as c:
        key = c.nodes[0].create_key(rate_limits={"requests_per_minute": 1, "burst_requests": 300})
        for node in c.nodes:
            eventually(lambda: node.command("keys", "get", key["id"], check=False).returncode == 0, "known", 2)
        rng = seeded(3)
        shots = patient_shots(rng, 900)
        admitted = 0
        began = time.monotonic()
        for _ in range(3):
            admitted += rush(c, key, shots).count(200)
            c.settled(key)
        most = 300 + int((time.monotonic() - began) / 60) + 1
        print(f"  {admitted} of {most} admitted", flush=True)
        assert 0.98 * 300 <= admitted <= most, admitted


def a_killed_node_leaves_nothing_lent():
    """kill -9 of a node under load: what it had sent is charged once; started again, nothing stays lent"""
    with cluster(2, Leased) as c:
        c.simulator.config(ttft_ms=100)
        key = c.nodes[0].create_key(rate_limits={"monthly_spending_limit": 10})
        known_everywhere(c, key)
        rng = seeded(11)
        threads, _ = fire_on(c, key, [chat_shot(rng) for _ in range(800)])
        eventually(lambda: c.nodes[1].metric("dispatched_total") > 40, "load arrives")
        c.nodes[1].kill()
        for each in threads:
            each.join()
        c.nodes[1] = c.start_node(1)
        check_books(c, key, 10**10)


def a_lowered_limit_holds_for_what_was_lent():
    """The limit is lowered below what is spent while a node has money lent to it: it refuses within a second"""
    with cluster(2, Leased) as c:
        key = c.nodes[0].create_key(rate_limits={"monthly_spending_limit": 10})
        known_everywhere(c, key)
        rng = seeded(12)
        fire_all(c.nodes[1].port, key["key"], [chat_shot(rng, stream=False) for _ in range(300)])
        c.nodes[0].admin("PATCH", f"/v1/keys/{key['id']}", {"rate_limits": {"monthly_spending_limit": 0.000001}})
        for node in c.nodes:
            eventually(lambda: node.chat(key["key"], max_tokens=1)[0] == 429, "it is refused", 2)
        arrived = len(c.simulator.requests())
        results = fire_all(c.nodes[1].port, key["key"], [chat_shot(rng, stream=False) for _ in range(50)])
        assert {r.status for r in results} <= {0, 429}, {r.status for r in results}
        assert len(c.simulator.requests()) == arrived


if __name__ == "__main__":
    run([leases_are_used, the_rate_of_one_node, three_nodes_hold_one_budget, three_nodes_hold_it_exactly,
         a_killed_node_leaves_nothing_lent, a_lowered_limit_holds_for_what_was_lent])
