"""Starts the built programs for a test and looks at them from outside: the simulator's own bill, the
ledger, the metrics. Every port is chosen by the kernel; everything is stopped by its pid."""
import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

from described import admin_plane

BUILD = os.environ.get("BUILD_DIR") or os.path.join(os.path.dirname(__file__), "..", "..", "build")
ADMIN_KEY = "test-admin-key-0123456789"
REAL_KEY = "sk-real-upstream-key"
ADMIN_PORTS = set()  # whose answers are held against openapi.json


class Process:
    """A program whose output is kept, and that said a line which tells that it is ready."""

    def __init__(self, command, ready, env=None, timeout=30):
        self.lines = []
        self._ready = threading.Event()
        self.match = None
        self.child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                      text=True, env={**os.environ, **(env or {})}, bufsize=1)
        self._reader = threading.Thread(target=self._read, args=(re.compile(ready),), daemon=True)
        self._reader.start()
        if not self._ready.wait(timeout) or self.match is None:
            self.kill()
            raise RuntimeError(f"{command[0]} did not become ready:\n" + "".join(self.lines[-20:]))

    def _read(self, ready):
        for line in self.child.stdout:
            self.lines.append(line)
            if self.match is None:
                self.match = ready.search(line)
                if self.match:
                    self._ready.set()
        self._ready.set()

    @property
    def pid(self):
        return self.child.pid

    def text(self):
        return "".join(self.lines)

    def kill(self, how=signal.SIGKILL):
        if self.child.poll() is None:
            self.child.send_signal(how)
        self.child.wait(60)
        self._reader.join(10)
        return self.child.returncode

    def stop(self):
        return self.kill(signal.SIGTERM)


