#!/usr/bin/env python3
"""Several real keys of one account: shared out by weight, and asked again where one is turned away; judged
by an upstream that writes down which key asked."""
import collections
import contextlib
import http.server
import json
import os
import threading

from harness import Proxy, eventually, request, run, workspace

KEYS = {"FIRST": "sk-real-one", "SECOND": "sk-real-two", "THIRD": "sk-real-three"}
USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5, "prompt_cache_hit_tokens": 0,
         "prompt_cache_miss_tokens": 3}
ANSWER = {"id": "x", "object": "chat.completion", "created": 1, "model": "deepseek-flash", "usage": USAGE,
          "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "ok"}}]}


class Upstream(http.server.ThreadingHTTPServer):
    """Answers by the key: a status that `says` names for it, else an answer."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.says, self.asked, self.headers = {}, [], {}
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        key = self.headers["authorization"].removeprefix("Bearer ")
        self.server.asked.append((key, body))
        status = self.server.says.get(key, 200)
        data = json.dumps(ANSWER if status == 200 else {"error": {"message": f"{key} is in trouble"}}).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def proxy_with(more):
    with workspace() as directory:
        upstream = Upstream()
        proxy = Proxy(os.path.join(directory, "data"), f"http://127.0.0.1:{upstream.server_port}",
                      {"server": ["threads = 1"],
                       "upstream": ['key = "env:FIRST"', f"more_keys = {json.dumps(more)}"]},
                      ("--clock", "2026-11-22T12:00:00Z"), env=KEYS)
        try:
            yield upstream, proxy
        finally:
            proxy.stop()
            upstream.shutdown()


def counts(upstream):
    return collections.Counter(key for key, _ in upstream.asked)


def shared_out_by_weight():
    """weights 1, 2 and 1: of 80 requests 20, 40 and 20, never one key four times in a row"""
    with proxy_with(["env:SECOND weight=2", "env:THIRD"]) as (upstream, proxy):
        secret = proxy.create_key()["key"]
        for _ in range(80):
            assert proxy.chat(secret)[0] == 200
        assert counts(upstream) == {"sk-real-one": 20, "sk-real-two": 40, "sk-real-three": 20}, counts(upstream)


def asked_again_where_one_is_turned_away():
    """401, 402 and 429 of a key: the client sees an answer, is charged once, and the key rests"""
    for status in (401, 402, 429):
        with proxy_with(["env:SECOND"]) as (upstream, proxy):
            upstream.headers["retry-after"] = "60"
            key = proxy.create_key(rate_limits={"monthly_spending_limit": 1})
            upstream.says["sk-real-one"] = status
            for _ in range(6):
                got, _, data = proxy.chat(key["key"])
                assert got == 200, (status, got, data)
            assert counts(upstream) == {"sk-real-one": 1, "sk-real-two": 6}, (status, counts(upstream))
            assert len({body for _, body in upstream.asked}) == 1, "the second was sent another body"
            eventually(lambda: proxy.usage(key["id"])["dispatched"] == 6, "booked")
            usage = proxy.usage(key["id"])
            assert usage["tokens"] == 6 * 5 and usage["errors"] == 0, usage
            assert proxy.metric("key_failovers_total") == 1


def when_all_are_turned_away():
    """429 is told as it is, 401 and 402 privately as 502; each key is asked once a request; nothing is charged"""
    for status, told in ((429, 429), (402, 502), (401, 502)):
        with proxy_with(["env:SECOND", "env:THIRD"]) as (upstream, proxy):
            key = proxy.create_key(rate_limits={"monthly_spending_limit": 1})
            upstream.says.update({each: status for each in KEYS.values()})
            got, _, data = proxy.chat(key["key"])
            assert got == told and (told == 429 or b"sk-real" not in data), (status, got, data)
            assert counts(upstream) == {each: 1 for each in KEYS.values()}, counts(upstream)
            assert proxy.chat(key["key"])[0] == told
            assert len(upstream.asked) == 4, "where all rest one is asked"
            eventually(lambda: proxy.usage(key["id"])["dispatched"] == 2, "booked")
            assert proxy.usage(key["id"])["cost_nano_usd"] == 0
            assert proxy.usage(key["id"])["held_nano_usd"] == 0


def uploads_are_not_asked_again():
    """their body is gone: what the first key is answered is answered"""
    with proxy_with(["env:SECOND"]) as (upstream, proxy):
        secret = proxy.create_key()["key"]
        upstream.says["sk-real-one"] = 402
        got, _, _ = request(proxy.port, "POST", "/v1/files", b"--x\r\n\r\nhello\r\n--x--\r\n",
                            {"Authorization": "Bearer " + secret, "Content-Type": "multipart/form-data; boundary=x"})
        assert got == 502 and counts(upstream) == {"sk-real-one": 1}, (got, counts(upstream))


run([shared_out_by_weight, asked_again_where_one_is_turned_away, when_all_are_turned_away,
     uploads_are_not_asked_again])
