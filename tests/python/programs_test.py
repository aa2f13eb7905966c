#!/usr/bin/python3
"""Programs like an owner's, on a real proxy with traffic in it: monitoring, charts, costs, health,
rotation. Their figures are compared with the simulator's bill."""
import datetime
import os
import subprocess
import sys
import tempfile
import unittest

import matplotlib
matplotlib.use("Agg")
import matplotlib.image  # noqa: E402
import matplotlib.pyplot as plt  # noqa: E402
import pandas  # noqa: E402
import schedule  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.environ.get("SOURCE_DIR") or os.path.join(HERE, "..", "..")
CLIENT = os.path.join(SOURCE, "deploy", "python")
sys.path[:0] = [os.path.join(CLIENT, "src"), os.path.join(SOURCE, "tests", "e2e")]
import deepseek  # noqa: E402
from harness import ADMIN_KEY, eventually, stack  # noqa: E402


class Programs(unittest.TestCase):
    def setUp(self):
        standing = stack(("--prices", "table"))
        self.simulator, self.proxy = standing.__enter__()
        self.addCleanup(standing.__exit__, None, None, None)
        self.client = self.connect(ADMIN_KEY)

    def connect(self, key):
        client = deepseek.DeepSeekClient(key, base_url=f"http://127.0.0.1:{self.proxy.port}/v1",
                                         admin_url=f"http://127.0.0.1:{self.proxy.admin_port}")
        self.addCleanup(client.close)
        return client

    def used_key(self, requests=6, **fields):
        key = self.client.keys.create(name="production-app", **fields)
        for _ in range(requests):
            assert self.proxy.chat(key.key, max_tokens=30)[0] == 200
        eventually(lambda: self.client.keys.get_usage(key.id).requests == requests, "usage is known")
        return key

    def test_a_keys_validity_is_told_apart(self):
        key = self.client.keys.create(name="app", permissions=["chat"])
        self.assertIn("deepseek-flash", [model.id for model in self.connect(key.key).models.list()])
        self.assertTrue(self.client.models.list())
        with self.assertRaisesRegex(deepseek.AuthenticationError, "(?i)invalid"):
            self.connect("your-api-key").models.list()
        self.client.keys.update(key.id, expires_at=datetime.datetime.now() - datetime.timedelta(hours=1))
        with self.assertRaises(deepseek.AuthenticationError) as caught:
            self.connect(key.key).models.list()
        self.assertIn("expired", str(caught.exception))
        self.assertNotIn("invalid", str(caught.exception).lower())

    def test_settings_are_changed_by_part(self):
        key = self.client.keys.create(name="app", permissions=["chat"],
                                      rate_limits={"requests_per_minute": 1000})
        self.client.keys.update_limits(key_id=key.id, limits={"tokens_per_minute": 150000,
                                                              "monthly_spending_limit": 750})
        self.client.keys.update_security(key_id=key.id, allowed_ips=["203.0.113.0/24", "192.0.2.1"])
        now = self.client.keys.get(key.id)
        self.assertEqual(now.rate_limits.requests_per_minute, 1000)
        self.assertEqual(now.rate_limits.monthly_spending_limit, 750)
        self.assertEqual(now.allowed_ips, ["203.0.113.0/24", "192.0.2.1"])
        self.assertEqual(set(["chat", "code"]) - set(now.permissions), {"code"})
        self.assertEqual(self.proxy.chat(key.key)[0], 403)
        self.client.keys.update_security(key.id, allowed_ips=[])
        self.assertEqual(self.proxy.chat(key.key)[0], 200)

    def test_a_monitor_sees_what_the_upstream_billed(self):
        key = self.used_key(rate_limits={"requests_per_minute": 6})
        quiet = self.client.keys.get_usage(key_id=key.id, period="24h")
        self.assertEqual(quiet.cost_nano_usd, self.simulator.bill()["total_nano"])
        self.assertFalse(quiet.requests > quiet.average_requests * 2)
        self.assertFalse(quiet.cost > quiet.daily_budget)
        self.client.keys.update(key.id, daily_budget=quiet.cost / 2)
        self.assertTrue(quiet.cost > self.client.keys.get_usage(key.id).daily_budget)
        self.assertEqual(self.proxy.chat(key.key)[0], 429)
        self.client.keys.update_security(key.id, allowed_ips=["203.0.113.1"])
        for _ in range(25):
            self.assertEqual(self.proxy.chat(key.key)[0], 403)

        def types():
            events = self.client.keys.get_security_events(key_id=key.id, since="24h")
            return {event.type for event in events}
        eventually(lambda: {"rate_limit_exceeded", "unauthorized_access", "suspicious_pattern"}
                   <= types(), "all three kinds are told")
        eventually(lambda: self.client.keys.get_usage(key.id).requests == 32, "all are counted")
        self.assertAlmostEqual(self.client.keys.get_usage(key.id).error_rate, 25 / 32)

    def test_charts_show_the_ledger(self):
        key = self.used_key()
        now = datetime.datetime.now()
        rows = self.client.keys.get_detailed_usage(key_id=key.id, end_date=now, granularity="daily",
                                                   start_date=now - datetime.timedelta(days=30))
        frame = pandas.DataFrame(rows)
        self.assertEqual(len(frame), 31)
        self.assertEqual(frame["requests"].sum(), 6)
        self.assertEqual(frame["cost_nano_usd"].sum(), self.simulator.bill()["total_nano"])
        self.assertGreater(frame["cost"].sum() / frame["tokens"].sum(), 0)
        figure, axes = plt.subplots(2, 2, figsize=(9, 6))
        for axis, column in zip(axes.flat, ("requests", "tokens", "cost", "error_rate")):
            axis.plot(frame["date"], frame[column])
            axis.set_title(column)
        with tempfile.TemporaryDirectory() as directory:
            file = os.path.join(directory, "usage.png")
            plt.savefig(file)
            picture = matplotlib.image.imread(file)
        plt.close(figure)
        dark = (picture[..., :3].min(axis=2) < 0.9)
        height, width = dark.shape
        for half in (dark[:height // 2], dark[height // 2:], dark[:, :width // 2], dark[:, width // 2:]):
            self.assertGreater(half.sum(), 500, "a chart is blank")

    def test_costs_by_model_and_peaks(self):
        key = self.used_key(4)
        assert self.proxy.chat(key.key, model="deepseek-v4-pro", max_tokens=30)[0] == 200
        eventually(lambda: self.client.keys.get_usage(key.id).requests == 5, "usage is known")
        models = self.client.keys.get_model_usage(key_id=key.id)
        self.assertEqual({row["model"]: row["requests"] for row in models},
                         {"deepseek-flash": 4, "deepseek-v4-pro": 1})
        self.assertEqual(sum(row["cost_nano_usd"] for row in models),
                         self.simulator.bill()["total_nano"])
        self.assertTrue(all(row["average_tokens_per_request"] > 0 for row in models))
        patterns = self.client.keys.get_usage_patterns(key_id=key.id)
        self.assertTrue(3 <= patterns["peak_requests_per_minute"] <= 5, patterns)
        self.assertGreater(patterns["peak_tokens_per_minute"] * 1.2, 0)

    def test_health_is_what_it_is(self):
        key = self.used_key(5, rate_limits={"requests_per_minute": 5})
        limits = self.client.keys.get_rate_limits(key.id)
        usage = self.client.keys.get_current_usage(key.id)
        self.assertEqual((usage.requests, limits.requests_per_minute), (5, 5))
        self.assertEqual(usage.tokens / limits.tokens_per_minute, 0)  # unlimited
        self.assertEqual(len(self.client.keys.get_recent_errors(key.id, hours=1)), 0)
        self.assertEqual(self.proxy.chat(key.key)[0], 429)
        errors = eventually(lambda: self.client.keys.get_recent_errors(key.id, hours=1), "it is told")
        self.assertEqual((errors[0].status, errors[0].code), (429, "rate_limit_exceeded"))
        for _ in range(4):
            self.assertEqual(self.proxy.chat(key.key)[0], 429)
        eventually(lambda: len(self.client.keys.get_recent_errors(key.id)) == 5, "each is told")

    def test_a_rotator_keeps_a_service_running(self):
        old = self.used_key(1, permissions=["chat"], rate_limits={"requests_per_minute": 50})
        kept = self.client.keys.get(old.id)
        new = self.client.keys.create(name=f"{kept.name}-rotated", permissions=kept.permissions,
                                      rate_limits=kept.rate_limits)
        self.assertEqual(self.client.keys.get(new.id).rate_limits, kept.rate_limits)
        schedule.every(7).days.do(self.client.keys.deactivate, old.id).tag("later")
        self.assertEqual([self.proxy.chat(k.key)[0] for k in (old, new)], [200, 200])
        schedule.run_all()
        schedule.clear("later")
        self.assertEqual([self.proxy.chat(k.key)[0] for k in (old, new)], [401, 200])
        rotated = self.client.keys.rotate(new.id, grace_days=0)
        self.assertEqual([self.proxy.chat(k)[0] for k in (new.key, rotated.key)], [401, 200])
        self.assertEqual(rotated.id, new.id)
        self.client.keys.activate(old.id)
        self.assertEqual(self.proxy.chat(old.key)[0], 200)
        self.client.keys.delete(old.id)
        self.assertNotIn(old.id, [key.id for key in self.client.keys.list()])


class Package(unittest.TestCase):
    def test_it_installs_from_its_folder_without_a_network(self):
        with tempfile.TemporaryDirectory() as target, tempfile.TemporaryDirectory() as copy:
            subprocess.run(["cp", "-r", CLIENT, copy], check=True)
            subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps",
                            "--no-build-isolation", "--target", target,
                            os.path.join(copy, "python")], check=True, capture_output=True)
            done = subprocess.run([sys.executable, "-c", "import deepseek; print(deepseek.__file__)"],
                                  env={**os.environ, "PYTHONPATH": target}, capture_output=True,
                                  text=True, check=True)
            self.assertTrue(done.stdout.startswith(target), done.stdout)
            self.assertTrue(os.path.exists(os.path.join(target, "deepseek", "py.typed")))

    def test_it_is_a_debian_package(self):
        with tempfile.TemporaryDirectory() as place:
            built = subprocess.run([os.path.join(CLIENT, "build-deb"), place], capture_output=True, text=True,
                                   check=True).stdout.strip()
            subprocess.run(["dpkg-deb", "-x", built, place], check=True)
            modules = os.path.join(place, "usr", "lib", "python3", "dist-packages")
            done = subprocess.run([sys.executable, "-c", "import deepseek; print(deepseek.__file__)"],
                                  env={**os.environ, "PYTHONPATH": modules}, capture_output=True, text=True, check=True)
            self.assertTrue(done.stdout.startswith(modules), done.stdout)
            fields = subprocess.run(["dpkg-deb", "-f", built, "Depends", "Version"], capture_output=True, text=True,
                                    check=True).stdout
            self.assertIn("python3-httpx", fields)
            self.assertRegex(fields, r"Version: \d+\.\d+\.\d+\n")


if __name__ == "__main__":
    unittest.main()
