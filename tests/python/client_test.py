#!/usr/bin/python3
"""The client against a server that records: what is sent, how answers read, when it is tried again."""
import asyncio
import contextlib
import datetime
import os
import socket
import sys
import tempfile
import unittest

SOURCE = os.environ.get("SOURCE_DIR") or os.path.join(os.path.dirname(__file__), "..", "..")
sys.path.insert(0, os.path.join(SOURCE, "deploy", "python", "src"))
import deepseek  # noqa: E402
from recording import RecordingServer, refusal  # noqa: E402

RECORD = {"id": "key_abc", "name": "app", "permissions": ["chat"], "daily_budget": None,
          "rate_limits": {"requests_per_minute": 60, "tokens_per_minute": None}, "parent": None}
INFINITE = float("inf")


class Case(unittest.TestCase):
    def serve(self, *answers, **options):
        server = RecordingServer(*answers)
        self.addCleanup(server.close)
        self.waits = []
        client = deepseek.DeepSeekClient("admin-key", base_url=server.url + "/v1",
                                         admin_url=server.url, sleep=self.waits.append, **options)
        self.addCleanup(client.close)
        return server, client


class Answers(Case):
    def test_attributes_items_and_unpacking_are_the_same(self):
        server, client = self.serve((200, {}, RECORD))
        key = client.keys.get("key_abc")
        self.assertEqual((key.name, key["name"], dict(**key)["name"]), ("app", "app", "app"))
        self.assertEqual(key.rate_limits.requests_per_minute, 60)
        with self.assertRaisesRegex(AttributeError, "nonsense.*permissions"):
            key.nonsense
        method, target, headers, _ = server.requests[0]
        self.assertEqual((method, target), ("GET", "/v1/keys/key_abc"))
        self.assertEqual(headers["Authorization"], "Bearer admin-key")

    def test_an_absent_limit_is_infinite_and_goes_back_as_null(self):
        server, client = self.serve((200, {}, RECORD))
        key = client.keys.get("key_abc")
        self.assertEqual(key.rate_limits.tokens_per_minute, INFINITE)
        self.assertEqual(key.daily_budget, INFINITE)
        self.assertIsNone(key.parent)
        client.keys.create(name="app-rotated", permissions=key.permissions, rate_limits=key.rate_limits)
        self.assertEqual(server.requests[-1][3],
                         {"name": "app-rotated", "permissions": ["chat"],
                          "rate_limits": {"requests_per_minute": 60, "tokens_per_minute": None}})

    def test_lists_go_into_a_data_frame(self):
        import pandas
        row = {"date": "2026-11-22", "requests": 3, "tokens": 5, "cost": 0.5, "error_rate": 0}
        server, client = self.serve((200, {}, {"series": [row, {**row, "date": "2026-11-23"}]}))
        zone = datetime.timezone(datetime.timedelta(hours=2))
        usage = client.keys.get_detailed_usage("key_abc", datetime.datetime(2026, 11, 1, 1, tzinfo=zone),
                                               datetime.date(2026, 11, 23), "daily")
        frame = pandas.DataFrame(usage)
        self.assertEqual(frame["requests"].sum(), 6)
        self.assertEqual(frame["date"][1], datetime.date(2026, 11, 23))
        self.assertEqual(server.requests[0][1],
                         "/v1/keys/key_abc/usage/series?start=2026-10-31T23%3A00%3A00.000Z"
                         "&end=2026-11-23&granularity=daily")

    def test_a_time_without_a_zone_is_local(self):
        server, client = self.serve((200, {}, {"series": []}))
        local = datetime.datetime(2026, 11, 1, 12)
        client.keys.get_detailed_usage("key_abc", start_date=local)
        utc = local.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H%%3A%M")
        self.assertIn(utc, server.requests[0][1])

    def test_all_pages_are_one_list(self):
        server, client = self.serve((200, {}, {"data": [RECORD], "has_more": True}),
                                    (200, {}, {"data": [{**RECORD, "id": "key_z"}], "has_more": False}))
        self.assertEqual([key.id for key in client.keys.list()], ["key_abc", "key_z"])
        self.assertIn("after=key_abc", server.requests[1][1])

    def test_a_refusal_that_came_often_is_as_many_errors(self):
        row = {"time": "t", "status": 403, "code": "ip_not_allowed", "count": 3}
        server, client = self.serve((200, {}, {"data": [row, {**row, "count": 1}]}))
        errors = client.keys.get_recent_errors("key_abc")
        self.assertEqual([each.count for each in errors], [1, 1, 1, 1])
        self.assertEqual(len(client.keys.get_recent_errors("key_abc", limit=2)), 2)

    def test_limits_are_plain_numbers(self):
        meter = {"limit": 60, "used": 3, "remaining": 57}
        none = {"limit": None, "used": 0, "remaining": None}
        _, client = self.serve((200, {}, {"key_id": "key_abc", "requests_per_minute": meter,
                                          "tokens_per_minute": none, "bound": "words"}))
        limits = client.keys.get_rate_limits("key_abc")
        self.assertEqual((limits.requests_per_minute, limits.remaining.requests_per_minute), (60, 57))
        self.assertEqual(5 / limits.tokens_per_minute, 0)


