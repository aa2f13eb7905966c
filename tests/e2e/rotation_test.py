#!/usr/bin/env python3
"""The account's real key is rotated under a running proxy: no restart, no request with a wrong key
for longer than it takes to fetch the new one."""
import json
import os
import re

from harness import Proxy, eventually, run, workspace
from recorder import Recorder

REFUSED = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"


def bearer_of(head):
    return re.search(rb"(?i)\r\nauthorization: *bearer ([^\r]*)\r\n", head).group(1).decode()


class Rotated:
    """A key file, a recording upstream, and a proxy with this interval between them."""

    def __init__(self, directory, refresh_s, answer=None):
        self.file = os.path.join(directory, "real.key")
        self.write("sk-first")
        self.upstream = Recorder(answer)
        self.proxy = Proxy(os.path.join(directory, "data"), f"http://127.0.0.1:{self.upstream.port}",
                           {"upstream": [f'key = "file:{self.file}"', f"key_refresh_s = {refresh_s}"]})
        self.secret = self.proxy.create_key()["key"]

    def write(self, key):
        """As rotating tools do it: the file is there and whole at any time"""
        new = self.file + ".new"
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(key + "\n")
        os.rename(new, self.file)

    def key_seen(self):
        """The real key that a request of now goes with; and its status"""
        status = self.proxy.chat(self.secret)[0]
        return bearer_of(self.upstream.last()[0]), status

    def close(self):
        code = self.proxy.stop()
        self.upstream.close()
        assert code == 0, self.proxy.text()
        assert "sk-first" not in self.proxy.text() and "sk-second" not in self.proxy.text()


def a_rotated_file_is_used_without_a_restart():
    """The file changes; soon requests go with the new key, and all of them are answered"""
    with workspace() as directory:
        at = Rotated(directory, refresh_s=1)
        try:
            assert at.key_seen() == ("sk-first", 200)
            at.write("sk-second")
            assert eventually(lambda: at.key_seen()[0] == "sk-second", "the new key is used")
            assert at.key_seen() == ("sk-second", 200)
            assert at.proxy.metric("upstream_key_refresh_failures_total") == 0
        finally:
            at.close()


def the_last_good_key_is_kept():
    """The file is gone: requests go on, failures are counted; it comes back and is used"""
    with workspace() as directory:
        at = Rotated(directory, refresh_s=1)
        try:
            os.remove(at.file)
            eventually(lambda: at.proxy.metric("upstream_key_refresh_failures_total") >= 1, "counted")
            assert at.key_seen() == ("sk-first", 200)
            eventually(lambda: "the last good one is kept" in at.proxy.text(), "told")
            assert at.file in at.proxy.text()
            at.write("sk-second")
            eventually(lambda: at.key_seen()[0] == "sk-second", "the new key is used")
        finally:
            at.close()


def a_refused_key_is_fetched_again():
    """Never by the clock, but at once when the upstream answers 401 to it"""
    ok = Recorder().answer

    def answer(request):
        return ok if bearer_of(request[0]) == "sk-second" else REFUSED

    with workspace() as directory:
        at = Rotated(directory, refresh_s=0, answer=answer)
        try:
            at.write("sk-second")
            assert at.key_seen() == ("sk-first", 502)
            eventually(lambda: at.key_seen() == ("sk-second", 200), "the new key is used")
        finally:
            at.close()


def a_secret_manager_is_asked():
    """aws: at start and while running; a name it does not know stops the start, and is named"""
    held = {"prod/ds": "sk-first"}
    asked = []

    def answer(request):
        head, body = request
        asked.append((head, json.loads(body)))
        value = held.get(asked[-1][1]["SecretId"])
        text = json.dumps({"SecretString": json.dumps({"key": value})} if value else
                          {"__type": "ResourceNotFoundException", "Message": "hunter22"})
        return (f"HTTP/1.1 {200 if value else 400} X\r\nContent-Length: {len(text)}\r\n"
                f"Connection: close\r\n\r\n{text}").encode()

    manager, upstream = Recorder(answer), Recorder()
    env = {"AWS_ENDPOINT_URL_SECRETS_MANAGER": f"http://127.0.0.1:{manager.port}",
           "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "aws-secret-1"}
    url = f"http://127.0.0.1:{upstream.port}"

    def settings(name):
        return {"upstream": [f'key = "aws:{name}#key@eu-west-1"', "key_refresh_s = 1"]}

    with workspace() as directory:
        proxy = Proxy(os.path.join(directory, "data"), url, settings("prod/ds"), env=env)
        try:
            secret = proxy.create_key()["key"]

            def key_seen():
                assert proxy.chat(secret)[0] == 200
                return bearer_of(upstream.last()[0])

            assert key_seen() == "sk-first"
            held["prod/ds"] = "sk-second"
            eventually(lambda: key_seen() == "sk-second", "the new key is used")
        finally:
            assert proxy.stop() == 0
        head = asked[0][0].decode()
        assert head.startswith("POST / HTTP/1.1\r\n"), head
        assert re.search(r"\r\nAuthorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/\d{8}/eu-west-1/"
                         r"secretsmanager/aws4_request, ", head), head
        for word in ("sk-first", "sk-second", "aws-secret-1"):
            assert word not in proxy.text(), word
        try:
            Proxy(os.path.join(directory, "data"), url, settings("absent"), env=env).kill()
            raise AssertionError("it started")
        except RuntimeError as failed:
            said = str(failed)
        assert "upstream.key: aws:absent#key@eu-west-1: " in said, said
        assert "no secret has this name in this region" in said and "hunter22" not in said, said
    manager.close()
    upstream.close()


if __name__ == "__main__":
    run([a_rotated_file_is_used_without_a_restart, the_last_good_key_is_kept,
         a_refused_key_is_fetched_again, a_secret_manager_is_asked])
