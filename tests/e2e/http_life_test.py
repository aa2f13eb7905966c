#!/usr/bin/env python3
"""The life of a client's connection, hostile: too slow, too large, too early, gone; asserted at a recording
upstream. Cases 89 to 100 of http_cases."""
import contextlib
import json
import select
import socket
import struct

import stream_test
from harness import eventually, run
from http_bench import Bench, answers_in
from http_cases import BODY, case, chunks, get, post


def numbered(secret, number):
    body = json.dumps({"model": "deepseek-flash", "max_tokens": 10,
                       "messages": [{"role": "user", "content": f"number {number}"}]}).encode()
    return post(secret, body=body)


def drip(s, data, pause):
    """Sends a byte whenever the proxy has been silent for so long; what it says in the end."""
    at, received = 0, b""
    while True:
        if select.select([s], [], [], pause)[0]:
            part = s.recv(65536)
            received += part
            if not part or answers_in(received):
                return received
        elif at < len(data):
            s.sendall(data[at:at + 1])
            at += 1


@case(89)
def a_slow_head_is_given_up():
    """A byte now and then does not extend the deadline: 408 when it has passed, and nothing upstream"""
    with Bench({"server": ["head_timeout_s = 1"]}) as bench, bench.connect() as s:
        filler = b"".join(b"X-%d: y\r\n" % i for i in range(90))
        received = drip(s, post(bench.secret)[:-len(BODY) - 2] + filler, 0.05)
        assert received.startswith(b"HTTP/1.1 408") and b"connection: close" in received.lower(), received
        assert not bench.upstream.bytes()
        bench.charged_nothing()


@case(90)
def a_slow_body_is_given_up():
    """Slower than the minimum rate after ten seconds of grace: 408, with a length and in chunks"""
    with Bench({"server": ["body_bytes_per_second_min = 1048576"]}) as bench:
        length = post(bench.secret, b"Content-Length: 5000", framing=False, body=b"")
        chunked = post(bench.secret, b"Transfer-Encoding: chunked", framing=False, body=b"1388\r\n")
        with contextlib.ExitStack() as stack:
            slow = [stack.enter_context(bench.connect(60)) for _ in range(2)]
            for s, head in zip(slow, (length, chunked)):
                s.sendall(head + b"{")
            for s in slow:
                received = drip(s, b" " * 400, 0.1)
                assert received.startswith(b"HTTP/1.1 408"), received
        assert not bench.upstream.bytes()
        bench.charged_nothing()


case(91)(stream_test.a_slow_reader_pauses_the_upstream)


@case(92)
def ten_pipelined_requests():
    """Answered in order, each authenticated by its own key"""
    def answer(request):
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(request[1]) + request[1]
    with Bench(answer=answer) as bench:
        second = bench.proxy.create_key("second")["key"].encode()
        keys = [bench.secret, second, b"sk-ds-nobody", second, bench.secret] * 2
        received, closed = bench.talk(b"".join(numbered(k, i) for i, k in enumerate(keys)), 10)
        answers = answers_in(received)
        assert [a[0] for a in answers] == [200, 200, 401, 200, 200] * 2 and not closed, answers
        for i, (status, _, body) in enumerate(answers):
            assert (b"number %d" % i in body) == (status == 200), (i, body)
        assert bench.upstream.count() == 8
        eventually(lambda: bench.proxy.usage(bench.key["id"])["dispatched"] == 4, "each on its own key")


@case(93)
def garbage_behind_a_request():
    """The request is answered, then 400 and the end; the garbage goes nowhere"""
    with Bench() as bench:
        for garbage in (b"\x00\x01\x02garbage\r\n\r\n", b"GET\r\n\r\n", b"\r\n\r\n\r\n", b"}" * 40000,
                        BODY + b"\r\n\r\n"):
            before = bench.upstream.count()
            received, closed = bench.talk(post(bench.secret) + garbage, 2)
            statuses = [a[0] for a in answers_in(received)]
            assert statuses[0] == 200 and statuses[1:] in ([400], [414], [431]) and closed, received
            assert bench.upstream.count() == before + 1
            assert bench.upstream.last()[1] == BODY


def leave(s, how):
    if how == "reset":
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


def hung_up(upstream, piece):
    try:
        for _ in range(200_000):
            upstream.chunk(piece)
    except OSError:
        return True
    return False


@case(94)
def a_client_that_leaves_is_charged_what_it_used():
    """FIN or RST in mid-stream: drained for its usage, or cancelled and charged the bound, as declared"""
    for policy, how in (("drain", "fin"), ("drain", "reset"), ("cancel", "fin"), ("cancel", "reset")):
        upstream = stream_test.GatedUpstream()
        with Bench({"server": [f'on_disconnect = "{policy}"']}, upstream=upstream) as bench:
            s = stream_test.open_stream(bench.proxy, bench.secret.decode())
            assert upstream.ready.acquire(timeout=20)
            while b"\r\n\r\n" not in s.recv(65536):
                pass
            leave(s, how)
            piece = b'data: {"choices":[{"delta":{"content":"x"}}]}\n\n'
            if policy == "cancel":
                assert hung_up(upstream, piece), "the upstream was not left"
            else:
                usage = {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}
                last = json.dumps({"model": "deepseek-flash", "choices": [], "usage": usage}).encode()
                for data in [piece] * 40 + [b"data: " + last + b"\n\n", b"data: [DONE]\n\n"]:
                    upstream.chunk(data)
                upstream.client.sendall(b"0\r\n\r\n")
            row, = eventually(lambda: [r for r in bench.proxy.ledger() if r["dispatched"]], "it is booked")
            if policy == "cancel":
                assert row["ending"] == "client_gone_cut" and row["cost_nano_usd"] == row["hold_nano_usd"], row
            else:  # a short answer may be over before a write tells that nobody reads it
                assert row["ending"] in ("client_gone", "complete") and row["output_tokens"] == 4, row
            usage = eventually(lambda: free(bench), "nothing stays held")
            assert usage["cost_nano_usd"] == row["cost_nano_usd"] > 0, (usage, row)


