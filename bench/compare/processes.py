"""The programs of the comparison: upstreams, peers and our proxy, each on a port of its own."""
import dataclasses
import http.client
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.environ.get("BUILD_DIR") or os.path.join(ROOT, "build")
ADMIN_KEY = "bench-admin-key-0123456789"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port, seconds=60):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)  # tidy: allowed
    sys.exit(f"nothing listens on port {port}")


@dataclasses.dataclass
class Peer:
    name: str
    pid: int
    port: int
    redis: int = 0          # pid of the Redis that works for it
    admin: int = 0          # port of its admin plane: ours
    enforces: bool = False
    tls: bool = False
    headers: tuple = ()     # that it wants of every request
    secrets: list = dataclasses.field(default_factory=lambda: ["none"])
    script: str = ""

    @property
    def url(self):
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}"


class Stage:
    """Starts programs in a directory of its own, and stops all of them at the end."""

    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="deepseek-bench-")
        self._children = []
        self._certificate = ""

    def __enter__(self):
        return self

    def __exit__(self, *what):
        for child in self._children:
            child.terminate()
        for child in self._children:
            child.wait()
        shutil.rmtree(self.directory, ignore_errors=True)

    def start(self, command, port, env=None):
        child = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
        self._children.append(child)
        wait_for(port)
        return child.pid, port

    def certificate(self):
        """Of 127.0.0.1, made once; its key stands beside it."""
        if not self._certificate:
            self._certificate = os.path.join(self.directory, "cert.pem")
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                            "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                            "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
                            self._certificate + ".key", "-out", self._certificate],
                           check=True, capture_output=True)
            os.chmod(self._certificate + ".key", 0o600)
        return self._certificate

    def _configuration(self, template, values):
        own = tempfile.mkdtemp(dir=self.directory)
        for directory in (self.directory, own):
            os.chmod(directory, 0o755)  # nginx's workers run as another user
        with open(os.path.join(HERE, "peers", template), encoding="utf-8") as file:
            text = file.read().replace("@DIR@", own)
        for name, value in values.items():
            text = text.replace(f"@{name}@", str(value))
        path = os.path.join(own, template)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return own, path

    def nginx(self, template, files=None, tls=False, **values):
        """(pid, port). `tls`: it listens with the certificate."""
        port = free_port()
        listen = (f"ssl; ssl_certificate {self.certificate()}; "
                  f"ssl_certificate_key {self.certificate()}.key; ssl_session_cache shared:s:1m"
                  if tls else "")
        own, path = self._configuration(template, {"PORT": port, "TLS": listen, "SCHEME": "http",
                                                   **values})
        for name, data in (files or {}).items():
            with open(os.path.join(own, name), "w", encoding="utf-8") as file:
                file.write(data)
        return self.start(["nginx", "-p", own, "-c", path, "-e", own + "/err.log"], port)

    def haproxy(self, upstream):
        port = free_port()
        _, path = self._configuration("haproxy.cfg", {"PORT": port, "UPSTREAM": upstream})
        return self.start(["haproxy", "-f", path], port)

    def bench(self, program, *arguments):
        port = free_port()
        return self.start([os.path.join(BUILD, program), str(port), *map(str, arguments)], port)

    def redis(self):
        port, own = free_port(), tempfile.mkdtemp(dir=self.directory)
        return self.start(["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", own,
                           "--save", "", "--appendonly", "yes"], port)

    def portkey(self):
        """Portkey's gateway, installed by npm beside the build once."""
        home = os.path.join(BUILD, "portkey")
        program = os.path.join(home, "node_modules", "@portkey-ai", "gateway", "build",
                               "start-server.js")
        if not os.path.exists(program):
            subprocess.run(["npm", "install", "--silent", "--prefix", home, "@portkey-ai/gateway"],
                           check=True)
        port = free_port()
        return self.start(["node", program, f"--port={port}", "--headless"], port)

    def ours(self, upstream_url, threads, sections=None):
        """Our proxy with everything on: a Peer. `sections`: more settings, {section: text}."""
        own = tempfile.mkdtemp(dir=self.directory)
        port, admin = free_port(), free_port()
        more = {"server": "", "upstream": "", "store": "", **(sections or {})}
        path = os.path.join(own, "config.toml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f'[server]\nlisten = "127.0.0.1:{port}"\nthreads = {threads}\n'
                       f'{more["server"]}\n'
                       f'[admin]\nlisten = "127.0.0.1:{admin}"\nkey = "env:BENCH_ADMIN_KEY"\n'
                       f'[upstream]\nurl = "{upstream_url}"\nkey = "env:BENCH_KEY"\n'
                       f'{more["upstream"]}\n[store]\npath = "{own}/data"\n{more["store"]}\n')
        env = {**os.environ, "BENCH_ADMIN_KEY": ADMIN_KEY, "BENCH_KEY": "sk-real"}
        pid, _ = self.start([os.environ.get("BENCH_PROXY") or os.path.join(BUILD, "deepseek-proxy"),
                             "serve", "--config", path], port, env)
        wait_for(admin)
        return Peer("ours", pid, port, admin=admin, enforces=True,
                    tls="tls_cert" in more["server"])


def make_keys(peer, options, count):
    """Secrets of new sub-keys of ours; `options` as the command line has them."""
    fields = {"--rpm": "requests_per_minute", "--tpm": "tokens_per_minute",
              "--monthly": "monthly_spending_limit", "--concurrent": "concurrent_requests"}
    limits = {fields[name]: int(value) for name, value in zip(options[::2], options[1::2])}
    admin = http.client.HTTPConnection("127.0.0.1", peer.admin)
    secrets = []
    for number in range(count):
        admin.request("POST", "/v1/keys", json.dumps({"name": f"bench-{number}",
                                                      "rate_limits": limits}),
                      {"Authorization": f"Bearer {ADMIN_KEY}", "Content-Type": "application/json"})
        answer = admin.getresponse()
        text = answer.read()
        if answer.status not in (200, 201):
            sys.exit(f"a key was not made: {answer.status} {text.decode()}")
        secrets.append(json.loads(text)["key"])
    return secrets


def family(pid):
    """A process and its children."""
    return [pid] + [int(p) for p in subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True,
        check=False).stdout.split()]


def cpu_seconds(pid):
    """User + system time of a process with all its threads, and of its children."""
    total, tick = 0, os.sysconf("SC_CLK_TCK")
    for one in family(pid):
        with open(f"/proc/{one}/stat", encoding="utf-8") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / tick


def memory_bytes(pid):
    """What a process and its children keep for themselves, in the memory of the machine."""
    total = 0
    for one in family(pid):
        with open(f"/proc/{one}/smaps_rollup", encoding="utf-8") as file:
            for line in file:
                if line.startswith(("Private_Dirty:", "Private_Clean:")):
                    total += int(line.split()[1]) * 1024
    return total


def connect(peer):
    """A connection to it, with TLS where it wants that."""
    made = socket.create_connection(("127.0.0.1", peer.port))
    if peer.tls:
        made = ssl._create_unverified_context().wrap_socket(made)  # pylint: disable=protected-access
    return made
