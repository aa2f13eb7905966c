"""What the tests of alerts share: a clock, receivers as settings, and a proxy or several with a simulator behind."""
import datetime
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from hook import Hook
from redis_test import Redis
from harness import Proxy, Simulator, eventually

START = datetime.datetime(2026, 11, 10, 12, 10, 0, tzinfo=datetime.timezone.utc)  # a Tuesday
SECRETS = {"HOOK_SECRET": "hook-secret-0123456789", "MAIL_PASSWORD": "pass+word"}


def clock(**later):
    return ["--clock", (START + datetime.timedelta(**later)).strftime("%Y-%m-%dT%H:%M:%SZ")]


def receivers(*tables):
    """Inline tables, as the harness writes one line a setting."""
    def value(v):
        if isinstance(v, list):
            return "[" + ", ".join(value(each) for each in v) + "]"
        return ("true" if v else "false") if isinstance(v, bool) else json.dumps(v)
    rows = ["{" + ", ".join(f"{k} = {value(v)}" for k, v in table.items()) + "}" for table in tables]
    return "receiver = [" + ", ".join(rows) + "]"


class World:
    """A simulator and a proxy that is started again and again on the same directory."""

    def __init__(self, directory, *tables, settings=None):
        self.directory = os.path.join(directory, "data")
        self.settings = {"alerts": [receivers(*tables), "retry_max_s = 1"], **(settings or {})}
        self.simulator = Simulator()
        self.proxy = None
        self.everything = ""  # that any of the proxies said

    def start(self, options=()):
        self.proxy = Proxy(self.directory, f"http://127.0.0.1:{self.simulator.port}", self.settings,
                           options, SECRETS)
        return self.proxy

    def knows_of(self, receiver, count):
        """Waits until so many deliveries are written down: killed before, it tells the last one again, under its id."""
        rows = lambda: self.proxy.admin("GET", "/v1/alerts/receivers")["data"]
        eventually(lambda: {row["name"]: row["delivered"] for row in rows()}[receiver] == count, "the delivery is known")

    def end(self, kill=False):
        if self.proxy:
            code = self.proxy.kill() if kill else self.proxy.stop()
            self.everything += self.proxy.text()
            assert kill or code == 0, self.proxy.text()[-3000:]
        self.proxy = None

    def close(self):
        try:
            self.end()
        finally:
            self.simulator.kill()

    def over_budget(self, name="spender"):
        """A key whose first request costs more than its daily budget: the cause of an alert."""
        key = self.proxy.create_key(name, daily_budget=0.000001)
        status, _, body = self.proxy.chat(key["key"], max_tokens=50)
        assert status == 200, body
        return key

    def alerts(self, state="all"):
        return self.proxy.admin("GET", f"/v1/alerts?state={state}")["alerts"]


class SharedWorld:
    """A simulator, a webhook, a Redis, and proxies that share it, each on a directory of its own."""

    def __init__(self, directory, settings=None):
        self.directory = directory
        self.redis, self.hook, self.simulator = Redis(directory), Hook(), Simulator()
        hook = receivers({"name": "hook", "kind": "webhook", "url": self.hook.url})
        self.settings = {"store": [f'url = "{self.redis.url}"'], "alerts": [hook, "retry_max_s = 1"],
                         **(settings or {})}
        self.nodes = []

    def __enter__(self):
        return self

    def start(self, **later):
        self.nodes.append(Proxy(os.path.join(self.directory, f"node{len(self.nodes)}"),
                                f"http://127.0.0.1:{self.simulator.port}", self.settings, clock(**later)))
        return self.nodes[-1]

    def __exit__(self, *_):
        for node in self.nodes:
            node.kill()
        self.simulator.kill()
        self.redis.kill()
        self.hook.close()