def free(bench):
    usage = bench.proxy.usage(bench.key["id"])
    return usage["held_nano_usd"] == 0 and usage["dispatched"] == 1 and usage


@case(95)
def a_refusal_does_not_wait_for_the_body():
    """401, 404, 413, 429 are said before the body comes; then the connection ends, in bounded time"""
    with Bench({"server": ["body_bytes_max = 2048"]}) as bench:
        poor = bench.proxy.create_key("poor", rate_limits={"requests_per_minute": 0})["key"].encode()
        announced = b"Content-Length: 2000"
        for status, head in ((401, post(b"sk-ds-nobody", announced, framing=False, body=b"")),
                             (404, post(bench.secret, announced, framing=False, body=b"", target=b"/v1/nothing")),
                             (413, post(bench.secret, b"Content-Length: 2049", framing=False, body=b"")),
                             (429, post(poor, announced, framing=False, body=b""))):
            received, closed = bench.talk(head)
            assert received.startswith(b"HTTP/1.1 %d" % status) and closed, (status, received)
            received, closed = bench.talk(head + b"x" * 1999)  # the answer survives unread bytes
            assert received.startswith(b"HTTP/1.1 %d" % status) and closed, (status, received)
        assert not bench.upstream.bytes()
        bench.charged_nothing()


@case(96, 97)
def expectations():
    """100 Continue only to who may continue; any other expectation is 417"""
    with Bench() as bench:
        expect = b"Expect: 100-continue"
        length = b"Content-Length: %d" % len(BODY)
        received, closed = bench.talk(post(b"sk-ds-nobody", expect, length, framing=False, body=b""))
        assert received.startswith(b"HTTP/1.1 401") and closed and b" 100 " not in received, received
        with bench.connect() as s:
            s.sendall(post(bench.secret, expect, length, framing=False, body=b""))
            received = s.recv(65536)
            assert received == b"HTTP/1.1 100 Continue\r\n\r\n", received
            assert not bench.upstream.bytes()
            s.sendall(BODY)
            while not answers_in(received):
                received += s.recv(65536)
        assert answers_in(received)[0][0] == 200 and bench.upstream.last()[1] == BODY
        assert b"expect" not in bench.upstream.last()[0].lower()
        count = bench.upstream.count()
        for value in (b"200-ok", b"100-continue, x", b"", b"100"):
            received, closed = bench.talk(post(bench.secret, b"Expect: " + value))
            assert received.startswith(b"HTTP/1.1 417") and closed, (value, received)
        assert bench.upstream.count() == count


@case(98)
def bodies_over_the_limit():
    """413 in both framings, announced or found out; nothing upstream"""
    with Bench({"server": ["body_bytes_max = 4096"]}) as bench:
        large = b'{"a":"' + b"x" * 5000 + b'"}'
        in_one = post(bench.secret, b"Transfer-Encoding: chunked", framing=False, body=chunks(large))
        in_many = post(bench.secret, b"Transfer-Encoding: chunked", framing=False,
                       body=b"".join(b"100\r\n" + b"x" * 256 + b"\r\n" for _ in range(40)) + b"0\r\n\r\n")
        huge = post(bench.secret, b"Transfer-Encoding: chunked", framing=False, body=b"ffffffffffffffff\r\nx")
        for data in (post(bench.secret, body=large), in_one, in_many, huge):
            received, closed = bench.talk(data)
            assert received.startswith(b"HTTP/1.1 413"), received[:300]
            assert closed or data.endswith(large), received[:300]
        assert not bench.upstream.bytes()
        bench.charged_nothing()


@case(99)
def head_has_no_body():
    """HEAD: the same head as GET, no body, served or refused; the next request is in step"""
    models = b'{"object":"list","data":[]}'

    def answer(request):
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(models)
        return head + (b"" if request[0].startswith(b"HEAD") else models)
    with Bench(answer=answer) as bench:
        head = get(bench.secret, method=b"HEAD")
        bad = get(b"sk-ds-nobody", method=b"HEAD")
        received, _ = bench.talk(head + head + bad + get(bench.secret, b"Connection: close"), 99)
        parts = received.split(b"HTTP/1.1 ")[1:]
        assert [p[:3] for p in parts] == [b"200", b"200", b"401", b"200"], received
        assert all(p.endswith(b"\r\n\r\n") for p in parts[:3]) and models in parts[3], received
        assert bench.upstream.count() == 3


@case(100)
def compressed_bodies():
    """Content-Encoding on a request: 415, for what is in it cannot be judged"""
    with Bench() as bench:
        for coding in (b"gzip", b"br", b"identity, gzip", b"x", b""):
            received, _ = bench.talk(post(bench.secret, b"Content-Encoding: " + coding))
            assert received.startswith(b"HTTP/1.1 415"), (coding, received)
        assert not bench.upstream.bytes()
        assert bench.served(post(bench.secret, b"Content-Encoding: identity"))[1] == BODY


if __name__ == "__main__":
    run([a_slow_head_is_given_up, a_slow_body_is_given_up, ten_pipelined_requests,
         garbage_behind_a_request, a_client_that_leaves_is_charged_what_it_used,
         a_refusal_does_not_wait_for_the_body, expectations, bodies_over_the_limit, head_has_no_body,
         compressed_bodies])
