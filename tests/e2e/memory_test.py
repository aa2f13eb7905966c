#!/usr/bin/env python3
"""What one connection can make the proxy hold, whatever is sent on it: 64 KiB and the body it may have."""
import contextlib
import os
import time

from crowd import Crowded, chat, crowd, post
from harness import Proxy, eventually, run, workspace
from stream_test import resident_kib

COUNT = 200
BODY = 128 * 1024  # body_bytes_max
SSE = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
PIECE = b"2000\r\n" + b"x" * 8192 + b"\r\n"  # of a line that never ends


def settled(pid):
    """Resident KiB once they no longer change."""
    last = [-1, 0]

    def same():
        now = resident_kib(pid)
        last[1] = last[1] + 1 if abs(now - last[0]) <= 64 else 0
        last[0] = now
        time.sleep(0.05)  # tidy: allowed
        return last[1] >= 3
    eventually(same, "memory comes to rest", 60)
    return last[0]


def fields(count, size):
    return b"".join(b"X-%d: %s\r\n" % (i, b"v" * size) for i in range(count))


def held_by_each(proxy, data, receive_buffer=None):
    """KiB. A few come first: they pay for what is there once."""
    with contextlib.ExitStack() as ends:
        for s in crowd(proxy.port, 8, data, receive_buffer):
            ends.callback(s.close)
        before = settled(proxy.pid)
        for s in crowd(proxy.port, COUNT, data, receive_buffer):
            ends.callback(s.close)
        eventually(lambda: proxy.metric("connections") >= COUNT, "all are connected")
        held = (settled(proxy.pid) - before) / COUNT
    return held


def kinds(secret):
    """What is sent, and how many KiB it may hold beside the 64: its body."""
    whole, limit = chat("y" * (BODY - 200)), BODY // 1024
    chunks = b"".join(b"400\r\n%s\r\n" % (b" " * 1024) for _ in range(limit - 1))
    form, chunked = b"Content-Type: multipart/form-data; boundary=x\r\n", b"Transfer-Encoding: chunked\r\n"
    large = fields(90, 330)
    return {
        "nothing": (b"", 0),
        "half a head": (post(secret, b"", large)[:-4], 0),
        "a head of 31 KiB, no body": (post(secret, chat(), large)[:-len(chat())], 0),
        "a body that stops before its end": (post(secret, whole)[:-1], limit),
        "the same under a head of 31 KiB": (post(secret, whole, large)[:-1], limit),
        "chunks that stop": (post(secret, chunks, chunked, framing=False), limit),
        "chunks of one byte": (post(secret, b"1\r\n \r\n" * 20_000, chunked, framing=False), 64),
        "a request that waits": (post(secret, chat()), 0),
        "a whole body that waits": (post(secret, whole), limit),  # sent: what is left is the allocator's
        "a head of 31 KiB that waits": (post(secret, chat(), large), 0),
        "requests behind one that waits": (post(secret, chat()) * 1000, 0),
        "an upload that nobody takes": (post(secret, b"z" * BODY, form, "/v1/files"), 0),
        "a model's name of 100 KiB": (post(secret, chat(model="m" * (100 << 10))), limit),
    }


def bounded(upstream, chosen, receive_buffer=None):
    """Each kind before a proxy of its own: what one leaves in its pools would be the next one's."""
    problems, server = [], [f"body_bytes_max = {BODY}", "threads = 1"] + [
        f"{name}_timeout_s = 600" for name in ("idle", "head", "client_stall")]
    with workspace() as directory:
        for number, name in enumerate(chosen("")):
            proxy = Proxy(os.path.join(directory, str(number)), f"http://127.0.0.1:{upstream.port}", {"server": server})
            try:
                data, body = chosen(proxy.create_key()["key"])[name]
                held = held_by_each(proxy, data, receive_buffer)
                print(f"  {name}: {held:.1f} KiB each, of 64 and {body}", flush=True)
                if held > 64 + body:
                    problems.append((name, held))
            finally:
                proxy.kill()
    upstream.close()
    assert not problems, problems


def a_client_that_stops_holds_little():
    """200 connections of each kind, before an upstream that says nothing and does not read uploads"""
    bounded(Crowded(deaf=True), kinds)


def a_client_that_reads_nothing_holds_little():
    """200 streams without end, of one endless line, that nobody reads; small requests and large ones"""
    bounded(Crowded(SSE, PIECE), lambda secret: {
        "a stream nobody reads": (post(secret, chat(stream=True)), 0),
        # Its head, a block of the answer, and what a request is: just beyond, with no body to allow for.
        "the same under a head of 31 KiB": (post(secret, chat(stream=True), fields(90, 330)), 8),
        "the same after a body": (post(secret, chat("y" * (BODY - 200), stream=True)), BODY // 1024)}, 4096)


if __name__ == "__main__":
    run([a_client_that_stops_holds_little, a_client_that_reads_nothing_holds_little])
