#!/usr/bin/env python3
"""A hostile upstream: 502 where nothing was sent yet, otherwise the answer is cut without its end; the
connection is never used again, and the request costs what it may have cost. Cases 101 to 112 of http_cases."""
import contextlib
import os
import re
import socket
import ssl
import subprocess
import threading

from harness import Proxy, eventually, run, workspace
from http_bench import Bench, answers_in
from http_cases import case, get, post
from recorder import ANSWER, Recorder, split_request

GOOD = (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(ANSWER) + ANSWER)
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CL = b"Content-Length: %d\r\n" % len(ANSWER)
CHUNKED = b"Transfer-Encoding: chunked\r\n"


class Liar(Recorder):
    """Gives the answer a test has set."""

    def __init__(self):
        super().__init__(lambda request: self.now)
        self.now = GOOD


def bad_heads():
    """(number, what, answer): nothing of it may reach the client."""
    many = b"".join(b"X-%d: %s\r\n" % (i, b"y" * 500) for i in range(80))
    yield 101, "status 000", b"HTTP/1.1 000 X\r\n" + CL + b"\r\n" + ANSWER
    yield 101, "status 099", b"HTTP/1.1 099 X\r\n" + CL + b"\r\n" + ANSWER
    yield 101, "status 2000", b"HTTP/1.1 2000 X\r\n" + CL + b"\r\n" + ANSWER
    yield 101, "status 20", b"HTTP/1.1 20 X\r\n" + CL + b"\r\n" + ANSWER
    yield 101, "no status line", b"hello\r\n\r\n"
    yield 101, "HTTP/2.0", b"HTTP/2.0 200 OK\r\n" + CL + b"\r\n" + ANSWER
    yield 102, "obs-fold", OK + CL + b"X: a\r\n b\r\n\r\n" + ANSWER
    yield 102, "bare CR in a value", OK + CL + b"X: a\rb\r\n\r\n" + ANSWER
    yield 102, "bare LF", OK.replace(b"\r\n", b"\n") + CL + b"\r\n" + ANSWER
    yield 102, "a control in the reason", b"HTTP/1.1 200 O\x01K\r\n" + CL + b"\r\n" + ANSWER
    yield 102, "CR in the reason", b"HTTP/1.1 200 O\rK\r\n" + CL + b"\r\n" + ANSWER
    yield 102, "NUL in a value", OK + CL + b"X: a\0b\r\n\r\n" + ANSWER
    for value in (b"gzip", b"gzip, chunked", b"chunked, gzip", b"identity", b"", b"xchunked"):
        yield 103, f"TE {value!r}", OK + b"Transfer-Encoding: " + value + b"\r\n\r\n" + ANSWER
        yield 103, f"TE {value!r} and CL", OK + b"Transfer-Encoding: " + value + b"\r\n" + CL + b"\r\n" + ANSWER
    yield 103, "TE chunked and CL", OK + CHUNKED + CL + b"\r\n0\r\n\r\n"
    yield 106, "nine 100s", b"HTTP/1.1 100 Continue\r\n\r\n" * 9 + GOOD
    yield 106, "a thousand 103s", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" * 1000 + GOOD
    yield 107, "unsolicited 101", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"
    yield 110, "an oversized head", OK + CL + many + b"\r\n" + ANSWER
    yield 110, "too many fields", OK + CL + b"X: y\r\n" * 200 + b"\r\n" + ANSWER
    yield 111, "differing CL", OK + CL + b"Content-Length: 3\r\n\r\n" + ANSWER
    yield 111, "equal duplicate CL", OK + CL + CL + b"\r\n" + ANSWER
    yield 111, "a list as CL", OK + b"Content-Length: 5, 5\r\n\r\nhello"
    yield 111, "CL +5", OK + b"Content-Length: +5\r\n\r\nhello"


def on_new_connection(bench, upstream):
    """The next request is served, and not on the connection the last one came on."""
    upstream.now = GOOD
    used = upstream.arrived_on[-1]
    status, _, body = bench.ask(post(bench.secret))
    assert status == 200 and ANSWER in body, (status, body)
    assert upstream.arrived_on[-1] != used, "a connection that lied was used again"


