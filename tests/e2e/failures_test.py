#!/usr/bin/env python3
"""What goes wrong on the operator's side: one clear message that says what to do, and nothing lost."""
import contextlib
import glob
import os
import socket
import sqlite3
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from hook import Hook
from harness import (ADMIN_KEY, BUILD, REAL_KEY, Proxy, Simulator, eventually, free_port, run,
                     workspace)

SERVE = os.path.join(BUILD, "deepseek-proxy")
ENV = {**os.environ, "TEST_ADMIN_KEY": ADMIN_KEY, "TEST_REAL_KEY": REAL_KEY}


def start_fails(config, *words, env=None):
    """The proxy ends by itself with one message that has all the words, and status 1."""
    done = subprocess.run([SERVE, "serve", "--config", config], capture_output=True, text=True,
                          env=env or ENV, timeout=30)
    said = done.stderr + done.stdout
    assert done.returncode == 1, (done.returncode, said)
    for word in words:
        assert word in said, f"{word!r} is not in: {said}"
    assert REAL_KEY not in said and ADMIN_KEY not in said, said
    return said


def write(directory, text):
    path = os.path.join(directory, "config.toml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def config_for(directory, port=0, extra=""):
    return write(directory, f'''[server]
listen = "127.0.0.1:{port}"
[admin]
listen = "127.0.0.1:0"
key = "env:TEST_ADMIN_KEY"
[upstream]
url = "http://127.0.0.1:9"
key = "env:TEST_REAL_KEY"
[store]
path = "{directory}/data"
{extra}''')


def bad_configuration_is_named():
    """Unknown keys, wrong types, values out of range, a literal secret, a missing file"""
    with workspace() as directory:
        for text, *words in [
            ("[server]\nlissten = \"x\"", "lissten", "listen"),
            ("[server]\nthreads = -1", "threads", "-1"),
            ("[server]\nthreads = \"two\"", "threads"),
            ("[server\n", "config.toml"),
            ("[upstream]\nkey = \"sk-1234567890abcdef\"", "key", "env:"),
            ("[upstream]\nurl = \"ftp://x\"", "url"),
            ("[server]\nlisten = \"nonsense\"", "listen"),
        ]:
            said = start_fails(write(directory, text), *words)
            assert "1234567890abcdef" not in said, said
        start_fails(os.path.join(directory, "absent.toml"), "absent.toml")


def an_occupied_port_is_named():
    """Another program listens there already"""
    with workspace() as directory, socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        start_fails(config_for(directory, port), f"127.0.0.1:{port}", "already")


def a_missing_upstream_key_is_named():
    """upstream.key points to a variable that is not set"""
    with workspace() as directory:
        env = {k: v for k, v in ENV.items() if k != "TEST_REAL_KEY"}
        start_fails(config_for(directory), "TEST_REAL_KEY", env=env)


def a_second_instance_is_refused():
    """One process owns a data directory; the message names it, and it goes on serving"""
    with workspace() as directory:
        simulator = Simulator()
        proxy = Proxy(os.path.join(directory, "data"), f"http://127.0.0.1:{simulator.port}")
        try:
            key = proxy.create_key()
            start_fails(proxy.config, str(proxy.pid), "data")
            assert proxy.chat(key["key"])[0] == 200
        finally:
            proxy.stop()
            simulator.kill()


def an_unusable_data_directory_is_named():
    """A file where the directory should be; a directory on a read-only path"""
    with workspace() as directory:
        with open(os.path.join(directory, "data"), "w", encoding="utf-8") as file:
            file.write("in the way")
        start_fails(config_for(directory), "data")


def used_directory(directory, requests=20):
    """A data directory with history; returns (key, charged)."""
    simulator = Simulator()
    proxy = Proxy(directory, f"http://127.0.0.1:{simulator.port}")
    try:
        key = proxy.create_key(rate_limits={"monthly_spending_limit": 1})
        for _ in range(requests):
            assert proxy.chat(key["key"], max_tokens=20)[0] == 200
        eventually(lambda: proxy.usage(key["id"])["dispatched"] == requests, "applied")
        return key, proxy.usage(key["id"])["cost_nano_usd"]
    finally:
        proxy.stop()
        simulator.kill()


def a_corrupt_database_is_refused():
    """Garbage in the database: the start is refused with what to do; nothing is overwritten"""
    with workspace() as directory:
        data = os.path.join(directory, "data")
        used_directory(data)
        database = os.path.join(data, "store.db")
        with open(database, "r+b") as file:
            file.seek(0)
            file.write(os.urandom(8192))
        garbage = open(database, "rb").read()
        start_fails(os.path.join(data, "test.toml"), "store.db")
        assert open(database, "rb").read() == garbage


def a_look_into_the_database_takes_nothing_away():
    """Somebody reads the database of a running proxy: keys made before and after outlive a kill -9"""
    with workspace() as directory:
        data = os.path.join(directory, "data")
        upstream = f"http://127.0.0.1:{free_port()}"
        proxy = Proxy(data, upstream)
        try:
            made = [proxy.create_key("before")["id"]]
            for turn in range(3):
                with contextlib.closing(sqlite3.connect(os.path.join(data, "store.db"))) as database:
                    assert database.execute("SELECT count(*) FROM keys").fetchone() == (len(made),)
                made.append(proxy.create_key(f"after {turn}")["id"])
            proxy.kill()
            proxy = Proxy(data, upstream)
            assert [key["id"] for key in proxy.admin("GET", "/v1/keys")["data"]] == made
        finally:
            proxy.kill()


def damaged_segments_lose_nothing_applied():
    """A truncated and a garbled journal segment: the start goes on, spend is kept, the log tells"""
    with workspace() as directory:
        data = os.path.join(directory, "data")
        key, charged = used_directory(data)
        segments = sorted(glob.glob(os.path.join(data, "**", "*.seg"), recursive=True))
        assert segments
        with open(segments[0], "r+b") as file:
            file.truncate(1000)
        with open(os.path.join(os.path.dirname(segments[0]), "lane-00000000deadbeef-00000001.seg"),
                  "wb") as file:
            file.write(os.urandom(65536))
        simulator = Simulator()
        proxy = Proxy(data, f"http://127.0.0.1:{simulator.port}")
        try:
            assert proxy.usage(key["id"])["cost_nano_usd"] >= charged
            assert proxy.chat(key["key"])[0] == 200
        finally:
            proxy.stop()
            simulator.kill()


def a_full_disk_refuses_and_recovers():
    """The journal's disk is full: 503 with retry-after, nothing upstream, the owner is told though nothing can be
    written down; served again with room"""
    if os.geteuid() != 0:
        print("  skipped: needs root to mount a small disk")
        return
    with workspace() as directory:
        data = os.path.join(directory, "data")
        os.makedirs(data)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", data], check=True)
        simulator, hook = Simulator(), Hook()
        try:
            settings = {"store": [f'path = "{data}"', "journal_segment_bytes = 262144"],
                        "server": ["threads = 1"],
                        "alerts": [f'receiver = [{{name = "hook", kind = "webhook", url = "{hook.url}"}}]']}
            proxy = Proxy(data, f"http://127.0.0.1:{simulator.port}", settings)
            key = proxy.create_key()
            ballast = os.path.join(data, "ballast")
            with open(ballast, "wb", buffering=0) as file:
                try:
                    while True:
                        file.write(b"x" * 4096)
                except OSError:
                    pass
            sent, status, headers = 0, 200, {}
            while status == 200 and sent < 20_000:
                status, headers, _ = proxy.chat(key["key"], max_tokens=1)
                sent += status == 200
            assert status == 503 and "retry-after" in headers, (status, headers, sent)
            assert len(simulator.requests()) == sent
            assert proxy.metric("journal_disk_full") == 1
            eventually(lambda: "journal_disk_full" in hook.rules(), "the owner is told")
            os.remove(ballast)
            eventually(lambda: proxy.chat(key["key"], max_tokens=1)[0] == 200, "served again")
            eventually(lambda: proxy.usage(key["id"])["dispatched"] == len(simulator.requests()),
                       "every request is in the books")
            eventually(lambda: "journal_disk_full" in hook.rules("alert.resolved"), "and that it is over")
            assert hook.rules().count("journal_disk_full") == 1, hook.events()
            proxy.stop()
        finally:
            simulator.kill()
            hook.close()
            subprocess.run(["umount", "-l", data], check=False)


def an_unreachable_upstream_charges_nothing():
    """Connection refused: 502, no charge, no hold left"""
    with workspace() as directory:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        proxy = Proxy(os.path.join(directory, "data"), f"http://127.0.0.1:{port}")
        try:
            key = proxy.create_key(rate_limits={"monthly_spending_limit": 1})
            status, headers, body = proxy.chat(key["key"])
            assert status == 502 and b"upstream_unreachable" in body, (status, body)
            usage = proxy.usage(key["id"])
            assert usage["cost_nano_usd"] == 0 and usage["held_nano_usd"] == 0, usage
        finally:
            proxy.stop()


def upstream_trouble_with_the_account_stays_private():
    """Upstream's 401 and 402: 502 upstream_refused, and nothing of the real key's tail"""
    with workspace() as directory:
        simulator = Simulator()
        proxy = Proxy(os.path.join(directory, "data"), f"http://127.0.0.1:{simulator.port}")
        try:
            key = proxy.create_key()
            for status in (401, 402):
                got, _, body = proxy.chat(key["key"], headers={"x-sim-fault": f"status:{status}"})
                assert got == 502 and b"upstream_refused" in body, (got, body)
                assert b"Balance" not in body and b"****" not in body, body
            assert proxy.usage(key["id"])["cost_nano_usd"] == 0
        finally:
            proxy.stop()
            simulator.kill()


if __name__ == "__main__":
    run([bad_configuration_is_named, an_occupied_port_is_named, a_missing_upstream_key_is_named,
         a_second_instance_is_refused, an_unusable_data_directory_is_named,
         a_corrupt_database_is_refused, a_look_into_the_database_takes_nothing_away,
         damaged_segments_lose_nothing_applied,
         a_full_disk_refuses_and_recovers, an_unreachable_upstream_charges_nothing,
         upstream_trouble_with_the_account_stays_private])
