"""The programs of the comparison: upstreams, peers and our proxy, each on a port of its own."""
import os
import shutil
import socket
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


def wait_for(port, seconds=10):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)  # tidy: allowed
    sys.exit(f"nothing listens on port {port}")


class Stage:
    """Starts programs in a directory of its own, and stops all of them at the end."""

    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="deepseek-bench-")
        self._children = []

    def __enter__(self):
        return self

    def __exit__(self, *what):
        for child in self._children:
            child.terminate()
        for child in self._children:
            child.wait()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _start(self, command, port, env=None):
        child = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
        self._children.append(child)
        wait_for(port)
        return child.pid, port

    def _configuration(self, template, **values):
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

    def nginx(self, template, upstream=None, files=None):
        port = free_port()
        own, path = self._configuration(template, PORT=port, UPSTREAM=upstream)
        for name, data in (files or {}).items():
            with open(os.path.join(own, name), "w", encoding="utf-8") as file:
                file.write(data)
        return self._start(["nginx", "-p", own, "-c", path, "-e", own + "/err.log"], port)

    def haproxy(self, upstream):
        port = free_port()
        _, path = self._configuration("haproxy.cfg", PORT=port, UPSTREAM=upstream)
        return self._start(["haproxy", "-f", path], port)

    def floor(self, upstream):
        port = free_port()
        return self._start([os.path.join(BUILD, "deepseek-bench-floor"), str(port), str(upstream)],
                           port)

    def ours(self, upstream, threads):
        """Our proxy; returns (pid, port, function that makes a key with the given options)."""
        own = tempfile.mkdtemp(dir=self.directory)
        port, admin = free_port(), free_port()
        path = os.path.join(own, "config.toml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f'[server]\nlisten = "127.0.0.1:{port}"\nthreads = {threads}\n'
                       f'[admin]\nlisten = "127.0.0.1:{admin}"\nkey = "env:BENCH_ADMIN_KEY"\n'
                       f'[upstream]\nurl = "http://127.0.0.1:{upstream}"\nkey = "env:BENCH_KEY"\n'
                       f'[store]\npath = "{own}/data"\n')
        env = {**os.environ, "BENCH_ADMIN_KEY": ADMIN_KEY, "BENCH_KEY": "sk-real",
               "DEEPSEEK_ADMIN_KEY": ADMIN_KEY}
        pid, _ = self._start([os.path.join(BUILD, "deepseek-proxy"), "serve", "--config", path],
                             port, env)
        wait_for(admin)

        def key(*options):
            return subprocess.run(
                [os.path.join(BUILD, "deepseek"), "--url", f"http://127.0.0.1:{admin}", "--quiet",
                 "keys", "create", "bench", *options], env=env, capture_output=True, text=True,
                check=True).stdout.strip()
        return pid, port, key


def cpu_seconds(pid):
    """User + system time of a process with all its threads, and of its children."""
    total, tick = 0, os.sysconf("SC_CLK_TCK")
    family = [pid] + [int(p) for p in subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True,
        check=False).stdout.split()]
    for one in family:
        with open(f"/proc/{one}/stat", encoding="utf-8") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / tick
