"""The proxy between raw bytes and a recording upstream: what the tests of hostile HTTP sit at."""
import os
import re
import socket

from harness import Proxy, workspace
from recorder import Recorder


class Bench:
    """The proxy under test, its key and the upstream's record."""

    def __init__(self, settings=None, answer=None, limits=None, upstream=None):
        self._settings, self._limits = settings, limits or {"monthly_spending_limit": 100}
        self.upstream = upstream or Recorder(answer)

    def __enter__(self):
        self._space = workspace()
        directory = self._space.__enter__()
        self.proxy = Proxy(os.path.join(directory, "data"), f"http://127.0.0.1:{self.upstream.port}",
                           self._settings)
        self.key = self.proxy.create_key("cases", rate_limits=self._limits)
        self.secret = self.key["key"].encode()
        return self

    def __exit__(self, *what):
        self.proxy.stop()
        self.upstream.close()
        self._space.__exit__(*what)

    def connect(self, timeout=20):
        return socket.create_connection(("127.0.0.1", self.proxy.port), timeout=timeout)

    def talk(self, data, answers=1, timeout=20):
        """Sends raw bytes; returns (what came, whether the proxy closed): everything until the proxy
        closes, or until it has given so many answers and a moment's silence."""
        with self.connect(timeout) as s:
            try:
                s.sendall(data)
            except OSError:
                pass
            received = b""
            while True:
                enough = len(answers_in(received)) >= answers and b"onnection: close" not in received
                s.settimeout(0.1 if enough else timeout)
                try:
                    part = s.recv(65536)
                except ConnectionResetError:
                    return received, True
                except socket.timeout:
                    if enough:
                        return received, False
                    raise
                if not part:
                    return received, True
                received += part

    def ask(self, data):
        """One request on a connection of its own: (status, head, body)."""
        received, _ = self.talk(data)
        found = answers_in(received)
        assert len(found) == 1, (data[:300], received[:500])
        return found[0]

    def served(self, data):
        """What the upstream got of a request that is served: (head, body)."""
        before = self.upstream.count()
        status, head, body = self.ask(data)
        assert status == 200, (data[:300], head, body[:300])
        assert self.upstream.count() == before + 1
        return self.upstream.last()

    def charged_nothing(self):
        usage = self.proxy.usage(self.key["id"])
        assert usage["dispatched"] == 0 and usage["cost_nano_usd"] == 0, usage
        assert usage["held_nano_usd"] == 0, usage


def answers_in(received, bare=False):
    """(status, head, body) of the whole answers in these bytes, interim ones left out; bare: to HEAD."""
    found = []
    while True:
        head, whole, rest = received.partition(b"\r\n\r\n")
        if not whole or not head.startswith(b"HTTP/1.1 "):
            return found
        status = int(head[9:12])
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        size = int(length.group(1)) if length and not bare else 0
        if re.search(rb"(?i)\r\ntransfer-encoding: *chunked", head):
            end = rest.find(b"0\r\n\r\n")
            if end < 0:
                return found
            size = end + 5
        if size > len(rest):
            return found
        if status >= 200:
            found.append((status, head, rest[:size]))
        received = rest[size:]


def names_in(head):
    return [line.split(b":")[0].lower() for line in head.split(b"\r\n")[1:] if line]
