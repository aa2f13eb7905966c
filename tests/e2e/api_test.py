#!/usr/bin/env python3
"""All of the API through the proxy: each format's usage in each ending against the upstream's own bill;
uploads, large bodies, HEAD, Expect, both fields for the key, and every route."""
import json
import socket

from harness import eventually, request, run, stack
from load import Shot, fire_all

SIMULATOR = ("--tokens", "bytes", "--prices", "table", "--clock", "2026-11-22T12:00:00Z")
CLOCK = ("--clock", "2026-11-22T12:00:00Z")
MESSAGES = [{"role": "user", "content": "Say hello."}]
FORMATS = {
    "chat": ("/v1/chat/completions", {"messages": MESSAGES, "max_tokens": 60}),
    "chat, beta": ("/beta/chat/completions", {"messages": MESSAGES, "max_tokens": 60}),
    "fim": ("/beta/completions", {"prompt": "def f(", "suffix": "return 1", "max_tokens": 60}),
    "responses": ("/v1/responses", {"input": "Say hello.", "max_output_tokens": 60}),
    "anthropic": ("/anthropic/v1/messages", {"messages": MESSAGES, "max_tokens": 60}),
}


def settled(simulator, proxy, key):
    def done():
        usage = proxy.usage(key["id"])
        return usage["held_nano_usd"] == 0 and usage["dispatched"] == len(simulator.requests())
    eventually(done, "all settled and applied", 30)
    return proxy.usage(key["id"])


def each_format_is_charged_what_it_is_billed():
    """chat, FIM, Responses, Anthropic, plain and streamed: charged = billed; cut or silent: not less"""
    for name, (path, fields) in FORMATS.items():
        for stream in (False, True):
            for ending in ("whole", "missing_usage", "short_body", "garbage_json", "left"):
                with stack(SIMULATOR, proxy_options=CLOCK) as (simulator, proxy):
                    key = proxy.create_key(rate_limits={"monthly_spending_limit": 5})
                    shot = Shot({"model": "deepseek-flash", **fields, "stream": stream}, path=path)
                    if ending == "left":
                        shot.hang_up_after = 120
                    elif ending != "whole":
                        shot.headers["x-sim-fault"] = ending
                    fire_all(proxy.port, key["key"], [shot] * 3)
                    usage = settled(simulator, proxy, key)
                    bill = simulator.bill()["total_nano"]
                    what = (name, "streamed" if stream else "plain", ending)
                    assert usage["cost_nano_usd"] >= bill, (what, usage["cost_nano_usd"], bill)
                    if ending in ("whole", "left"):
                        assert usage["cost_nano_usd"] == bill > 0, (what, usage["cost_nano_usd"], bill)
                    else:
                        assert usage["cost_nano_usd"] > 0, what
                    assert usage["dispatched"] == 3, (what, usage)


def upstream_errors_cost_nothing_and_pass():
    """400, 422, 429, 500 and 503 of the upstream reach the client as they are, and are not charged"""
    with stack(SIMULATOR, proxy_options=CLOCK) as (simulator, proxy):
        key = proxy.create_key(rate_limits={"monthly_spending_limit": 5})
        for path, fields in FORMATS.values():
            for status in (400, 422, 429, 500, 503):
                got, headers, data = request(
                    proxy.port, "POST", path, {"model": "deepseek-flash", **fields},
                    {"Authorization": "Bearer " + key["key"], "x-sim-fault": f"status:{status}"})
                assert got == status and "error" in json.loads(data), (path, status, got, data)
                if status == 429:
                    assert headers.get("retry-after"), headers
        usage = settled(simulator, proxy, key)
        assert usage["cost_nano_usd"] == simulator.bill()["total_nano"] == 0, usage


def thinking_and_keep_alives_pass():
    """reasoning_content arrives, and comments that only keep the connection alive do too"""
    with stack(("--clock", "2026-11-22T12:00:00Z")) as (simulator, proxy):
        simulator.config(ttft_ms=400, keepalive_ms=100)
        key = proxy.create_key()
        body = {"model": "deepseek-flash", "messages": MESSAGES, "stream": True}
        [result] = fire_all(proxy.port, key["key"], [Shot(body)])
        assert b": keep-alive" in result.body, result.body[:500]
        assert b"reasoning_content" in result.body and result.body.count(b"[DONE]") == 1


def head_and_both_fields_for_the_key():
    """HEAD answers as GET does, without a body; x-api-key is as good as Authorization"""
    with stack() as (_, proxy):
        key = proxy.create_key()
        for headers in ({"Authorization": "Bearer " + key["key"]}, {"x-api-key": key["key"]}):
            status, head, data = request(proxy.port, "HEAD", "/v1/models", headers=headers)
            assert status == 200 and data == b"" and head.get("content-length") != "0", (head, data)
        status, _, data = request(proxy.port, "POST", "/v1/chat/completions",
                                  {"model": "deepseek-flash", "messages": MESSAGES, "max_tokens": 5},
                                  {"x-api-key": key["key"], "Authorization": "Bearer sk-other"})
        assert status == 400 and b"disagree" in data, data


def read_answer(s):
    received = b""
    while b"\r\n\r\n" not in received:
        received += s.recv(65536)
    return received


