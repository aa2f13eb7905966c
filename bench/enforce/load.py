"""Offers a schedule of requests open-loop through deepseek-bench-load, and says whether it was kept."""
import dataclasses
import ipaddress
import json
import os
import socket
import subprocess
import threading
import time
import urllib.parse

from .places import BUILD
from .theory import quantile

LATE_SHARE_MAX = 0.01  # of the requests may leave later than Load.late_s after their time


@dataclasses.dataclass
class Shot:
    at: float  # seconds after the start
    body: dict
    secret: str
    node: int = 0
    leave_after: int | None = None  # bytes of the answer, then the client is gone
    mark: str = ""                  # set when it is sent: by it the upstream's rows are known again


@dataclasses.dataclass
class Outcome:
    """Seconds on the machine's monotonic clock; None: it did not happen."""
    shot: Shot
    intended: float
    sent: float | None = None
    first: float | None = None
    end: float | None = None
    status: int = 0
    bytes: int = 0
    how: str = "unsent"


class Volley:
    """A schedule under way, then its outcomes."""

    def __init__(self, shots):
        self.shots = shots
        self.start = 0.0
        self.outcomes = []

    def statuses(self):
        found = {}
        for outcome in self.outcomes:
            found[outcome.status] = found.get(outcome.status, 0) + 1
        return found

    def lateness(self):
        return [o.sent - o.intended for o in self.outcomes if o.sent is not None]

    def latencies(self):
        """From the intended time to the answer's end, of those that were answered well."""
        return [o.end - o.intended for o in self.outcomes if o.how == "done" and o.status == 200]

    def behind(self, late_s):
        """Why the schedule was not kept; empty if it was."""
        late = [x for x in self.lateness() if x > late_s]
        unsent = len(self.shots) - len(self.lateness())
        if len(late) + unsent <= LATE_SHARE_MAX * len(self.shots):
            return ""
        return (f"the load generator fell behind: {len(late)} of {len(self.shots)} requests left more "
                f"than {late_s * 1000:.0f} ms late (at worst {max(late, default=0) * 1000:.0f} ms), "
                f"{unsent} not at all")


class Load:
    """Sends to a gateway's URLs. `path` and `headers` come from the target's description."""

    def __init__(self, program, urls, path, headers, late_s=0.1):
        self.program, self.path, self.headers, self.late_s = program, path, headers, late_s
        self.places = [self._resolve(url) for url in urls]

    @staticmethod
    def _resolve(url):
        parts = urllib.parse.urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise ValueError(f"{url}: http:// and a host are expected (put a TLS terminator's "
                             "plain side here)")
        port = parts.port or 80
        address = socket.gethostbyname(parts.hostname)
        ipaddress.IPv4Address(address)
        return address, port, parts.netloc, parts.path.rstrip("/")

    def _request(self, shot):
        _, _, host, prefix = self.places[shot.node]
        body = json.dumps(shot.body).encode()
        head = [f"POST {prefix}{self.path} HTTP/1.1", f"Host: {host}",
                "Content-Type: application/json", f"Content-Length: {len(body)}"]
        head += [f"{name}: {value.replace('{secret}', shot.secret)}"
                 for name, value in self.headers.items()]
        return "\r\n".join(head).encode() + b"\r\n\r\n" + body

    def _schedule(self, shots):
        for address, port, _, _ in self.places:
            yield f"target {address} {port}\n".encode()
        for shot in shots:
            data = self._request(shot)
            leave = -1 if shot.leave_after is None else shot.leave_after
            yield f"shot {int(shot.at * 1e6)} {shot.node} {leave} {len(data)}\n".encode() + data + b"\n"

    def fire(self, shots, actions=(), patience_s=60, start=0.0):
        """Sends all shots; `actions` are (seconds after the start, function) run meanwhile. `start`:
        on the monotonic clock, or as soon as the schedule is read."""
        shots = sorted(shots, key=lambda s: s.at)
        volley = Volley(shots)
        command = [self.program, str(int(patience_s * 1000)), str(int(start * 1e6))]
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                 start_new_session=True)
        try:
            child.stdin.write(b"".join(self._schedule(shots)))
            child.stdin.close()
            volley.start = int(child.stdout.readline().split()[1]) / 1e6
            volley.outcomes = [Outcome(s, volley.start + s.at) for s in shots]
            reader = threading.Thread(target=self._read, args=(child.stdout, volley), daemon=True)
            reader.start()
            for at, action in sorted(actions, key=lambda pair: pair[0]):
                time.sleep(max(0.0, volley.start + at - time.monotonic()))  # tidy: allowed
                action()
            reader.join()
        finally:
            child.kill()
            child.wait()
        return volley

    @staticmethod
    def _read(lines, volley):
        def instant(text):
            return None if int(text) < 0 else volley.start + int(text) / 1e6
        for line in lines:
            index, sent, first, end, status, count, how = line.decode().split()
            outcome = volley.outcomes[int(index)]
            outcome.sent, outcome.first, outcome.end = instant(sent), instant(first), instant(end)
            outcome.status, outcome.bytes, outcome.how = int(status), int(count), how


def latency_figures(latencies):
    return {f"p{name} ms": round(1000 * quantile(latencies, share), 1)
            for name, share in (("50", 0.5), ("90", 0.9), ("99", 0.99), ("99.9", 0.999))}


def program():
    """The built generator, in BUILD_DIR or build/."""
    return os.path.join(BUILD, "deepseek-bench-load")
