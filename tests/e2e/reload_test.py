#!/usr/bin/env python3
"""A configuration read again while requests run, and listening sockets that are handed in."""
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import threading

from harness import ADMIN_KEY, BUILD, REAL_KEY, Proxy, Simulator, eventually, request, run, stack, workspace

RELOADS = int(os.environ.get("DEEPSEEK_RELOADS", "20"))
UPGRADES = int(os.environ.get("DEEPSEEK_UPGRADES", "2"))
CLIENTS = int(os.environ.get("DEEPSEEK_RELOAD_CLIENTS", "16"))


def rewrite(proxy, old, new):
    with open(proxy.config, encoding="utf-8") as file:
        text = file.read()
    assert old in text, text
    with open(proxy.config + ".new", "w", encoding="utf-8") as file:
        file.write(text.replace(old, new))
    os.rename(proxy.config + ".new", proxy.config)


def hang_up(proxy):
    before = proxy.text().count("reload:")
    os.kill(proxy.pid, signal.SIGHUP)
    eventually(lambda: proxy.text().count("reload:") > before, "the log tells of the reload")


def what_changes():
    """what can change does at once, what cannot is told of, and a wrong file changes nothing"""
    with stack(proxy_settings={"server": ["body_bytes_max = 100000"]}) as (_, proxy):
        secret = proxy.create_key()["key"]

        def large():
            return proxy.chat(secret, max_tokens=10, messages=[{"role": "user", "content": "x" * 50_000}])[0]

        assert large() == 200
        rewrite(proxy, "body_bytes_max = 100000", "body_bytes_max = 2000\njson_depth_max = 9")
        hang_up(proxy)
        assert "changed server.body_bytes_max, server.json_depth_max" in proxy.text()
        eventually(lambda: large() == 413, "every thread knows the new bound")
        rewrite(proxy, "body_bytes_max = 2000", "body_bytes_max = true")
        hang_up(proxy)
        assert "body_bytes_max: expected a whole number" in proxy.text() and "in use stay" in proxy.text()
        assert large() == 413 and proxy.metric("reload_failures_total") == 1
        rewrite(proxy, "body_bytes_max = true", "body_bytes_max = 90000")
        rewrite(proxy, "threads = 2", "threads = 3")
        rewrite(proxy, 'key = "env:TEST_REAL_KEY"', 'key = "env:ANOTHER"')
        hang_up(proxy)
        assert "server.threads, upstream.key differ in the file, and take a restart" in proxy.text()
        eventually(lambda: large() == 200, "the bound is raised again")
        os.remove(proxy.config)
        hang_up(proxy)
        assert large() == 200


def under_load():
    """reloads while clients stream: not one request fails, and the books are the upstream's bill"""
    with stack(proxy_settings={"server": ["idle_timeout_s = 70"]}) as (simulator, proxy):
        record = proxy.create_key()
        stop, failed, done = threading.Event(), [], []

        def client(streams):
            while not stop.is_set():
                status, _, body = proxy.chat(record["key"], max_tokens=30, stream=streams)
                whole = status == 200 and (not streams or body.rstrip().endswith(b"[DONE]"))
                (done if whole else failed).append((status, body[-200:]))

        clients = [threading.Thread(target=client, args=(i % 2 == 0,)) for i in range(CLIENTS)]
        for each in clients:
            each.start()
        for i in range(RELOADS):
            rewrite(proxy, f"idle_timeout_s = {70 + i}", f"idle_timeout_s = {71 + i}")
            hang_up(proxy)
        eventually(lambda: len(done) > 100, "traffic", 60)
        stop.set()
        for each in clients:
            each.join(60)
        assert not failed, failed[:3]
        assert proxy.text().count("changed server.idle_timeout_s") == RELOADS
        eventually(lambda: len(proxy.ledger()) == len(done), "one row a request")
        assert len(simulator.requests()) == len(done)
        eventually(lambda: proxy.usage(record["id"])["cost_nano_usd"] == simulator.bill()["total_nano"],
                   "booked as billed")


class Replaced(Proxy):
    """Runs from a file of its own, which can be replaced as a package's upgrade does."""

    def __init__(self, directory, *rest, **named):
        self.program = os.path.join(os.path.dirname(directory), "deepseek-proxy")
        self.replace()
        super().__init__(directory, *rest, **named)

    def replace(self):
        shutil.copy(os.path.join(BUILD, "deepseek-proxy"), self.program + ".new")
        os.rename(self.program + ".new", self.program)

    def upgrade(self):
        before = self.text().count("listening on http")
        self.replace()
        os.kill(self.pid, signal.SIGUSR2)
        eventually(lambda: self.text().count("listening on http") > before, "the next one serves", 60)


