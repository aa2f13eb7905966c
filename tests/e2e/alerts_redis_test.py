#!/usr/bin/env python3
"""Alerts of proxies that share a Redis: each is told once, whoever saw the cause, and so is a Redis that forgets."""
from alerts_world import SharedWorld
from redis_servers import Connection
from harness import eventually, run, workspace


def redis_forgets():
    """What Redis had acknowledged is gone: told as critical, though it knows again within a second"""
    with workspace() as directory, SharedWorld(directory) as world:
        proxy = world.start()
        key = proxy.create_key(rate_limits={"monthly_spending_limit": 1})
        assert proxy.chat(key["key"], max_tokens=5)[0] == 200
        link = Connection(world.redis.port)
        link.ask("FLUSHALL")
        link.close()
        eventually(lambda: "store_lost_state" in world.hook.rules(), "the owner is told")
        told = world.hook.events()[0]["alert"]
        assert told["severity"] == "critical" and told["key_id"] is None, told
        eventually(lambda: proxy.chat(key["key"], max_tokens=5)[0] == 200, "it serves again")


def of_two_proxies_one_tells():
    """Two proxies on one Redis: the alert is told once, by one of them; both show it"""
    with workspace() as directory, SharedWorld(directory) as world:
        nodes, hook = [world.start(), world.start()], world.hook
        key = nodes[0].create_key("shared", daily_budget=0.000001)
        eventually(lambda: nodes[1].chat(key["key"], max_tokens=50)[0] == 200, "the other knows the key")
        for _ in range(5):
            for node in nodes:
                assert node.chat(key["key"], max_tokens=50)[0] == 200
        eventually(lambda: hook.rules(), "it is told")
        for node in nodes:
            eventually(lambda: node.admin("GET", "/v1/alerts?state=open")["open"] == 1, "both show it")
        nodes[0].admin("PATCH", f"/v1/keys/{key['id']}", {"daily_budget": 100})
        eventually(lambda: hook.rules("alert.resolved"), "and its end")
        for node in nodes:
            eventually(lambda: node.admin("GET", "/v1/alerts?state=open")["open"] == 0, "it is over")
        assert (len(hook.rules()), len(hook.rules("alert.resolved"))) == (1, 1), hook.events()
        for node in nodes:
            assert node.stop() == 0, node.text()[-3000:]


def what_one_proxy_has_seen_the_other_knows():
    """A network that a key is known to come from at one proxy is no news at the other, a new one is"""
    trusting = {"server": ['trusted_proxies = ["127.0.0.1"]']}
    with workspace() as directory, SharedWorld(directory, trusting) as world:
        first, hook = world.start(), world.hook
        key = first.create_key("app")

        def ask(node, ip):
            assert node.chat(key["key"], {"X-Forwarded-For": ip}, max_tokens=5)[0] == 200
        links = Connection(world.redis.port)
        known = lambda: " ".join(links.ask("HVALS", "ds:{notes}:places"))
        ask(first, "203.0.113.5")
        eventually(lambda: "203.0.113.0/24" in known(), "the first one is at rest")
        other = world.start(days=8)  # it reads what is known, and runs on
        ask(first, "198.51.100.9")
        eventually(lambda: "198.51.100.0/24" in known(), "the second one is at rest")
        ask(other, "203.0.113.77")
        ask(other, "198.51.100.77")
        ask(other, "192.0.2.1")
        eventually(lambda: "new_network" in hook.rules(), "the third one is told")
        assert [e["alert"]["subject"] for e in hook.events()] == ["192.0.2.0/24"], hook.events()
        eventually(lambda: all(each in known() for each in ("203.0.113", "198.51.100", "192.0.2")), "all are kept")
        links.close()


if __name__ == "__main__":
    run([redis_forgets, of_two_proxies_one_tells, what_one_proxy_has_seen_the_other_knows])
