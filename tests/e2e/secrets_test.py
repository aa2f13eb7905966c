#!/usr/bin/env python3
"""Canaries: the real key, secrets, admin keys, prompts and answers are put everywhere a request can carry
them, and are then looked for in all that is written or told."""
import json
import os
import signal

from harness import ADMIN_KEY, REAL_KEY, Proxy, Simulator, eventually, free_port, request, run, workspace
from redis_test import Redis

PROMPT = "canary-of-a-prompt-7f3a"
WRONG = "sk-ds-0123456789abcdefghjkmnpqrstvwxyz0123456"


def everything_below(directory):
    for folder, _, names in os.walk(directory):
        for name in names:
            if name == "test.toml":
                continue
            with open(os.path.join(folder, name), "rb") as file:
                yield os.path.join(folder, name), file.read()


def traffic(proxy):
    """Each kind of call with something secret in it; gives the secrets, and what refusals said."""
    parent = proxy.create_key("parent", may_delegate=True)
    child = json.loads(request(proxy.port, "POST", "/v1/keys", {"name": "child"},
                               {"Authorization": "Bearer " + parent["key"]})[2])
    narrow = proxy.create_key("narrow", models=["deepseek-pro"], rate_limits={"requests_per_minute": 1})
    viewer = proxy.admin("POST", "/v1/admin-keys", {"name": "viewer", "role": "viewer"})
    rotated = proxy.admin("POST", f"/v1/keys/{parent['id']}/rotate", {"grace_days": 1})
    told = []

    def call(secret, body, path="/v1/chat/completions", **headers):
        status, _, data = request(proxy.port, "POST", path, body, {"Authorization": "Bearer " + secret, **headers})
        if status >= 400:
            told.append(data)
        return status

    chat = {"model": "deepseek-flash", "max_tokens": 20, "messages": [{"role": "user", "content": PROMPT}]}
    assert call(child["key"], chat) == 200
    assert call(rotated["key"], {**chat, "stream": True}, **{"Idempotency-Key": PROMPT}) == 200
    for fault in ("status:401", "status:402", "status:500", "garbage_json", "reset"):
        call(child["key"], chat, **{"x-sim-fault": fault})
    for _ in range(3):
        call(narrow["key"], {**chat, "model": "deepseek-pro"})
    call(narrow["key"], chat)
    call(WRONG, chat)
    call(viewer["key"], chat)
    call(child["key"], json.dumps(chat)[:-5].encode())
    call(child["key"], {**chat, "max_tokens": "many"})
    call(child["key"], {**chat, PROMPT: 1, "messages": PROMPT})
    call(child["key"], chat, path="/v1/nothing?key=" + parent["key"])
    call(child["key"], chat, path="/v1/chat/completions?api_key=" + child["key"])
    told.append(request(proxy.admin_port, "GET", "/v1/keys", None, {"Authorization": "Bearer " + child["key"]})[2])
    told.append(request(proxy.admin_port, "GET", "/v1/keys", None, {"Authorization": "Bearer " + REAL_KEY})[2])
    told.append(request(proxy.admin_port, "POST", "/v1/keys", {"name": 5, "key": child["key"]},
                        {"Authorization": "Bearer " + ADMIN_KEY})[2])
    return [parent["key"], child["key"], narrow["key"], viewer["key"], rotated["key"]], told


def look(proxy, directory, secrets, told):
    canaries = [c.encode() for c in (REAL_KEY, ADMIN_KEY, PROMPT, *secrets)]
    found = [("what refusals said", text) for text in told]
    found.append(("log", proxy.text().encode()))
    for path in ("/metrics", "/v1/keys", "/v1/admin-keys", "/v1/audit?limit=1000", "/v1/events?limit=1000",
                 "/v1/ledger", "/v1/usage", "/v1/usage/keys", "/health", "/"):
        status, _, data = request(proxy.admin_port, "GET", path, None, {"Authorization": "Bearer " + ADMIN_KEY})
        assert status == 200, (path, status)
        found.append((path, data))
    for words in (("keys", "list"), ("audit",), ("events", "parent"), ("usage",), ("keys", "get", "parent")):
        found.append((words, proxy.command(*words).stdout.encode()))
    found += list(everything_below(directory))
    assert len(found) > 20 and any(b"key.create" in text for _, text in found)
    for where, text in found:
        for canary in canaries:
            assert canary not in text, (where, canary, text[max(0, text.find(canary) - 80):][:160])


def one_store(settings, directory):
    simulator = Simulator("--clock", "2026-11-22T12:00:00Z")
    try:
        proxy = Proxy(os.path.join(directory, "data"), f"http://127.0.0.1:{simulator.port}",
                      {"log": ['level = "debug"'], **settings}, ("--clock", "2026-11-22T12:00:00Z"))
        with open(f"/proc/{proxy.pid}/limits", encoding="utf-8") as file:
            [core] = [line for line in file if line.startswith("Max core file size")]
        assert core.split()[4:6] == ["0", "0"], core
        secrets, told = traffic(proxy)
        eventually(lambda: proxy.usage(proxy.admin("GET", "/v1/keys")["data"][1]["id"])["requests"] >= 3, "booked")
        assert len(simulator.requests()) >= 5, "the prompts did not arrive upstream"
        look(proxy, directory, secrets, told)
        proxy.kill(signal.SIGABRT)
        look_again = list(everything_below(directory))
        for where, text in look_again:
            for canary in (REAL_KEY, ADMIN_KEY, PROMPT, *secrets):
                assert canary.encode() not in text, (where, canary)
    finally:
        simulator.kill()


def on_the_embedded_store():
    """log at debug, journal, database, metrics, events, audit, ledger, page, command line, errors; no core"""
    with workspace() as directory:
        one_store({}, directory)


def on_redis():
    """and Redis's own file"""
    with workspace() as directory:
        redis = Redis(directory)
        try:
            one_store({"store": [f'url = "{redis.url}"']}, directory)
        finally:
            redis.kill()


if __name__ == "__main__":
    run([on_the_embedded_store, on_redis])
