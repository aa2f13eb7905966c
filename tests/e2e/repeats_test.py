#!/usr/bin/env python3
"""Idempotency-Key on the data plane: asked twice, run once and billed once, by the upstream's own count."""
import http.client
import json
import threading

from harness import eventually, request, run, stack

CLOCK = ("--clock", "2026-11-22T12:00:00Z")
SIMULATOR = ("--tokens", "bytes", "--prices", "table", *CLOCK)
BODY = {"model": "deepseek-flash", "max_tokens": 40, "messages": [{"role": "user", "content": "hi"}]}


def ask(proxy, secret, name, body=None, path="/v1/chat/completions", **fields):
    return request(proxy.port, "POST", path, {**(body or BODY), **fields},
                   {"Authorization": "Bearer " + secret, "Idempotency-Key": name})


def asked_twice_run_once():
    """plain and streamed, in each format: the same bytes, one request upstream, one charge"""
    calls = {"/v1/chat/completions": BODY,
             "/anthropic/v1/messages": BODY,
             "/v1/responses": {"model": "deepseek-flash", "input": "hi", "max_output_tokens": 40}}
    with stack(SIMULATOR, proxy_options=CLOCK) as (simulator, proxy):
        key = proxy.create_key(rate_limits={"monthly_spending_limit": 1})
        for count, (path, body) in enumerate(calls.items()):
            for stream in (False, True):
                name = f"{path} {stream}"
                first, *again = [ask(proxy, key["key"], name, body, path, stream=stream) for _ in range(3)]
                assert first[0] == 200 and "idempotent-replayed" not in first[1], first
                for status, headers, data in again:
                    assert (status, data) == (200, first[2]), (name, data)
                    assert headers["idempotent-replayed"] == "true"
                    assert headers["content-type"].split(";")[0] == first[1]["content-type"].split(";")[0]
            assert len(simulator.requests()) == 2 * count + 2
        bill = simulator.bill()["total_nano"]
        eventually(lambda: proxy.usage(key["id"])["cost_nano_usd"] == bill, "charged once each")
        assert proxy.usage(key["id"])["dispatched"] == 6
        assert proxy.metric("replayed_total") == 12


def the_first_may_lose_its_client():
    """a stream whose client hangs up is drained; asked again, the whole answer is there and nothing runs twice"""
    with stack(SIMULATOR, proxy_options=CLOCK) as (simulator, proxy):
        key = proxy.create_key()
        connection = http.client.HTTPConnection("127.0.0.1", proxy.port)
        connection.request("POST", "/v1/chat/completions", json.dumps({**BODY, "stream": True}),
                           {"Authorization": "Bearer " + key["key"], "Idempotency-Key": "a",
                            "Content-Type": "application/json"})
        connection.getresponse().read(10)
        connection.close()
        answer = eventually(lambda: (lambda got: got if got[0] == 200 else None)(
            ask(proxy, key["key"], "a", stream=True)), "the answer is kept")
        assert answer[2].endswith(b"data: [DONE]\n\n"), answer[2][-80:]
        assert len(simulator.requests()) == 1


def while_it_runs_the_second_is_told_to_wait():
    """409 with Retry-After, which SDKs repeat by themselves; once it ended, its answer"""
    with stack(SIMULATOR, proxy_options=CLOCK) as (simulator, proxy):
        key = proxy.create_key()
        simulator.control("POST", "gate", {"tokens": 0})
        got = []
        first = threading.Thread(target=lambda: got.append(ask(proxy, key["key"], "a")))
        first.start()
        eventually(lambda: simulator.control("GET", "gate")["waiting"] == 1, "it arrived")
        status, headers, data = ask(proxy, key["key"], "a")
        assert status == 409 and headers["retry-after"] == "1", (status, data)
        assert json.loads(data)["error"]["code"] == "request_in_progress", data
        simulator.control("POST", "gate", {"tokens": None})
        first.join()
        assert ask(proxy, key["key"], "a")[2] == got[0][2]
        assert len(simulator.requests()) == 1


def names_are_each_keys_own():
    """another key, another name: another request; the same name for another body is refused"""
    with stack(SIMULATOR, proxy_options=CLOCK) as (simulator, proxy):
        one, two = proxy.create_key(), proxy.create_key()
        for secret, name in ((one["key"], "a"), (two["key"], "a"), (one["key"], "b")):
            assert ask(proxy, secret, name)[0] == 200
        assert len(simulator.requests()) == 3
        status, _, data = ask(proxy, one["key"], "a", max_tokens=41)
        assert status == 400 and json.loads(data)["error"]["param"] == "Idempotency-Key", data
        assert ask(proxy, one["key"], "x" * 256)[0] == 400
        assert len(simulator.requests()) == 3


def what_failed_is_not_kept():
    """an upstream's error, or our refusal: asked again it runs"""
    with stack(SIMULATOR, proxy_options=CLOCK) as (simulator, proxy):
        key = proxy.create_key(rate_limits={"requests_per_minute": 2})
        headers = {"Authorization": "Bearer " + key["key"], "Idempotency-Key": "a"}
        assert request(proxy.port, "POST", "/v1/chat/completions", BODY,
                       {**headers, "x-sim-fault": "status:500"})[0] == 500
        assert ask(proxy, key["key"], "a")[0] == 200
        assert ask(proxy, key["key"], "b")[0] == 429
        assert ask(proxy, key["key"], "a")[0] == 200, "what was answered needs no limit"
        assert len(simulator.requests()) == 2
        proxy.admin("POST", f"/v1/keys/{key['id']}/deactivate", {})
        assert ask(proxy, key["key"], "a")[0] == 401


run([asked_twice_run_once, the_first_may_lose_its_client, while_it_runs_the_second_is_told_to_wait,
     names_are_each_keys_own, what_failed_is_not_kept])
