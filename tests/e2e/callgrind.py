"""What callgrind counted in a run of the proxy, thread by thread: instructions by function, calls of functions."""
import collections
import contextlib
import glob
import http.client
import http.server
import os
import re
import socket
import threading

from harness import Proxy, workspace
from recorder import Recorder

DATA_THREAD = "proxy::session::"
TICK = re.compile(r"proxy::io::reactor::tick\(")  # what depends on time, not on requests
TELLS = re.compile(r"proxy::request_log::(request_log::tell_all|span_export::send)\(")


HEAD = (b"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: identity\r\nAccept: */*\r\n"
        b"User-Agent: counting/1\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n")
LIMITS = {"requests_per_minute": 10**9, "tokens_per_minute": 10**9, "monthly_spending_limit": 900_000,
          "concurrent_requests": 1000}


class Counted(Proxy):
    """A proxy that runs under callgrind, some fifty times as slowly."""
    patience = 120


class Thread:
    def __init__(self, path):
        self.cost, self.inclusive, self.calls = (collections.Counter() for _ in range(3))
        self._names = {}
        with open(path, encoding="utf-8") as file:
            self._read(file)

    def _name_of(self, text):
        number, _, name = text.partition(" ")
        if name:
            self._names[number] = name
        return self._names[number]

    def _read(self, lines):
        """The format is Valgrind's manual's."""
        function, called, of_call = "", "", False
        for line in lines:
            key, _, value = line.rstrip("\n").partition("=")
            if key == "fn":
                function = self._name_of(value)
            elif key == "cfn":
                called = self._name_of(value)
            elif key == "calls":
                self.calls[called] += int(value.split()[0])
                of_call = True  # the next line's cost is the called one's
            elif line[:1] in "0123456789+-*" and len(line.split()) == 2:
                count = int(line.split()[1])
                if not of_call:
                    self.cost[function] += count
                if not of_call or called != function:
                    self.inclusive[function] += count
                of_call = False

    def total(self):
        return sum(self.cost.values())

    def of(self, prefix):
        return sum(count for name, count in self.cost.items() if name.startswith(prefix))

    def within(self, pattern):
        return sum(count for name, count in self.inclusive.items() if pattern.match(name))


class Profile:
    def __init__(self, path):
        self.threads = [Thread(each) for each in sorted(glob.glob(path + "*"))]
        self.data = max(self.threads, key=lambda one: one.of(DATA_THREAD))

    def data_instructions(self):
        """Of the thread that serves, without what it does every 100 ms, requests or not."""
        return self.data.total() - self.data.within(TICK)

    def telling_instructions(self):
        """Of the threads that write the access log and send spans. (What the other threads do goes by the clock, of
        which there is fifty times as much here: a journal synced for each request is none.)"""
        return sum(one.within(TELLS) for one in self.threads)


def profile(requests, body, answer=None, settings=None, fields=None):
    """Of a proxy with one data thread that answers so many requests of one connection; body(n) is the n-th's."""
    with workspace() as directory:
        out = os.path.join(directory, "callgrind")
        Counted.prefix = ("valgrind", "--tool=callgrind", "--separate-threads=yes", f"--callgrind-out-file={out}")
        upstream = Recorder(answer)
        proxy = Counted(os.path.join(directory, "data"), f"http://127.0.0.1:{upstream.port}",
                        {"server": ["threads = 1"], **(settings or {})})
        try:
            secret = proxy.create_key(**{"rate_limits": LIMITS, **(fields or {})})["key"]
            client = socket.create_connection(("127.0.0.1", proxy.port), 120)
            for n in range(requests):
                sent = body(n)  # at once: whether a body comes with its head makes a difference
                client.sendall(HEAD % (secret.encode(), len(sent)) + sent)
                response = http.client.HTTPResponse(client)
                response.begin()
                assert response.status == 200 and response.read(), response.status
            client.close()
        finally:
            proxy.stop()
        return Profile(out)


class Taker(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def collector():
    """The URL of what takes spans and alerts."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Taker)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/traces"
    finally:
        server.shutdown()