def request(port, method, path, body=None, headers=None, timeout=60):
    """One plain HTTP request; returns (status, headers, bytes)."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        data = json.dumps(body).encode() if isinstance(body, (dict, list)) else body
        sent = {"Content-Type": "application/json", **(headers or {})}
        connection.request(method, path, data, sent)
        answer = connection.getresponse()
        got = answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        if port in ADMIN_PORTS:
            admin_plane.check(method, path, *got)
        return got
    finally:
        connection.close()


class Simulator(Process):
    def __init__(self, *options):
        super().__init__([os.path.join(BUILD, "deepseek-simulator"), "--listen", "127.0.0.1:0",
                          "--key", REAL_KEY, *options], r"listening on http://127\.0\.0\.1:(\d+)")
        self.port = int(self.match.group(1))

    def control(self, method, path, body=None):
        status, _, data = request(self.port, method, "/__sim/" + path, body)
        assert status == 200, (status, data)
        return json.loads(data) if data else None

    def config(self, **settings):
        return self.control("POST", "config", settings)

    def bill(self):
        return self.control("GET", "bill")

    def requests(self):
        found, after = [], 0
        while True:
            page = self.control("GET", f"requests?after={after}")
            rows = page["requests"] if isinstance(page, dict) else page
            if not rows:
                return found
            found += rows
            after = rows[-1]["seq"]


class Proxy(Process):
    """deepseek-proxy on a data directory; `settings` are TOML lines by section
    ("NAME = none": the setting is left out)."""
    program = os.path.join(BUILD, "deepseek-proxy")
    ready = r"deepseek-proxy listening on http://127\.0\.0\.1:(\d+)"
    prefix = ()    # a program that runs it
    patience = 30  # seconds until it is ready

    def __init__(self, directory, upstream, settings=None, options=(), env=None, timeout=30):
        self.directory = directory
        os.makedirs(directory, exist_ok=True)
        sections = {"server": ['listen = "127.0.0.1:0"', "threads = 2"],
                    "admin": ['listen = "127.0.0.1:0"', 'key = "env:TEST_ADMIN_KEY"'],
                    "upstream": [f'url = "{upstream}"', 'key = "env:TEST_REAL_KEY"'],
                    "store": [f'path = "{directory}"']}
        for section, lines in (settings or {}).items():
            for line in lines:
                name = line.split("=")[0].strip()
                kept = [l for l in sections.get(section, []) if l.split("=")[0].strip() != name]
                sections[section] = kept + ([] if line.endswith("= none") else [line])
        self.config = os.path.join(directory, "test.toml")
        with open(self.config, "w", encoding="utf-8") as file:
            for section, lines in sections.items():
                file.write(f"[{section}]\n" + "\n".join(lines) + "\n")
        super().__init__([*self.prefix, self.program, "serve", "--config", self.config, *options],
                         self.ready, timeout=self.patience,
                         env={"TEST_ADMIN_KEY": ADMIN_KEY, "TEST_REAL_KEY": REAL_KEY, **(env or {})})
        self.port = int(self.match.group(1))
        with open(os.path.join(directory, "admin.url"), encoding="utf-8") as file:
            self.admin_port = int(file.read().strip().rsplit(":", 1)[1])
        ADMIN_PORTS.add(self.admin_port)

    def kill(self, how=signal.SIGKILL):
        # The kernel may give it to a data plane next; a proxy that did not start has none.
        ADMIN_PORTS.discard(getattr(self, "admin_port", None))
        return super().kill(how)

    def admin(self, method, path, body=None, expect=(200, 201), headers=None):
        status, _, data = request(self.admin_port, method, path, body,
                                  {"Authorization": "Bearer " + ADMIN_KEY, **(headers or {})})
        assert status in expect, (method, path, status, data[:500])
        try:
            return json.loads(data)
        except ValueError:
            return data.decode()

    def create_key(self, name="test", **fields):
        return self.admin("POST", "/v1/keys", {"name": name, **fields})

    def chat(self, secret, headers=None, path="/v1/chat/completions", timeout=60, **fields):
        body = {"model": "deepseek-flash", "messages": [{"role": "user", "content": "hi"}], **fields}
        return request(self.port, "POST", path, body,
                       {"Authorization": "Bearer " + secret, **(headers or {})}, timeout)

    def ledger(self, **query):
        """All rows once the journal has been applied as far as it is written."""
        words = "&".join(f"{k}={v}" for k, v in query.items())
        status, _, data = request(self.admin_port, "GET", "/v1/ledger?" + words, None,
                                  {"Authorization": "Bearer " + ADMIN_KEY})
        assert status == 200, (status, data[:300])
        return [json.loads(line) for line in data.splitlines() if line.strip()]

    def usage(self, key_id, period="24h"):
        return self.admin("GET", f"/v1/keys/{key_id}/usage?period={period}")

    def metric(self, name):
        text = self.admin("GET", "/metrics")
        return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines()
                   if re.match(rf"deepseek_proxy_{name}(\{{|\s)", line))

    def command(self, *words, check=True):
        """The `deepseek` command line against this proxy."""
        return subprocess.run(
            [os.path.join(BUILD, "deepseek"), "--url", f"http://127.0.0.1:{self.admin_port}", *words],
            capture_output=True, text=True, check=check, timeout=60,
            env={**os.environ, "DEEPSEEK_ADMIN_KEY": ADMIN_KEY})


def node_packages(folder, name):
    """The folder in the build directory where the npm packages of folder/package.json are; they are
    fetched once a version."""
    place = os.path.abspath(os.path.join(BUILD, name))
    os.makedirs(place, exist_ok=True)
    with open(os.path.join(folder, "package.json"), encoding="utf-8") as file:
        wanted = file.read()
    mark = os.path.join(place, "installed.json")  # written last: half an installation is none
    if not os.path.exists(mark) or open(mark, encoding="utf-8").read() != wanted:
        with open(os.path.join(place, "package.json"), "w", encoding="utf-8") as file:
            file.write(wanted)
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--silent"],
                       cwd=place, check=True, timeout=300)
        with open(mark, "w", encoding="utf-8") as file:
            file.write(wanted)
    return place


def eventually(condition, what, seconds=20):
    """Polls until `condition()` is true: for what happens in the background, never for timing."""
    until = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > until:
            raise AssertionError("did not happen: " + what)
        time.sleep(0.02)  # tidy: allowed


@contextlib.contextmanager
def workspace():
    directory = tempfile.mkdtemp(prefix="deepseek-e2e-")
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextlib.contextmanager
def stack(simulator_options=(), proxy_settings=None, proxy_options=()):
    """A simulator and a proxy in front of it, both stopped at the end."""
    with workspace() as directory:
        simulator = Simulator(*simulator_options)
        try:
            proxy = Proxy(os.path.join(directory, "data"), f"http://127.0.0.1:{simulator.port}",
                          proxy_settings, proxy_options)
            try:
                yield simulator, proxy
            finally:
                proxy.stop()
        finally:
            simulator.kill()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run(tests):
    """Runs the given functions in order; the first failure ends with its traceback."""
    chosen = sys.argv[1:]
    count = 0
    for test in tests:
        if chosen and test.__name__ not in chosen:
            continue
        began = time.monotonic()
        test()
        count += 1
        print(f"ok   {test.__name__}: {(test.__doc__ or '').strip().splitlines()[0]} "
              f"({time.monotonic() - began:.1f} s)", flush=True)
    assert count, "no test was run"
    print(f"{count} passed, 0 failed")
