#!/usr/bin/env python3
"""TLS towards clients and the admin plane: who gets in, who does not, and renewal while requests run."""
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import threading

from certificates import Authority, fingerprint
from harness import ADMIN_KEY, BUILD, Proxy, Simulator, eventually, run, workspace

CHAT = {"model": "deepseek-flash", "max_tokens": 20, "messages": [{"role": "user", "content": "hi"}]}


class SecureProxy(Proxy):
    """The data plane by https; the admin plane as `settings` say."""
    ready = r"deepseek-proxy listening on https://127\.0\.0\.1:(\d+)"


class Place:
    """A simulator, and a proxy with a certificate before it."""

    def __init__(self, directory, client_ca=False, server=()):
        self.ca = Authority(os.path.join(directory, "ca"))
        self.cert, self.key = self.ca.issue("server")
        self.simulator = Simulator()
        lines = [f'tls_cert = "{self.cert}"', f'tls_key = "{self.key}"', *server]
        if client_ca:
            lines.append(f'tls_client_ca = "{self.ca.file}"')
        self.proxy = SecureProxy(os.path.join(directory, "data"), f"http://127.0.0.1:{self.simulator.port}",
                                 {"server": lines})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.proxy.stop()
        self.simulator.kill()

    def context(self, client=None):
        trusted = ssl.create_default_context(cafile=self.ca.file)
        if client:
            trusted.load_cert_chain(*client)
        return trusted

    def connect(self, context=None, timeout=30):
        return http.client.HTTPSConnection("localhost", self.proxy.port, timeout=timeout,
                                           context=context or self.context())

    def chat(self, secret, connection=None, **fields):
        connection = connection or self.connect()
        connection.request("POST", "/v1/chat/completions", json.dumps({**CHAT, **fields}),
                           {"Authorization": "Bearer " + secret, "Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()

    def serial(self):
        """Which certificate a new client is shown."""
        with socket.create_connection(("127.0.0.1", self.proxy.port), 30) as plain:
            with self.context().wrap_socket(plain, server_hostname="localhost") as secured:
                return secured.getpeercert()["serialNumber"]


def served_and_resumed():
    """https with ALPN, 1.2 and 1.3; a second connection resumes; streams end; the bill is the ledger's"""
    with workspace() as directory, Place(directory) as place:
        record = place.proxy.create_key("tls")
        secret = record["key"]
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = place.context()
            context.minimum_version = context.maximum_version = version
            context.set_alpn_protocols(["h2", "http/1.1"])
            connection = place.connect(context)
            assert place.chat(secret, connection)[0] == 200
            assert connection.sock.selected_alpn_protocol() == "http/1.1"
            assert place.chat(secret, connection, stream=True)[1].rstrip().endswith(b"data: [DONE]")
            session = connection.sock.session
            with socket.create_connection(("127.0.0.1", place.proxy.port), 30) as plain:
                with context.wrap_socket(plain, server_hostname="localhost", session=session) as again:
                    assert again.session_reused
            connection.close()
        large = place.chat(secret, messages=[{"role": "user", "content": "x" * 300_000}])
        assert large[0] == 200, large
        assert place.proxy.metric("tls_resumed_total") == 2
        eventually(lambda: len(place.proxy.ledger()) == 5, "ledger")
        bill = place.simulator.bill()["total_nano"]
        assert bill > 0
        eventually(lambda: place.proxy.usage(record["id"])["cost_nano_usd"] == bill, "booked as billed")


def strangers():
    """old versions, h2 alone, plain HTTP and slow handshakes are turned away; others go on"""
    with workspace() as directory, Place(directory, server=["tls_handshake_timeout_s = 2"]) as place:
        secret = place.proxy.create_key("tls")["key"]
        for spoil in ("tls1", "h2"):
            context = place.context()
            if spoil == "h2":
                context.set_alpn_protocols(["h2"])
            else:
                context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
                context.maximum_version = ssl.TLSVersion.TLSv1_1
                context.set_ciphers("ALL:@SECLEVEL=0")
            try:
                place.chat(secret, place.connect(context))
                raise AssertionError(spoil + " was served")
            except (ssl.SSLError, ConnectionError):
                pass
        plain = http.client.HTTPConnection("127.0.0.1", place.proxy.port, timeout=30)
        plain.request("GET", "/v1/models")
        answer = plain.getresponse()
        body = json.loads(answer.read())
        assert answer.status == 400 and "https" in body["error"]["message"], body
        slow = [socket.create_connection(("127.0.0.1", place.proxy.port), 30) for _ in range(50)]
        for i, each in enumerate(slow):  # nothing, or the beginning of a ClientHello
            each.sendall(b"\x16\x03\x01\x02\x00\x01"[:i % 7])
        assert place.chat(secret)[0] == 200
        for each in slow:
            assert each.recv(1) == b""
            each.close()
        assert place.proxy.metric("tls_failures_total") >= 53
        assert place.chat(secret)[0] == 200


def second_factor():
    """a key that demands a certificate is of no use without it; others need none"""
    with workspace() as directory, Place(directory, client_ca=True) as place:
        good = place.ca.issue("partner", "/O=Example/CN=partner")
        other = place.ca.issue("other")
        foreign = Authority(os.path.join(directory, "foreign"), "foreign").issue("partner", "/O=Example/CN=partner")
        by_print = place.proxy.create_key("by-print", client_certificates=["sha256:" + fingerprint(good[0])])
        by_name = place.proxy.create_key("by-name", client_certificates=["CN=partner,O=Example"])
        free = place.proxy.create_key("free")
        assert place.proxy.command("keys", "get", "by-name").stdout.count("CN=partner,O=Example") == 1
        for record in (by_print, by_name):
            assert place.chat(record["key"], place.connect(place.context(good)))[0] == 200
            for client in (None, other):
                status, body = place.chat(record["key"], place.connect(place.context(client)))
                assert status == 403 and json.loads(body)["error"]["code"] == "certificate_not_allowed", body
        assert place.chat(free["key"])[0] == 200
        for record in (by_name, free):  # of an authority nobody named: not even a handshake
            try:
                place.chat(record["key"], place.connect(place.context(foreign)))
                raise AssertionError("a certificate of a foreign authority was taken")
            except (ssl.SSLError, ConnectionError):
                pass
        # A resumed session shows what was shown when it began.
        context = place.context(good)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        first = place.connect(context)
        assert place.chat(by_name["key"], first)[0] == 200
        with socket.create_connection(("127.0.0.1", place.proxy.port), 30) as plain:
            with context.wrap_socket(plain, server_hostname="localhost", session=first.sock.session) as again:
                body = json.dumps(CHAT).encode()
                again.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: "
                              b"Bearer " + by_name["key"].encode() + b"\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
                assert again.session_reused and again.recv(12) == b"HTTP/1.1 200"
        assert len(place.simulator.requests()) == 5
        eventually(lambda: "certificate_not_allowed" in json.dumps(place.proxy.admin("GET", "/v1/events")),
                   "the refusals are events")


def renewed_under_load():
    """a new certificate is shown within seconds or at SIGHUP, a broken one never; no request fails"""
    with workspace() as directory, Place(directory) as place:
        secret = place.proxy.create_key("tls")["key"]
        stop, done, failed = threading.Event(), [], []

        def client(keep):
            connection = place.connect()
            while not stop.is_set():
                try:
                    status, _ = place.chat(secret, connection if keep else None, stream=keep)
                    (done if status == 200 else failed).append(status)
                except OSError as error:
                    failed.append(error)

        clients = [threading.Thread(target=client, args=(i % 2 == 0,)) for i in range(8)]
        for each in clients:
            each.start()
        serial = place.serial()
        place.ca.issue("server")
        eventually(lambda: place.serial() != serial, "the new certificate is shown")
        serial = place.serial()
        with open(place.cert, "w", encoding="utf-8") as file:
            file.write("no certificate\n")
        eventually(lambda: "stays in use" in place.proxy.text(), "the broken one is told of")
        assert place.serial() == serial and place.proxy.metric("reload_failures_total") >= 1
        place.ca.issue("server")
        os.kill(place.proxy.pid, signal.SIGHUP)
        eventually(lambda: place.serial() != serial, "SIGHUP")
        eventually(lambda: len(done) > 200, "traffic", 60)
        stop.set()
        for each in clients:
            each.join(60)
        assert not failed, failed[:5]
        assert place.proxy.metric("tls_certificate_expires_seconds") > 1.7e9
        eventually(lambda: len(place.proxy.ledger()) == len(done), "one row a request")
        assert len(place.simulator.requests()) == len(done)


def admin_by_https():
    """the admin plane by https on all addresses: page, CLI and Python; without a certificate it may not"""
    with workspace() as directory:
        ca = Authority(os.path.join(directory, "ca"))
        cert, key = ca.issue("admin", hosts=("DNS:proxy.example.com", "DNS:localhost", "IP:127.0.0.1"))
        simulator = Simulator()
        upstream = f"http://127.0.0.1:{simulator.port}"
        try:
            try:
                Proxy(os.path.join(directory, "plain"), upstream, {"admin": ['listen = "0.0.0.0:0"']})
                raise AssertionError("plain HTTP for everyone")
            except RuntimeError as refused:
                assert "admin.tls_cert" in str(refused), refused
            proxy = Proxy(os.path.join(directory, "data"), upstream,
                          {"admin": ['listen = "0.0.0.0:0"', f'tls_cert = "{cert}"', f'tls_key = "{key}"']})
            context = ssl.create_default_context(cafile=ca.file)
            connection = http.client.HTTPSConnection("localhost", proxy.admin_port, timeout=30, context=context)

            def ask(method, path, body=None, **headers):
                connection.request(method, path, body, {"Authorization": "Bearer " + ADMIN_KEY, **headers})
                answer = connection.getresponse()
                return answer.status, answer.headers, answer.read()

            assert ask("GET", "/v1/keys")[0] == 200
            assert ask("GET", "/v1/keys", Host="proxy.example.com")[0] == 200
            assert ask("GET", "/v1/keys", Host="evil.example.com")[0] == 403
            status, headers, _ = ask("POST", "/v1/session", "{}")
            assert status == 201 and "; Secure" in headers["Set-Cookie"], headers
            url = f"https://localhost:{proxy.admin_port}"
            env = {**os.environ, "DEEPSEEK_ADMIN_KEY": ADMIN_KEY, "SSL_CERT_FILE": "/dev/null"}
            command = [os.path.join(BUILD, "deepseek"), "--url", url]
            made = subprocess.run([*command, "--ca-file", ca.file, "keys", "create", "by-cli"], env=env,
                                  capture_output=True, text=True, timeout=60)
            assert made.returncode == 0 and "sk-ds-" in made.stdout, made
            unknown = subprocess.run([*command, "keys", "list"], env=env, capture_output=True, text=True, timeout=60)
            assert unknown.returncode == 1 and "no answer" in unknown.stderr, unknown
            program = ("from deepseek import DeepSeekClient\n"
                       "import sys\n"
                       "with DeepSeekClient(ca_file=sys.argv[1], admin_url=sys.argv[2]) as client:\n"
                       "    print([key.name for key in client.keys.list()])\n")
            source = os.path.join(os.path.dirname(__file__), "..", "..", "deploy", "python", "src")
            python = subprocess.run(["/usr/bin/python3", "-c", program, ca.file, url], capture_output=True, text=True,
                                    env={**env, "PYTHONPATH": source}, timeout=60)
            assert python.returncode == 0 and "by-cli" in python.stdout, python
            proxy.stop()
        finally:
            simulator.kill()


if __name__ == "__main__":
    run([served_and_resumed, strangers, second_factor, renewed_under_load, admin_by_https])