class Failures(Case):
    def test_statuses_have_their_exceptions(self):
        for status, kind in ((400, deepseek.BadRequestError), (401, deepseek.AuthenticationError),
                             (403, deepseek.PermissionDeniedError), (404, deepseek.NotFoundError),
                             (412, deepseek.ConflictError), (500, deepseek.InternalServerError)):
            server, client = self.serve(refusal(status, "code", "the words", x_request_id="r1"))
            with self.assertRaises(kind) as caught:
                client.keys.get("key_abc")
            self.assertEqual(str(caught.exception), "the words")
            self.assertEqual((caught.exception.code, caught.exception.request_id), ("code", "r1"))
            self.assertEqual(len(server.requests), 1)

    def test_what_may_pass_is_tried_again_as_told(self):
        server, client = self.serve(refusal(503, "x", "later", retry_after="3"),
                                    refusal(429, "x", "later", retry_after_ms="1500"),
                                    (200, {}, RECORD))
        self.assertEqual(client.keys.get("key_abc").name, "app")
        self.assertEqual(self.waits, [3.0, 1.5])

    def test_it_gives_up_in_the_end(self):
        server, client = self.serve(refusal(429, "x", "later", retry_after="7"), max_retries=1)
        with self.assertRaises(deepseek.RateLimitError) as caught:
            client.keys.list()
        self.assertEqual(caught.exception.retry_after, 7)
        self.assertEqual(len(server.requests), 2)

    def test_the_server_can_forbid_another_try(self):
        server, client = self.serve(refusal(429, "x", "no money", x_should_retry="false"))
        with self.assertRaises(deepseek.RateLimitError):
            client.keys.list()
        self.assertEqual(len(server.requests), 1)

    def test_a_key_is_never_made_twice(self):
        server, client = self.serve(refusal(502, "x", "perhaps done"), (201, {}, RECORD), (201, {}, RECORD))
        client.keys.create(name="app")
        client.keys.create(name="app")
        first, again, other = [r[2]["Idempotency-Key"] for r in server.requests]
        self.assertEqual(first, again)
        self.assertNotEqual(first, other)

    def test_no_proxy_is_said_plainly(self):
        with socket.create_server(("127.0.0.1", 0)) as probe:
            url = f"http://127.0.0.1:{probe.getsockname()[1]}"
        client = deepseek.DeepSeekClient("k", admin_url=url, sleep=lambda _: None)
        with self.assertRaisesRegex(deepseek.APIConnectionError, "is it running"):
            client.keys.list()

    def test_an_answer_that_never_comes_is_a_timeout(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"http://127.0.0.1:{silent.getsockname()[1]}"
            client = deepseek.DeepSeekClient("k", admin_url=url, timeout=0.05, max_retries=0)
            with self.assertRaises(deepseek.APITimeoutError):
                client.keys.list()

    def test_a_key_id_is_a_text(self):
        _, client = self.serve((200, {}, RECORD))
        with self.assertRaisesRegex(ValueError, "keys.list"):
            client.keys.get("")


class Finding(Case):
    def test_sub_keys_ask_the_data_plane_and_others_the_admin_plane(self):
        models = (200, {}, {"object": "list", "data": [{"id": "deepseek-flash"}]})
        server, client = self.serve(models)
        self.assertEqual(client.models.list()[0].id, "deepseek-flash")
        sub = deepseek.DeepSeekClient("sk-ds-abc", base_url=server.url + "/data/v1",
                                      admin_url=server.url)
        self.assertEqual(sub.models.list().data[0].id, "deepseek-flash")
        sub.keys.create(name="theirs")
        self.assertEqual([r[1] for r in server.requests], ["/v1/models", "/data/v1/models", "/data/v1/keys"])

    def test_a_wrong_key_is_told_by_the_data_plane(self):
        server, client = self.serve(refusal(401, "x", "invalid admin key"),
                                    refusal(401, "x", "The API key is invalid"))
        with self.assertRaisesRegex(deepseek.AuthenticationError, "API key is invalid"):
            client.models.list()

    def test_key_and_address_are_found_on_this_machine(self):
        server, _ = self.serve((200, {}, RECORD))
        with tempfile.TemporaryDirectory() as state, changed_environment(XDG_STATE_HOME=state):
            with self.assertRaisesRegex(ValueError, "DEEPSEEK_ADMIN_KEY"):
                deepseek.DeepSeekClient()
            os.makedirs(os.path.join(state, "deepseek-proxy"))
            for name, text in (("admin.key", "from-file\n"), ("admin.url", server.url + "\n")):
                with open(os.path.join(state, "deepseek-proxy", name), "w", encoding="utf-8") as file:
                    file.write(text)
            deepseek.DeepSeekClient().keys.get("key_abc")
        self.assertEqual(server.requests[-1][2]["Authorization"], "Bearer from-file")


class Alerting(Case):
    def test_alerts_receivers_and_rules(self):
        alert = {"id": "alert_1", "rule": "budget_80", "severity": "warning", "key_id": "key_abc"}
        rules = {"volume_factor": 5, "error_share": None, "muted": ["new_network"]}
        server, client = self.serve((200, {}, {"open": 1, "alerts": [alert]}), (200, {}, {"data": [{"name": "ops"}]}),
                                    (202, {}, {"delivery_id": "test_1"}), (200, {}, rules), (200, {}, rules))
        self.assertEqual([each.rule for each in client.alerts.list(state="open")], ["budget_80"])
        self.assertEqual(client.alerts.receivers()[0].name, "ops")
        self.assertEqual(client.alerts.test("ops").delivery_id, "test_1")
        self.assertIsNone(client.keys.get_alert_rules("key_abc").error_share)
        self.assertEqual(client.keys.set_alert_rules("key_abc", muted={"new_network"}, volume_factor=5).volume_factor, 5)
        self.assertEqual([(method, target, body) for method, target, _, body in server.requests], [
            ("GET", "/v1/alerts?state=open&limit=100", None), ("GET", "/v1/alerts/receivers", None),
            ("POST", "/v1/alerts/test", {"receiver": "ops"}), ("GET", "/v1/keys/key_abc/alert-rules", None),
            ("PUT", "/v1/keys/key_abc/alert-rules", {"muted": ["new_network"], "volume_factor": 5})])


class Asynchronous(Case):
    def test_every_call_can_be_awaited(self):
        server, _ = self.serve(refusal(503, "x", "later"), (200, {}, RECORD))
        waits = []

        async def sleep(seconds):
            waits.append(seconds)

        async def go():
            async with deepseek.AsyncDeepSeekClient("k", admin_url=server.url, sleep=sleep) as client:
                return await client.keys.get("key_abc")
        self.assertEqual(asyncio.run(go()).name, "app")
        self.assertEqual(len(waits), 1)


@contextlib.contextmanager
def changed_environment(**values):
    names = [n for n in os.environ if n.startswith("DEEPSEEK_")]
    before = {n: os.environ.get(n) for n in [*names, *values]}
    for name in names:
        del os.environ[name]
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


if __name__ == "__main__":
    unittest.main()
