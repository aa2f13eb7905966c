#!/usr/bin/env python3
"""`deepseek-proxy store copy`: a data directory to Redis and back; what was used stays used, to the nano-dollar."""
import contextlib
import os
import subprocess

from harness import BUILD, Proxy, Simulator, eventually, run, workspace
from redis_servers import Server, Shards

LIMIT_USD = 0.01
CLOCK = "2026-11-22T12:00:00Z"  # of the simulator: off-peak
SAME = "the same on both sides"


def copy(source, target, *options, program="deepseek-proxy"):
    return subprocess.run([os.path.join(BUILD, program), "store", "copy", "--from", source, "--to", target, *options],
                          capture_output=True, text=True, timeout=120)


def copied(source, target, *options, **more):
    done = copy(source, target, *options, **more)
    assert done.returncode == 0, done
    return done.stdout


def refused(word, source, target, *options):
    done = copy(source, target, *options)
    assert done.returncode == 1 and word in done.stderr, (word, done)


def use_up(node, key):
    while True:
        status, _, body = node.chat(key["key"], max_tokens=200)
        if status != 200:
            assert status == 429, (status, body)
            return


def figures(node, keys):
    """What an owner sees of the keys, to the nano-dollar."""
    fields = ("dispatched", "prompt_tokens", "completion_tokens", "cost_nano_usd")
    usages = [node.admin("GET", "/v1/usage?period=24h"), *(node.usage(k["id"]) for k in keys)]
    return {"usage": [{field: usage[field] for field in fields} for usage in usages],
            "models": node.admin("GET", "/v1/usage/models?period=24h"),
            "names": sorted(k["name"] for k in node.admin("GET", "/v1/keys")["data"]),
            "audit": [(r["action"], r["subject"], r["time_ms"]) for r in node.admin("GET", "/v1/audit")["data"]]}


class Stack:
    """A simulator, and one proxy at a time on a directory."""

    def __init__(self, directory, ends):
        self.directory, self.ends = directory, ends
        self.simulator = Simulator("--tokens", "bytes", "--prices", "table", "--clock", CLOCK)
        ends.callback(self.simulator.kill)

    def at(self, name):
        return os.path.join(self.directory, name)

    @contextlib.contextmanager
    def serving(self, name, url=None):
        node = Proxy(self.at(name), f"http://127.0.0.1:{self.simulator.port}",
                     {"store": [f'url = "{url}"']} if url else None)
        try:
            yield node
        finally:
            node.stop()

    def settled(self, node):
        eventually(lambda: node.admin("GET", "/v1/usage?period=24h")["dispatched"] == len(self.simulator.requests()),
                   "all is applied")


def there_and_back(redis, s):
    first, second = "embedded:" + s.at("first"), "embedded:" + s.at("second")
    with s.serving("first") as node:
        keys = [node.create_key("spender", rate_limits={"total_spending_limit": LIMIT_USD}), node.create_key("other")]
        keys.append(node.create_key("child", parent=keys[0]["id"]))
        gone = node.create_key("gone")
        node.admin("DELETE", f"/v1/keys/{gone['id']}", expect=(200, 204))
        use_up(node, keys[2])
        for _ in range(5):
            assert node.chat(keys[1]["key"])[0] == 200
        s.settled(node)
        before = figures(node, keys)
        rows = sorted(r["request_id"] for r in node.ledger() if r["dispatched"])
        refused("in use by process", first, redis.url)
    assert "nothing was written" in copied(first, redis.url, "--dry-run")
    assert redis.names() == []
    assert SAME in copied(first, redis.url)
    assert "nothing to do" in copied(first, redis.url)

    # The same directory, now in front of Redis: its journal is not told once more.
    with s.serving("first", redis.url) as node:
        assert node.chat(keys[2]["key"], max_tokens=200)[0] == 429, "the budget is fresh again"
        assert figures(node, keys) == before, (figures(node, keys), before)
        assert sorted(r["request_id"] for r in node.ledger() if r["dispatched"]) == rows
        refused("in use", redis.url, "embedded:" + s.at("unused"))
        for _ in range(7):
            assert node.chat(keys[1]["key"])[0] == 200
        s.settled(node)
        node.admin("PATCH", f"/v1/keys/{keys[1]['id']}", {"name": "renamed"})
        after = figures(node, keys)
        assert s.simulator.bill()["total_nano"] <= after["usage"][0]["cost_nano_usd"]
        assert 0.9 * LIMIT_USD * 1e9 < after["usage"][3]["cost_nano_usd"] <= LIMIT_USD * 1e9, after
    refused("--replace", first, redis.url)

    assert "nothing was written" in copied(redis.url, second, "--dry-run")
    assert not os.path.exists(s.at("second"))
    assert SAME in copied(redis.url, second)
    with s.serving("second") as node:
        assert node.chat(keys[2]["key"], max_tokens=200)[0] == 429, "the budget is fresh again"
        assert figures(node, keys) == after, (figures(node, keys), after)
        assert node.chat(keys[1]["key"])[0] == 200
        s.settled(node)
    # Into the directory that has the journal of what the other way was told, and has a store already.
    refused("--replace", redis.url, first)
    assert SAME in copied(redis.url, first, "--replace", program="deepseek")
    with s.serving("first") as node:
        assert figures(node, keys) == after, (figures(node, keys), after)


