#!/usr/bin/env python3
"""Streams pass as they come, slow readers pause the upstream, idle connections cost little."""
import contextlib
import json
import os
import socket
import threading

from harness import Proxy, eventually, request, run, workspace
from recorder import Recorder, split_request


class GatedUpstream:
    """Answers requests with SSE whose next chunk is written only when the test says so, and tells how
    many bytes it could write. `client` is the latest one."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.ready = threading.Semaphore(0)  # once for each request that it began to answer
        self.client, self._clients = None, []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                self.client, _ = self._listener.accept()
            except OSError:  # closed
                return
            self._clients.append(self.client)
            data = b""
            while split_request(data)[0] is None:
                data += self.client.recv(65536)
            self.client.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                                b"Transfer-Encoding: chunked\r\n\r\n")
            self.ready.release()

    def chunk(self, payload):
        self.client.sendall(b"%x\r\n%s\r\n" % (len(payload), payload))

    def write_all_it_takes(self, bytes_max):
        """Writes until the proxy takes no more for a while; how much that was."""
        payload = b": " + b"x" * 8189 + b"\n"
        piece, sent = b"%x\r\n%s\r\n" % (len(payload), payload), 0
        self.client.setblocking(False)
        import select
        while sent < bytes_max:
            if not select.select([], [self.client], [], 0.3)[1]:
                break
            try:
                done = self.client.send(piece[sent % len(piece):])
            except BlockingIOError:
                continue
            sent += done
        self.client.setblocking(True)
        return sent

    def close(self):
        self._listener.close()
        for client in self._clients:
            client.close()


def open_stream(proxy, secret, receive_buffer=None):
    s = socket.socket()
    if receive_buffer:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    s.settimeout(20)
    s.connect(("127.0.0.1", proxy.port))
    body = json.dumps({"model": "deepseek-flash", "stream": True, "max_tokens": 100,
                       "messages": [{"role": "user", "content": "hi"}]}).encode()
    s.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
              + secret.encode() + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    return s


def chunks_pass_before_the_next_exists():
    """Head, keep-alive comments and chunks reach the client while the upstream waits"""
    with workspace() as directory:
        upstream = GatedUpstream()
        proxy = Proxy(os.path.join(directory, "data"), f"http://127.0.0.1:{upstream.port}")
        try:
            key = proxy.create_key()
            with open_stream(proxy, key["key"]) as s:
                assert upstream.ready.acquire(timeout=10)
                received = b""
                while b"\r\n\r\n" not in received:
                    received += s.recv(65536)
                assert b"text/event-stream" in received
                for payload in (b": keep-alive\n\n", b"data: {\"choices\":[]}\n\n", b"data: [DONE]\n\n"):
                    upstream.chunk(payload)
                    received = b""
                    while payload not in received:
                        received += s.recv(65536)
        finally:
            upstream.close()
            proxy.stop()


def a_slow_reader_pauses_the_upstream():
    """A client that reads nothing: the upstream is stopped, the proxy holds at most 64 KiB"""
    with workspace() as directory:
        upstream = GatedUpstream()
        proxy = Proxy(os.path.join(directory, "data"), f"http://127.0.0.1:{upstream.port}")
        try:
            key = proxy.create_key()
            first, readers, before = 4, 16, 0  # the first ones pay for code and tables
            with contextlib.ExitStack() as open_ones:
                for i in range(first + readers):
                    open_ones.enter_context(open_stream(proxy, key["key"], 4096))
                    assert upstream.ready.acquire(timeout=10)
                    taken = upstream.write_all_it_takes(64 << 20)
                    assert taken < 32 << 20, f"the proxy took {taken} bytes that nobody reads"
                    if i == first - 1:
                        before = resident_kib(proxy.pid)
                held = (resident_kib(proxy.pid) - before) / readers
            print(f"  {taken} bytes left the upstream into socket buffers; resident +{held:.0f} KiB a reader")
            assert held <= 64, held
        finally:
            upstream.close()
            proxy.stop()


def resident_kib(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))


def idle_connections_cost_little():
    """1,000 idle connections that have served a request: at most 8 kB each"""
    with workspace() as directory:
        from recorder import Recorder
        upstream = Recorder()
        proxy = Proxy(os.path.join(directory, "data"), f"http://127.0.0.1:{upstream.port}")
        try:
            key = proxy.create_key()
            open_stream(proxy, key["key"]).close()
            before, held = resident_kib(proxy.pid), []
            for _ in range(1000):
                s = open_stream(proxy, key["key"])
                received = b""
                while b"\r\n\r\n" not in received or b"usage" not in received:
                    received += s.recv(65536)
                held.append(s)
            each = (resident_kib(proxy.pid) - before) * 1024 / len(held)
            print(f"  {each:.0f} bytes a connection")
            assert each <= 8192, each
            for s in held:
                s.close()
            eventually(lambda: proxy.metric("connections") == 0, "all connections ended")
        finally:
            proxy.stop()
            upstream.close()


def a_long_list_keeps_its_head():
    """The fields of a list's head survive that its body takes many reads before they are passed on."""
    models = [{"id": f"model-{n}", "object": "model", "owned_by": "deepseek"} for n in range(2000)]
    body = json.dumps({"object": "list", "data": models}).encode()
    upstream = Recorder(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nx-kept: as it was\r\n"
                        b"Content-Length: %d\r\n\r\n" % len(body) + body)
    with workspace() as directory:
        proxy = Proxy(os.path.join(directory, "data"), f"http://127.0.0.1:{upstream.port}")
        try:
            secret = proxy.create_key()["key"]
            status, headers, data = request(proxy.port, "GET", "/v1/models", None,
                                            {"Authorization": "Bearer " + secret})
            assert status == 200 and len(json.loads(data)["data"]) == len(models)
            assert headers["x-kept"] == "as it was", headers
            assert headers["content-type"] == "application/json", headers
        finally:
            proxy.stop()


if __name__ == "__main__":
    run([chunks_pass_before_the_next_exists, a_slow_reader_pauses_the_upstream,
         idle_connections_cost_little, a_long_list_keeps_its_head])
