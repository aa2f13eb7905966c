#!/usr/bin/env python3
"""Thousands of broken and combined requests, pipelined, and one judge: h11 reads the same bytes. What the
upstream gets of a connection is what h11 sees in it, request by request, or less; never anything else.

    http_mutation_test.py [ROUNDS] [SEED]      (10,000 in CI; 100,000 and a new seed before a release)
"""
import asyncio
import json
import os
import re
import sys
import time

import h11

from harness import Proxy, run, workspace
from http_bench import answers_in
from http_mutants import Generator
from recorder import ANSWER, split_request

NUMBERS = [int(a) for a in sys.argv[1:] if a.isdigit()]
ROUNDS, SEED = (NUMBERS + [10_000, 20_270_201][len(NUMBERS):])[:2]
AT_ONCE = 48
# Fields of the client's that do not go upstream, and those that are ours there.
DROPPED = {b"connection", b"transfer-encoding", b"http2-settings", b"keep-alive", b"te", b"trailer", b"upgrade",
           b"content-length", b"authorization", b"expect", b"host", b"origin", b"referer", b"x-api-key",
           b"accept-encoding", b"cookie", b"forwarded", b"x-http-method", b"x-method-override",
           b"x-http-method-override", b"x-original-url", b"x-rewrite-url", b"x-real-ip", b"x-request-id"}
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
CAPS = {"max_tokens", "max_completion_tokens", "max_output_tokens"}


# -- the judge --

def read_one(data):
    """(request, body, rest) as h11 sees it in front of these bytes; None where it sees none."""
    if data.startswith(b"\r\n"):
        data = data[2:]  # one empty line is tolerated (RFC 9112, 2.2); h11 tolerates none
    judge = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
    request, body = None, b""
    try:
        judge.receive_data(data)
        while True:
            event = judge.next_event()
            if isinstance(event, h11.Request):
                request = event
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                return request, body, judge.trailing_data[0]
            else:
                return None
    except h11.RemoteProtocolError:
        return None


def wants_close(request):
    options = b",".join(v for n, v in request.headers if n == b"connection").lower()
    tokens = {t.strip() for t in options.split(b",")}
    return b"close" in tokens or (request.http_version == b"1.0" and b"keep-alive" not in tokens)


def requests_in(data):
    found = []
    while data and (one := read_one(data)):
        found.append(one[:2])
        if wants_close(one[0]):
            break
        data = one[2]
    return found


# -- what went upstream, against it --

def fields_upstream(request):
    """What should arrive of the client's fields, as h11 saw them."""
    named = {t.strip().lower() for n, v in request.headers if n == b"connection" for t in v.split(b",")}
    return sorted((n, v) for n, v in request.headers
                  if n not in DROPPED and n not in named and not n.startswith((b"proxy-", b"x-forwarded-")))


def same_body(seen, arrived):
    """Byte for byte, but for an output cap that the proxy has set."""
    if seen == arrived:
        return True
    try:
        pair = [json.loads(b) for b in (seen, arrived)]
    except ValueError:
        return False
    without = [{k: v for k, v in d.items() if k not in CAPS} if isinstance(d, dict) else d for d in pair]
    return without[0] == without[1] and without[0] is not None


def difference(request, body, arrived):
    head, got_body = arrived
    first, *lines = head.rstrip(b"\r\n").split(b"\r\n")
    method, target, _ = first.split(b" ")
    sent = re.sub(rb"(?i)^https?://[^/?]*", b"", request.target) or b"/"
    if (method, target) != (request.method, sent):
        return f"asked {first!r}"
    fields = [line.partition(b": ") for line in lines]
    names = [n.lower() for n, _, _ in fields]
    for ours in (b"host", b"authorization", b"accept-encoding", b"x-request-id"):
        if names.count(ours) != 1:
            return f"{names.count(ours)} fields {ours!r}"
    if b"Authorization: Bearer sk-real-upstream-key" not in lines:
        return "not our key"
    got = sorted((n.lower(), v.strip(b" \t")) for n, _, v in fields if n.lower() not in DROPPED)
    wanted = sorted((n, v.strip(b" \t")) for n, v in fields_upstream(request))
    if got != wanted:
        return f"fields {set(got) ^ set(wanted)}"
    return None if same_body(body, got_body) else f"body {got_body[:200]!r}"


def is_bare(rest, asked):
    """Whether the next answer has no body: it is to HEAD (one that was not read that far is answered whole)."""
    end = rest.find(b"\r\n\r\n")
    if end == len(rest) - 4:
        return True
    return bool(asked) and asked[0][0].method == b"HEAD" and b"connection: close" not in rest[:end].lower()