def expect_is_answered_once_it_is_worth_it():
    """100 Continue where the body is wanted; the refusal itself where it is not, before the body"""
    with stack() as (simulator, proxy):
        body = json.dumps({"model": "deepseek-flash", "messages": MESSAGES, "max_tokens": 5}).encode()

        def knock(secret):
            s = socket.create_connection(("127.0.0.1", proxy.port), timeout=20)
            s.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
                      b"Authorization: Bearer " + secret.encode() +
                      b"\r\nContent-Length: %d\r\n\r\n" % len(body))
            return s, read_answer(s)
        with knock(proxy.create_key()["key"])[0] as s:
            s.sendall(body)
            assert read_answer(s).startswith(b"HTTP/1.1 200")
        s, answer = knock(proxy.create_key(rate_limits={"requests_per_minute": 0})["key"])
        s.close()
        assert answer.startswith(b"HTTP/1.1 429"), answer
        assert len(simulator.requests()) == 1


def multipart(name, data):
    head = (f'--x\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nuser_data\r\n--x\r\n'
            f'Content-Disposition: form-data; name="file"; filename="{name}"\r\n'
            f'Content-Type: application/octet-stream\r\n\r\n').encode()
    return head + data + b"\r\n--x--\r\n"


def uploads_are_streamed_through():
    """40 MB pass without being kept; another key cannot read, list or delete the file"""
    with stack() as (simulator, proxy):
        owner, other = proxy.create_key("owner"), proxy.create_key("other")
        body = multipart("a.bin", bytes(range(256)) * (40 * 4096))

        def call(key, method, path, data=None, headers=None):
            return request(proxy.port, method, path, data,
                           {"Authorization": "Bearer " + key["key"], **(headers or {})}, 120)
        status, _, data = call(owner, "POST", "/v1/files", body,
                               {"Content-Type": "multipart/form-data; boundary=x"})
        assert status == 200, data
        file_id = json.loads(data)["id"]
        with open(f"/proc/{proxy.pid}/status", encoding="utf-8") as file:
            peak_kib = next(int(l.split()[1]) for l in file if l.startswith("VmHWM"))
        assert peak_kib < 60_000, f"{peak_kib} KiB at the most: the upload was kept"
        assert call(owner, "GET", f"/v1/files/{file_id}")[0] == 200
        assert [f["id"] for f in json.loads(call(owner, "GET", "/v1/files")[2])["data"]] == [file_id]
        before = len(simulator.requests())
        assert call(other, "GET", f"/v1/files/{file_id}")[0] == 404
        assert call(other, "DELETE", f"/v1/files/{file_id}")[0] == 404
        assert len(simulator.requests()) == before, "a stranger's question went upstream"
        assert json.loads(call(other, "GET", "/v1/files")[2])["data"] == []
        assert call(owner, "DELETE", f"/v1/files/{file_id}")[0] == 200


def bodies_have_a_bound():
    """A JSON body of 40 MiB is served, one above 48 MiB is refused before it is sent"""
    with stack() as (simulator, proxy):
        key = proxy.create_key()
        picture = "data:image/png;base64," + "A" * (40 << 20)
        body = {"model": "deepseek-flash", "max_tokens": 5, "messages": [
            {"role": "user", "content": [{"type": "image_url", "image_url": {"url": picture}}]}]}
        status, _, data = proxy.chat(key["key"], timeout=120, **body)
        assert status in (200, 400) and len(simulator.requests()) == 1, (status, data[:300])
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=20) as s:
            s.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " +
                      key["key"].encode() + b"\r\nContent-Length: %d\r\n\r\n" % ((48 << 20) + 1))
            assert read_answer(s).startswith(b"HTTP/1.1 413")
        assert len(simulator.requests()) == 1


def every_route_is_served():
    """Tools, token counts, embeddings, models and the balance arrive upstream with our key"""
    with stack() as (simulator, proxy):
        key = proxy.create_key(permissions=["chat", "code", "images", "audio", "embeddings", "files",
                                            "fine_tuning", "account"])
        for method, path, body in (
                ("POST", "/v1/tools/search", {"query": "x"}), ("POST", "/tools/fetch", {"url": "https://x"}),
                ("POST", "/v1/tools/ocr", {"file": "x"}), ("POST", "/v1/embeddings", {"input": "x"}),
                ("POST", "/anthropic/v1/messages/count_tokens", {"model": "m", "messages": MESSAGES}),
                ("GET", "/v1/models", None), ("GET", "/v1/models/deepseek-flash", None),
                ("GET", "/user/balance", None), ("GET", "/v1/fine_tuning/jobs", None)):
            before = len(simulator.requests())
            status, _, data = request(proxy.port, method, path, body,
                                      {"Authorization": "Bearer " + key["key"]})
            arrived = simulator.requests()[before:]
            assert len(arrived) == 1 and arrived[0]["authorization_ok"], (path, status, data[:300])
            assert arrived[0]["path"] == path, (arrived[0]["path"], path)


if __name__ == "__main__":
    run([each_format_is_charged_what_it_is_billed, upstream_errors_cost_nothing_and_pass,
         thinking_and_keep_alives_pass, head_and_both_fields_for_the_key,
         expect_is_answered_once_it_is_worth_it, uploads_are_streamed_through, bodies_have_a_bound,
         every_route_is_served])
