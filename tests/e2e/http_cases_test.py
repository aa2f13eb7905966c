#!/usr/bin/env python3
"""Hostile HTTP, case by case, asserted at a recording upstream: what is refused leaves no byte there,
what is served arrives exactly as it should. The tables are in http_cases.py; cases about a connection's
life are in http_life_test.py, about a hostile upstream in http_upstream_test.py."""
import json
import os
import subprocess

from harness import ADMIN_KEY, BUILD, eventually, run, workspace
from http_bench import Bench, answers_in, names_in
from http_cases import (BODY, CASES_MAX, COVERED, case, chunked, chunks, get, post, refused_rows)


def problems_of(bench, each):
    """What is wrong with the proxy's answer to one row."""
    received, closed = bench.talk(each.data)
    status = int(received[9:12]) if received.startswith(b"HTTP/1.1 ") else 0
    if status not in each.statuses:
        yield "status", status, received[:200]
    if not each.stays and not (closed and b"connection: close" in received.lower()):
        yield "not closed", received[:300]
    if len(answers_in(received)) != 1:
        yield "not answered once", received
    if bench.upstream.bytes():
        yield "reached the upstream", bench.upstream.bytes()[:300]
        bench.upstream.received.clear()


def refused_cases_leave_no_trace():
    """Each row of the tables: refused, closed where the framing is in doubt, nothing upstream or charged"""
    limits = {"monthly_spending_limit": 100, "requests_per_minute": 10, "burst_requests": 10,
              "concurrent_requests": 2}
    with Bench({"server": ["threads = 1"]}, limits=limits) as bench:
        rows, wrong, told = refused_rows(bench.secret), [], 0
        for each in rows:
            wrong += [(each.number, each.what, *problem) for problem in problems_of(bench, each)]
            refusals = bench.proxy.metric("refusals_total")
            if refusals != told + 1:
                wrong.append((each.number, each.what, "counted", refusals - told, "times"))
            told = refusals
        assert not wrong, "\n".join(map(str, wrong))
        bench.charged_nothing()
        assert len(bench.served(post(bench.secret))[1]) == len(BODY)  # no slot, no rate was lost
        print(f"  {len(rows)} rows")


def refusals_are_one_security_event():
    """Malformed requests of a key appear to its owner as one event with a count"""
    with Bench() as bench:
        for _ in range(5):
            assert bench.ask(post(bench.secret, body=b"[]"))[0] == 400

        def seen():
            events = bench.proxy.admin("GET", f"/v1/keys/{bench.key['id']}/events")["events"]
            return [e["count"] for e in events if e["type"] == "malformed_request"] == [5]
        eventually(seen, "one event of five")


@case(15, 17, 30)
def odd_but_clear_targets_are_served():
    """A leading empty line, absolute form, queries: the upstream sees the path that was judged"""
    with Bench() as bench:
        head, body = bench.served(b"\r\n" + post(bench.secret))
        assert head.startswith(b"POST /v1/chat/completions HTTP/1.1\r\n") and body == BODY
        head, _ = bench.served(post(bench.secret, target=b"http://proxy.test/v1/chat/completions"))
        assert head.startswith(b"POST /v1/chat/completions HTTP/1.1\r\n"), head
        assert b"proxy.test" not in head
        head, _ = bench.served(post(bench.secret, target=b"HTTP://PROXY.test/v1/chat/completions?a=b"))
        assert head.startswith(b"POST /v1/chat/completions?a=b HTTP/1.1\r\n"), head
        for target in (b"/chat/completions", b"/v1/chat/completions?x=%41&y=/../%2e%2e;z?", b"/beta/completions?",
                       b"/anthropic/v1/messages?beta=true"):
            body = BODY.replace(b'"messages": [{"role": "user", "content": "hi"}]', b'"prompt": "hi"') \
                if b"beta/" in target else BODY
            head, _ = bench.served(post(bench.secret, target=target, body=body))
            assert head.startswith(b"POST " + target + b" HTTP/1.1\r\n"), (target, head)
    with Bench() as bench:
        narrow = bench.proxy.create_key("code only", permissions=["code"])["key"].encode()
        for target in (b"/v1/chat/completions", b"/v1/chat/completions?/beta/completions",
                       b"/beta/chat/completions", b"http://proxy.test/v1/chat/completions"):
            assert bench.ask(post(narrow, target=target))[0] == 403, target
        assert not bench.upstream.bytes()