def judge(stream, received, arrived, lost):
    """None, or what is wrong. `arrived`: request id -> (head, body), what went upstream from anybody;
    `lost`: takes the request whose answer the client's own surplus destroyed."""
    expected, at, rest = requests_in(stream.data), 0, received
    closed = False
    while rest:
        if rest.startswith(CONTINUE):
            rest = rest[len(CONTINUE):]
            continue
        one = answers_in(rest, is_bare(rest, expected[at:at + 1]))[:1]
        if not one:
            return f"half an answer: {rest[:200]!r}"
        (status, head, body), = one
        rest = rest[rest.index(head) + len(head) + 4 + len(body):]
        if closed:
            return "an answer behind the last one"
        closed = b"connection: close" in head.lower()
        if at >= len(expected) and (status < 400 or not closed):
            return f"answer {at} is {status}, but the judge sees {len(expected)} requests"
        name = re.search(rb"x-request-id: (\w+)", head).group(1)
        went = arrived.pop(name, None)
        if (went is not None) != (status == 200):
            return f"answer {at} is {status}, and upstream got {went}"
        if went is not None and (wrong := difference(*expected[at], went)):
            return f"request {at}: {wrong}"
        if status >= 500 and status not in (501, 505):
            return f"answer {at} is {status}"
        at += 1
    if not closed and at < len(expected):
        # Bytes behind a request that asked for the end may reset the connection under its answer.
        if at < len(expected) - 1 or not wants_close(expected[-1][0]):
            return f"{at} answers to {len(expected)} requests, and the connection was to go on"
        lost.append(expected[-1])
    return None


# -- the wire --

class Upstream:
    """Records requests by the id our proxy gave them."""

    def __init__(self):
        self.arrived, self.torn = {}, 0

    async def serve(self, reader, writer):
        pending = b""
        try:
            while data := await reader.read(65536):
                pending += data
                while (request := split_request(pending))[0] is not None:
                    (head, body), pending = request
                    name, = re.findall(rb"\r\nx-request-id: (\w+)\r\n", head)
                    assert name not in self.arrived, "the same request twice"
                    self.arrived[name] = head, body
                    text = b'{"object":"list","data":[]}' if head.startswith((b"GET", b"HEAD")) else ANSWER
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                                 % len(text) + (b"" if head.startswith(b"HEAD") else text))
        except OSError:
            pass
        self.torn += bool(pending)
        writer.close()


async def exchange(port, stream):
    """All that the proxy says to a client which sends this and then FIN."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    received = b""

    async def send():
        try:
            for begin, end in zip([0] + stream.cuts, stream.cuts + [len(stream.data)]):
                writer.write(stream.data[begin:end])
                await writer.drain()
                await asyncio.sleep(0)  # tidy: allowed (another turn of the loop, so another write)
            writer.write_eof()
        except OSError:
            pass  # it has been refused already
    sending = asyncio.create_task(send())
    try:
        while data := await asyncio.wait_for(reader.read(65536), 60):
            received += data
    except ConnectionResetError:
        pass
    await sending
    writer.close()
    return received


async def battle(proxy_port, upstream, generator, rounds):
    wrong, lost, left = [], [], [rounds]
    seen = {"streams": 0, "requests": 0, "upstream": 0}

    async def fighter():
        while left[0] > 0 and len(wrong) < 10:
            left[0] -= 1
            stream = generator.stream()
            received = await exchange(proxy_port, stream)
            before = len(upstream.arrived)
            problem = judge(stream, received, upstream.arrived, lost)
            seen["streams"] += 1
            seen["requests"] += len(re.findall(rb"HTTP/1\.1 \d\d\d ", received))
            seen["upstream"] += before - len(upstream.arrived)
            if problem:
                wrong.append((problem, stream.data, stream.cuts, received))
    await asyncio.gather(*(fighter() for _ in range(AT_ONCE)))
    for name, went in list(upstream.arrived.items()):
        if any(difference(*request, went) is None for request in lost):
            upstream.arrived.pop(name)
    return wrong, seen


async def fight(directory):
    upstream = Upstream()
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0, backlog=512)
    port = server.sockets[0].getsockname()[1]
    loop = asyncio.get_running_loop()
    proxy = await loop.run_in_executor(None, lambda: Proxy(
        os.path.join(directory, "data"), f"http://127.0.0.1:{port}", {"server": ["head_timeout_s = 5"]}))
    try:
        key = await loop.run_in_executor(None, lambda: proxy.create_key("mutants"))
        wrong, seen = await battle(proxy.port, upstream, Generator(SEED, key["key"].encode()), ROUNDS)
        assert proxy.child.poll() is None, "the proxy died:\n" + proxy.text()[-3000:]
        assert "failed unexpectedly" not in proxy.text(), proxy.text()[-3000:]
        return wrong, seen, upstream
    finally:
        await loop.run_in_executor(None, proxy.stop)
        server.close()


def upstream_sees_what_the_judge_sees():
    """Each connection's requests upstream are those that h11 reads in the same bytes, or fewer"""
    print(f"seed {SEED}", flush=True)
    began = time.monotonic()
    with workspace() as directory:
        wrong, seen, upstream = asyncio.run(fight(directory))
    for problem, data, cuts, received in wrong:
        print(f"-- {problem}\n   sent {data!r}\n   cut at {cuts}\n   got {received[:600]!r}")
    assert not wrong, f"{len(wrong)} of {seen['streams']}"
    assert not upstream.arrived, f"{len(upstream.arrived)} requests that no client was answered: {upstream.arrived}"
    assert seen["upstream"] > ROUNDS / 20 and seen["requests"] - seen["upstream"] > ROUNDS / 4, seen
    print(f"  {seen['streams']} connections, {seen['requests']} answers, {seen['upstream']} requests upstream, "
          f"{upstream.torn} broken off on the way ({seen['streams'] / (time.monotonic() - began):.0f} a second)")


if __name__ == "__main__":
    sys.argv = [sys.argv[0]] + [a for a in sys.argv[1:] if not a.isdigit()]
    run([upstream_sees_what_the_judge_sees])