def upgrades():
    """another program takes over, again and again, while clients stream: nothing fails, nothing is lost"""
    with workspace() as directory:
        simulator = Simulator()
        proxy = Replaced(os.path.join(directory, "data"), f"http://127.0.0.1:{simulator.port}")
        try:
            record = proxy.create_key()
            stop, failed, done = threading.Event(), [], []
            body = {"model": "deepseek-flash", "max_tokens": 40, "messages": [{"role": "user", "content": "hi"}]}

            def client(keeps, streams):
                connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=120)
                while not stop.is_set():
                    try:
                        connection.request("POST", "/v1/chat/completions", json.dumps({**body, "stream": streams}),
                                           {"Authorization": "Bearer " + record["key"]})
                        answer = connection.getresponse()
                        data = answer.read()
                    except (OSError, http.client.HTTPException) as error:
                        failed.append(repr(error))
                        return
                    whole = answer.status == 200 and (not streams or data.rstrip().endswith(b"[DONE]"))
                    (done if whole else failed).append((answer.status, data[-200:]))
                    if not keeps:
                        connection.close()

            clients = [threading.Thread(target=client, args=(i % 3 > 0, i % 2 == 0)) for i in range(CLIENTS)]
            for each in clients:
                each.start()
            for _ in range(UPGRADES):
                so_far = len(done)
                eventually(lambda: len(done) >= so_far + CLIENTS, "traffic", 60)
                proxy.upgrade()
            so_far = len(done)
            eventually(lambda: len(done) >= so_far + CLIENTS, "traffic", 60)
            stop.set()
            for each in clients:
                each.join(120)
            assert not failed, failed[:3]
            assert proxy.text().count("takes over, with") == UPGRADES
            eventually(lambda: len(proxy.ledger()) == len(done), "one row a request")
            assert len(simulator.requests()) == len(done)
            eventually(lambda: proxy.usage(record["id"])["cost_nano_usd"] == simulator.bill()["total_nano"],
                       "booked as billed")
            assert {row["ending"] for row in proxy.ledger()} == {"complete"}
            with open(proxy.config, "a", encoding="utf-8") as file:
                file.write("nonsense\n")
            os.kill(proxy.pid, signal.SIGUSR2)
            eventually(lambda: "does not accept the configuration" in proxy.text(), "it stays")
            assert proxy.chat(record["key"], max_tokens=5)[0] == 200
        finally:
            stop.set()
            proxy.stop()
            simulator.kill()


def handed_in():
    """sockets opened by another (systemd's way) are served: both planes, any number of threads"""
    with workspace() as directory:
        simulator = Simulator()
        sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
        config = os.path.join(directory, "handed.toml")
        with open(config, "w", encoding="utf-8") as file:
            file.write(f'[server]\nthreads = 3\n[admin]\nkey = "env:TEST_ADMIN_KEY"\n[upstream]\n'
                       f'url = "http://127.0.0.1:{simulator.port}"\nkey = "env:TEST_REAL_KEY"\n'
                       f'[store]\npath = "{directory}/data"\n')
        # A shell puts the sockets where systemd does, and says for whom they are.
        start = (f'exec 8<&{sockets[0].fileno()} 9<&{sockets[1].fileno()}; exec 3<&8 4<&9; '
                 'export LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=data:admin; exec "$@"')
        child = subprocess.Popen(["/bin/bash", "-c", start, "-", os.path.join(BUILD, "deepseek-proxy"), "serve",
                                  "--config", config], pass_fds=[each.fileno() for each in sockets],
                                 env={**os.environ, "TEST_ADMIN_KEY": ADMIN_KEY, "TEST_REAL_KEY": REAL_KEY})
        data, admin = (each.getsockname()[1] for each in sockets)
        try:
            key = {"Authorization": "Bearer " + ADMIN_KEY}
            status, _, body = request(admin, "POST", "/v1/keys", {"name": "a"}, key)  # waits in the backlog
            assert status == 201, body

            secret = json.loads(body)["key"]
            for _ in range(10):
                status, _, _ = request(data, "POST", "/v1/chat/completions",
                                       {"model": "deepseek-flash", "max_tokens": 5,
                                        "messages": [{"role": "user", "content": "hi"}]},
                                       {"Authorization": "Bearer " + secret})
                assert status == 200
            child.send_signal(signal.SIGTERM)
            assert child.wait(60) == 0
        finally:
            if child.poll() is None:
                child.kill()
            child.wait()
            for each in sockets:
                each.close()
            simulator.kill()


if __name__ == "__main__":
    run([what_changes, under_load, upgrades, handed_in])