@case(61, 62)
def hidden_requests_are_seen():
    """A request behind Content-Length 0, or in a body: its own request with its own key, or none"""
    with Bench() as bench:
        hidden = post(b"sk-ds-nobody")
        received, _ = bench.talk(post(bench.secret, b"Content-Length: 0", framing=False, body=b"") + hidden, 2)
        statuses = [part[:3] for part in received.split(b"HTTP/1.1 ")[1:]]
        assert statuses == [b"400", b"401"], received
        assert bench.upstream.bytes() == b""
        received, _ = bench.talk(post(bench.secret) + post(b"sk-ds-nobody") + post(bench.secret), 3)
        statuses = [part[:3] for part in received.split(b"HTTP/1.1 ")[1:]]
        assert statuses == [b"200", b"401", b"200"], statuses
        assert bench.upstream.count() == 2
        hidden = post(bench.secret)
        for data in (get(bench.secret, b"Content-Length: %d" % len(hidden)) + hidden,
                     get(bench.secret, b"Transfer-Encoding: chunked") + chunks(hidden)):
            received, _ = bench.talk(data)
            assert received.startswith(b"HTTP/1.1 400") and received.count(b"HTTP/1.1 ") == 1, received
        assert bench.upstream.count() == 2


@case(82, 83, 84, 86, 114)
def served_requests_arrive_clean():
    """What is served arrives with our key, our framing and no hop-by-hop field"""
    with Bench() as bench:
        hop = [b"Connection: Authorization, X-Forwarded-For, X-Named", b"X-Named: gone",
               b"Keep-Alive: timeout=5", b"TE: trailers", b"Trailer: X-T", b"Proxy-Authorization: Basic x",
               b"Proxy-Connection: keep-alive", b"Proxy-Authenticate: x", b"Upgrade: h2c",
               b"X-Forwarded-For: 6.6.6.6", b"Forwarded: for=6.6.6.6", b"X-Real-IP: 6.6.6.6", b"X-Kept: kept",
               b"Cookie: a=b"]
        head, body = bench.served(post(bench.secret, *hop))
        names = names_in(head)
        assert b"Bearer sk-real-upstream-key" in head and bench.secret not in head
        for gone in (b"x-named", b"keep-alive", b"te", b"trailer", b"proxy-authorization", b"proxy-connection",
                     b"proxy-authenticate", b"upgrade", b"cookie", b"forwarded", b"x-real-ip"):
            assert gone not in names, (gone, head)
        assert b"6.6.6.6" not in head and names.count(b"authorization") == 1, head
        assert b"x-kept" in names and body == BODY
        head, body = bench.served(chunked(secret=bench.secret))
        assert body == BODY and b"transfer-encoding" not in head.lower(), head
        small = b"".join(b"1;ext=\"v\"\r\n" + bytes([b]) + b"\r\n" for b in BODY) + b"0\r\nX-T: y\r\n\r\n"
        head, body = bench.served(chunked(raw=small, secret=bench.secret))
        assert body == BODY and b"X-T" not in head
        data = b'{"mod\\u0065l":"deepseek-flash","max_tokens":5,"messages":[]}'
        assert bench.served(post(bench.secret, body=data))[1] == data


