"""A gateway that is up: its nodes and services, its keys, its books. What is special about one stands
in its target's description."""
import json
import os
import shlex
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

from .places import BUILD, ROOT
from .processes import Child, Failed, free_port, listens, poll
from .template import Missing, at_pointer, fill, fill_json


class Key:
    def __init__(self, secret, values):
        self.secret, self.values = secret, values


class Gateway:
    def __init__(self, target, upstream, directory):
        self.target, self.directory = target, directory
        self.made = 0
        shared = {name: free_port() for name in target.gateway.get("shared_ports", [])}
        self.values = {
            **shared, "build": BUILD, "root": ROOT, "dir": directory, "upstream": upstream.url,
            "upstream_address": f"{upstream.host}:{upstream.port}",
            "upstream_port": upstream.port, "upstream_key": upstream.key}
        self.nodes = [self._node(i) for i in range(target.nodes)]
        self.services, self.children = [], [None] * target.nodes

    def _node(self, index):
        home = os.path.join(self.directory, f"node{index}")
        os.makedirs(home, exist_ok=True)
        ports = {name: free_port() for name in self.target.gateway.get("ports", [])}
        return {**self.values, **ports, "node": index, "home": home}

    def urls(self):
        urls = self.target.urls
        return [fill(urls[i % len(urls)], node) for i, node in enumerate(self.nodes)]

    # -- starting, killing, stopping --

    def start(self):
        for number, command in enumerate(self.target.gateway.get("services", [])):
            self.services.append(Child(fill(command, self.values), self.directory, f"service{number}"))
        for name in self.target.gateway.get("shared_ports", []):
            if not poll(lambda: listens("127.0.0.1", self.values[name]), self.target.serving_s):
                raise Failed(f"gateway.services: nothing listens at the port {{{name}}}")
        for index in range(len(self.nodes)):
            self.start_node(index)

    def start_node(self, index):
        plan, values = self.target.gateway, self.nodes[index]
        for name, text in plan.get("files", {}).items():
            with open(os.path.join(values["home"], name), "w", encoding="utf-8") as file:
                file.write(fill(text, values, lenient=True))
        if plan.get("start"):
            env = {name: fill(text, values) for name, text in plan.get("env", {}).items()}
            child = Child(fill(plan["start"], values), values["home"], "gateway", env)
            self.children[index] = child
            child.wait_until(lambda: self.listens(index), self.target.serving_s)
        elif not poll(lambda: self.listens(index), self.target.serving_s):
            raise Failed(f"nothing listens at {self.urls()[index]}")

    def listens(self, index):
        """At its URL, and at every port it was given."""
        parts = urllib.parse.urlsplit(self.urls()[index])
        own = [self.nodes[index][name] for name in self.target.gateway.get("ports", [])]
        return listens(parts.hostname, parts.port or 80) and all(
            listens("127.0.0.1", port) for port in own)

    def kill_node(self, index):
        """SIGKILL, or the command the target gives."""
        if self.target.gateway.get("kill"):
            self._command(self.target.gateway["kill"], self.nodes[index])
        else:
            self.children[index].kill()

    def revive_node(self, index):
        if self.target.gateway.get("restart"):
            self._command(self.target.gateway["restart"], self.nodes[index])
            if not poll(lambda: self.listens(index), self.target.serving_s):
                raise Failed("the gateway did not come back")
        else:
            self.start_node(index)

    def stop(self):
        for index, child in enumerate(self.children):
            if child and self.target.gateway.get("stop"):
                self._command(self.target.gateway["stop"], self.nodes[index])
            if child:
                child.stop()
        for service in reversed(self.services):
            service.stop()

    # -- keys and books --

    def make_key(self, **limits):
        """A key with these limits (rpm, burst_requests, tpm, burst_tokens, usd, concurrent)."""
        number, self.made = self.made, self.made + 1
        keys = self.target.keys
        values = {**self.nodes[0], **spelled(limits, keys.get("create", {})), "name": f"bench-{number}", "number": number}
        if "create" in keys:
            made = self._call(keys["create"], values)
            secret = self._picked(made, keys["create"].get("secret"))
            if "id" in keys["create"]:
                values["id"] = self._picked(made, keys["create"]["id"])
        elif "ready" in keys:
            if number >= len(keys["ready"]):
                raise Failed(f"keys.ready: {len(keys['ready'])} are too few")
            secret = keys["ready"][number]
        else:
            secret = fill(keys["any"], values)
        if self.target.spread_s:
            time.sleep(self.target.spread_s)  # tidy: allowed
        return Key(secret, {**values, "secret": secret})

    def revoke(self, key):
        self._call(self.target.keys["revoke"], key.values)

    def narrow(self, key, **limits):
        self._call(self.target.keys["narrow"], {**key.values, **spelled(limits, self.target.keys["narrow"])})

    def spent_nano(self, key):
        """What the gateway's books say was spent, in nano-dollars."""
        call = self.target.keys["spend"]
        found = self._picked(self._call(call, key.values), call.get("pointer"))
        return round(float(found) * 1e9 / call.get("per_dollar", 1))

    def settled_nano(self, key, at_least):
        """The books once they reach the bill, or when they are final."""
        poll(lambda: self.spent_nano(key) >= at_least, self.target.settled_s)
        return self.spent_nano(key)

    @staticmethod
    def _picked(text, pointer):
        if pointer is None:
            return text.strip()
        try:
            return at_pointer(json.loads(text), pointer)
        except (ValueError, Missing) as error:
            raise Failed(f"the gateway's answer: {error}") from error

    def _call(self, call, values):
        try:
            if "command" in call:
                return self._command(call["command"], values)
            return self._request(call, values)
        except Missing as error:
            raise Failed(str(error)) from error

    @staticmethod
    def _command(command, values):
        done = subprocess.run(shlex.split(fill(command, values)), capture_output=True, text=True,
                              timeout=120, check=False, cwd=values["home"])
        if done.returncode:
            raise Failed(f"{command}: status {done.returncode}: {done.stderr[-400:]}")
        return done.stdout

    @staticmethod
    def _request(call, values):
        body = call.get("body")
        data = None if body is None else json.dumps(fill_json(body, values)).encode()
        method = call.get("method") or ("GET" if data is None else "POST")
        headers = {name: fill(text, values) for name, text in call.get("headers", {}).items()}
        request = urllib.request.Request(fill(call["url"], values), data, method=method, headers={
            "Content-Type": "application/json", **headers})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as error:
            raise Failed(f"{method} {request.full_url}: {error.code} {error.read()[:300]}") from error
        except OSError as error:
            raise Failed(f"{method} {request.full_url}: {error}") from error


def spelled(limits, call):
    """Money in the units a gateway may want it in: of `units`, `call` says how many a dollar has."""
    out = {name: value for name, value in limits.items() if value is not None}
    if "usd" in out:
        out["nano_usd"] = round(out["usd"] * 1e9)
        out["units"] = round(out["usd"] * call.get("per_dollar", 1))
    return out