@case(101, 102, 103, 106, 107, 110, 111)
def heads_that_are_not_http():
    """502, a connection that is never used again, and the bound is charged: the request may have run"""
    with Bench({"server": ["threads = 1"]}, upstream=Liar()) as bench:
        count = 0
        for number, what, answer in bad_heads():
            bench.upstream.now = answer
            status, head, body = bench.ask(post(bench.secret))
            assert status == 502 and b"upstream_failed" in body, (number, what, status, body)
            assert b"X-" not in head and ANSWER not in body, (number, what, head, body)
            on_new_connection(bench, bench.upstream)
            count += 1
        rows = eventually(lambda: booked(bench, 2 * count), "all is booked")
        bad = [r for r in rows if r["ending"] != "complete"]
        assert len(bad) == count and all(r["cost_nano_usd"] > 0 for r in bad), bad[:3]
        print(f"  {count} answers")


def booked(bench, count):
    rows = [r for r in bench.proxy.ledger() if r["dispatched"]]
    return len(rows) == count and rows


@case(106)
def eight_interim_answers_are_skipped():
    """The client sees only the last answer"""
    interim = b"HTTP/1.1 100 Continue\r\n\r\n" + b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" * 7
    with Bench(upstream=Liar()) as bench:
        bench.upstream.now = interim + GOOD
        received, _ = bench.talk(post(bench.secret))
        assert received.startswith(b"HTTP/1.1 200") and received.count(b"HTTP/1.1 ") == 1, received


class Cutter(Liar):
    """Sends what the test has set, then FIN."""

    def _serve(self, client):
        pending = b""
        with client:
            client.settimeout(20)
            while split_request(pending)[0] is None:
                data = client.recv(65536)
                if not data:
                    return
                pending += data
            client.sendall(self.now)
            client.shutdown(socket.SHUT_WR)
            with contextlib.suppress(OSError):
                while client.recv(65536):
                    pass


def ends_whole(received):
    """Whether a client would take the answer for complete."""
    head, _, body = received.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    if re.search(rb"(?i)\r\ntransfer-encoding: *chunked", head):
        return body.endswith(b"0\r\n\r\n")
    return length is not None and len(body) >= int(length.group(1))