@case(85)
def an_upgrade_makes_no_tunnel():
    """Upgrade and a pipelined request: both are requests, and what follows is judged like any other"""
    with Bench() as bench:
        upgrade = post(bench.secret, b"Connection: Upgrade", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQ")
        received, _ = bench.talk(upgrade + post(b"sk-ds-nobody") + b"\x00\x01garbage\r\n\r\n", 3)
        statuses = [part[:3] for part in received.split(b"HTTP/1.1 ")[1:]]
        assert statuses == [b"200", b"401", b"400"], received
        assert bench.upstream.count() == 1 and b"garbage" not in bench.upstream.bytes()
        websocket = get(bench.secret, b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 13")
        received, _ = bench.talk(websocket + post(bench.secret), 2)
        statuses = [part[:3] for part in received.split(b"HTTP/1.1 ")[1:]]
        assert statuses == [b"501", b"200"], received
        assert bench.upstream.count() == 2


@case(86)
def addresses_are_believed_from_the_right():
    """X-Forwarded-For counts only behind a trusted proxy, and from the first hop that is not one"""
    for settings, spoofed, honest in ((None, 403, 403), ({"server": ['trusted_proxies = ["127.0.0.1"]']}, 403, 200)):
        with Bench(settings) as bench:
            far = bench.proxy.create_key("far", allowed_ips=["203.0.113.5"])["key"].encode()
            for given, status in ((b"203.0.113.5, 6.6.6.6", spoofed), (b"6.6.6.6, 203.0.113.5", honest)):
                got, head, body = bench.ask(post(far, b"X-Forwarded-For: " + given))
                assert got == status, (settings, given, got, body)
            assert bench.upstream.count() == (honest == 200)


@case(87)
def the_real_key_is_never_told():
    """Neither answers nor logs show the real key, a sub-key or the admin key"""
    with Bench() as bench:
        bench.talk(post(bench.secret))
        bench.talk(post(bench.secret, target=b"/v1/chat/completions?k=" + bench.secret))
        bench.talk(get(bench.secret, target=b"/v1/" + bench.secret))
        for secret in (b"sk-real-upstream-key", bench.secret, b"test-admin-key"):
            assert secret.decode() not in bench.proxy.text()


@case(88)
def line_ends_in_a_configured_value_are_refused():
    """A real key or URL with CR or LF in it: the start fails; nothing of it is written anywhere"""
    with workspace() as directory:
        for key, url in (("sk-a\r\nX-Injected: y", "http://127.0.0.1:9"), ("sk-a\nb", "http://127.0.0.1:9"),
                         ("sk-fine", "http://127.0.0.1:9/a\\r\\nX: y"), ("sk-fine", "http://a\\nb")):
            config = os.path.join(directory, "config.toml")
            with open(config, "w", encoding="utf-8") as file:
                file.write(f'[server]\nlisten = "127.0.0.1:0"\n[admin]\nlisten = "127.0.0.1:0"\n'
                           f'key = "env:TEST_ADMIN_KEY"\n[upstream]\nurl = "{url}"\nkey = "env:TEST_REAL_KEY"\n'
                           f'[store]\npath = "{directory}/data"\n')
            done = subprocess.run([os.path.join(BUILD, "deepseek-proxy"), "serve", "--config", config],
                                  capture_output=True, text=True, timeout=30,
                                  env={**os.environ, "TEST_ADMIN_KEY": ADMIN_KEY, "TEST_REAL_KEY": key})
            assert done.returncode == 1, (key, url, done)
            assert "X-Injected" not in done.stdout + done.stderr


def every_case_is_here():
    """1 to 120: a row of a table, or a test marked with its number"""
    import http_life_test  # noqa: F401 (they register their cases)
    import http_upstream_test  # noqa: F401
    rows = {each.number for each in refused_rows(b"sk-ds-any")}
    missing = set(range(1, CASES_MAX + 1)) - rows - set(COVERED)
    assert not missing, f"no test asserts {sorted(missing)}"
    assert not {n for n in rows | set(COVERED) if not 1 <= n <= CASES_MAX}
    assert json.loads(BODY)["max_tokens"], "the tables send what can be served"


if __name__ == "__main__":
    run([refused_cases_leave_no_trace, refusals_are_one_security_event, odd_but_clear_targets_are_served,
         hidden_requests_are_seen, served_requests_arrive_clean, an_upgrade_makes_no_tunnel,
         addresses_are_believed_from_the_right, the_real_key_is_never_told,
         line_ends_in_a_configured_value_are_refused, every_case_is_here])