def one_redis_and_back():
    """embedded to one Redis and back: refused while in use and where something is, verified, limits as they were"""
    with workspace() as directory, contextlib.ExitStack() as ends:
        redis = Server(directory, "redis")
        ends.callback(redis.kill)
        there_and_back(redis, Stack(directory, ends))


def a_cluster_and_back():
    """the same with three masters that share the slots"""
    with workspace() as directory, contextlib.ExitStack() as ends:
        redis = Shards(directory)
        ends.callback(redis.kill)
        there_and_back(redis, Stack(directory, ends))


def what_would_count_wrongly_is_refused():
    """a copy cut short, a journal of somebody else's, requests of a killed proxy, what is no store: told, not used"""
    with workspace() as directory, contextlib.ExitStack() as ends:
        redis, s = Server(directory, "redis"), Stack(directory, ends)
        ends.callback(redis.kill)
        with s.serving("first") as node, s.serving("stranger") as stranger:
            key, other = node.create_key(), stranger.create_key()
            assert node.chat(key["key"])[0] == stranger.chat(other["key"])[0] == 200
        first, stranger = "embedded:" + s.at("first"), "embedded:" + s.at("stranger")
        assert SAME in copied(first, redis.url)
        refused("journal entries", redis.url, stranger, "--replace")
        with s.serving("stranger") as node:
            assert node.usage(other["id"])["dispatched"] == 1, "a refused copy has changed its target"

        redis.ask("SET", "ds:schema", "copying")
        try:
            Proxy(s.at("third"), "http://127.0.0.1:9", {"store": [f'url = "{redis.url}"']})
        except RuntimeError as failure:
            assert "not finished" in str(failure), failure
        else:
            raise AssertionError("it started on half a copy")
        assert SAME in copied(first, redis.url, "--replace")

        s.simulator.config(ttft_ms=30_000)
        node = Proxy(s.at("first"), f"http://127.0.0.1:{s.simulator.port}", {"store": [f'url = "{redis.url}"']})
        ends.callback(node.kill)
        hanging = subprocess.Popen(
            ["curl", "-sN", "-o", os.devnull, f"http://127.0.0.1:{node.port}/v1/chat/completions",
             "-H", f"Authorization: Bearer {key['key']}", "-d",
             '{"model":"deepseek-flash","messages":[{"role":"user","content":"hi"}]}'])
        ends.callback(hanging.wait)
        eventually(lambda: node.usage(key["id"])["held_nano_usd"] > 0, "it is held")
        usage = node.usage(key["id"])
        most = usage["cost_nano_usd"] + usage["held_nano_usd"]
        node.kill()
        target = "embedded:" + s.at("fourth")
        eventually(lambda: "in use" not in copy(redis.url, target).stderr, "the killed proxy is not counted any more")
        refused("--force", redis.url, target)
        assert f"limits count (${most // 10**9}.{most % 10**9:09})" in copied(redis.url, target, "--force"), most

        refused("no data directory", "embedded:" + directory, redis.url)
        refused("embedded:PATH", "mysql://x", redis.url)
        refused("refused", first, "redis://127.0.0.1:1")


if __name__ == "__main__":
    run([one_redis_and_back, a_cluster_and_back, what_would_count_wrongly_is_refused])