@case(104)
def short_bodies_are_cut_as_short():
    """Fewer bytes than announced, a chunk or the last chunk missing: never passed on as a whole answer"""
    half = ANSWER[:100]
    with Bench(upstream=Cutter()) as bench:
        for count, answer in enumerate((
                OK + CL + b"\r\n" + half, OK + CHUNKED + b"\r\n" + b"%x\r\n" % len(ANSWER) + half,
                OK + CHUNKED + b"\r\n" + b"64\r\n" + half + b"\r\n", OK + CHUNKED + b"\r\n64\r\n" + half + b"\r\n0\r\n",
                OK + CHUNKED + b"\r\n64\r\n" + half + b"XX0\r\n\r\n", OK + CHUNKED + b"\r\nzz\r\n" + half,
                OK + CHUNKED + b"\r\n64\r\n" + half + b"\r\n0\r\nHost: x\r\n\r\n", OK + CL + b"\r\n",
                b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n" + CHUNKED + b"\r\n64\r\n" + half + b"\r\n"), 1):
            bench.upstream.now = answer
            received, closed = bench.talk(post(bench.secret))
            if not received.startswith(b"HTTP/1.1 502"):
                assert received.startswith(b"HTTP/1.1 200") and closed, (answer, received)
                assert not ends_whole(received), (answer, received)
            rows = eventually(lambda: booked(bench, count), "it is booked")
            assert all(r["ending"] == "cut" and r["cost_nano_usd"] > 0 for r in rows), rows


@case(105)
def surplus_reaches_nobody():
    """Bytes behind the body, or a body where none belongs: not passed on, the connection is dropped"""
    surplus = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nstolen"
    answers = [GOOD + surplus, GOOD + b"x", OK + CHUNKED + b"\r\n2\r\n{}\r\n0\r\n\r\n" + surplus,
               b"HTTP/1.1 204 No Content\r\n\r\n" + surplus, b"HTTP/1.1 304 Not Modified\r\n\r\n" + surplus,
               b"HTTP/1.1 204 No Content\r\nContent-Length: 6\r\n\r\nstolen",
               b"HTTP/1.1 304 Not Modified\r\nContent-Length: 6\r\n\r\nstolen",
               b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nstolen\r\n0\r\n\r\n"]
    with Bench({"server": ["threads = 1"]}, upstream=Liar()) as bench:
        for answer in answers:
            bench.upstream.now = answer
            received, _ = bench.talk(post(bench.secret))
            assert b"stolen" not in received and received.count(b"HTTP/1.1 ") == 1, (answer, received)
            on_new_connection(bench, bench.upstream)
        bench.upstream.now = OK + b"Content-Length: 30\r\n\r\n" + b"x" * 30
        received, _ = bench.talk(get(bench.secret, method=b"HEAD"))
        assert b"xxx" not in received, received
        on_new_connection(bench, bench.upstream)


@case(108)
def an_answer_before_the_request():
    """An idle connection that speaks is out of step: dropped, and the next request gets its own answer"""
    surplus = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nstolen"
    with Bench({"server": ["threads = 1"]}, upstream=Liar()) as bench:
        for _ in range(5):
            assert bench.ask(post(bench.secret))[0] == 200
            idle = bench.upstream.clients[-1]
            with contextlib.suppress(OSError):
                idle.sendall(surplus)
            eventually(lambda: dropped(idle), "the connection is dropped")
            assert b"stolen" not in bench.ask(post(bench.secret))[2]


def dropped(client):
    """Whether the proxy has ended this connection (its recorder closes it then)."""
    return client.fileno() < 0


@case(109)
def a_tls_end_without_close_notify():
    """A body that only the end delimits, cut under TLS: never passed on as whole; with the notice it is"""
    with workspace() as directory:
        certificate, key = os.path.join(directory, "c.pem"), os.path.join(directory, "k.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                        "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out",
                        certificate], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        listener = socket.create_server(("127.0.0.1", 0))
        polite = []

        def serve():
            while True:
                try:
                    raw, _ = listener.accept()
                except OSError:
                    return
                client, pending = context.wrap_socket(raw, server_side=True), b""
                while split_request(pending)[0] is None:
                    pending += client.recv(65536)
                client.sendall(OK + b"Connection: close\r\n\r\n" + ANSWER[:100])
                if polite:
                    with contextlib.suppress(OSError):
                        client.unwrap()
                client.close()
        threading.Thread(target=serve, daemon=True).start()
        proxy = Proxy(os.path.join(directory, "data"), f"https://localhost:{listener.getsockname()[1]}",
                      {"upstream": [f'ca_file = "{certificate}"']})
        try:
            secret = proxy.create_key(rate_limits={"monthly_spending_limit": 1})["key"].encode()
            for ending in ("cut", "no_usage"):
                with socket.create_connection(("127.0.0.1", proxy.port), 20) as s:
                    s.sendall(post(secret, b"Connection: close"))
                    received = b""
                    while part := s.recv(65536):
                        received += part
                assert ends_whole(received) == (ending == "no_usage"), received
                rows = eventually(lambda: [r for r in proxy.ledger() if r["ending"] == ending], "booked")
                assert len(rows) == 1 and rows[0]["cost_nano_usd"] > 0, rows
                polite.append(True)
        finally:
            proxy.stop()
            listener.close()


@case(110)
def hop_by_hop_fields_of_the_answer():
    """What Connection lists, and what is a hop's own, does not reach the client"""
    with Bench(upstream=Liar()) as bench:
        bench.upstream.now = (OK + CL + b"Connection: X-Named, keep-alive\r\nX-Named: gone\r\nKeep-Alive: timeout=5\r\n"
                              b"Proxy-Authenticate: x\r\nTrailer: y\r\nUpgrade: h2c\r\nX-Kept: kept\r\n\r\n" + ANSWER)
        status, head, body = bench.ask(post(bench.secret))
        assert status == 200 and body == ANSWER and b"X-Kept: kept" in head, head
        for gone in (b"x-named", b"keep-alive", b"proxy-authenticate", b"trailer", b"upgrade"):
            assert gone not in head.lower(), (gone, head)


@case(112)
def compression_is_not_asked_for():
    """Upstream is asked for identity whatever the client would take; a compressed answer costs its bound"""
    with Bench(upstream=Liar()) as bench:
        bench.ask(post(bench.secret, b"Accept-Encoding: gzip, br"))
        head = bench.upstream.last()[0]
        assert re.findall(rb"(?i)\r\naccept-encoding: *([^\r]*)", head) == [b"identity"], head
        bench.upstream.now = OK + CL + b"Content-Encoding: gzip\r\n\r\n" + b"\x1f\x8b" * (len(ANSWER) // 2) + \
            b"x" * (len(ANSWER) % 2)
        bench.ask(post(bench.secret))
        rows = eventually(lambda: booked(bench, 2), "both are booked")
        assert sorted(r["ending"] for r in rows) == ["complete", "no_usage"], rows
        assert all(r["cost_nano_usd"] > 0 for r in rows), rows


if __name__ == "__main__":
    run([heads_that_are_not_http, eight_interim_answers_are_skipped, short_bodies_are_cut_as_short,
         surplus_reaches_nobody, an_answer_before_the_request, a_tls_end_without_close_notify,
         hop_by_hop_fields_of_the_answer, compression_is_not_asked_for])
