#!/usr/bin/env python3
"""Alerts from their cause to the receiver: each is told once, in order, whatever dies in between."""
import datetime
import hashlib
import hmac
import json
import os
import time

from alerts_world import SECRETS, START, World, clock, receivers
from hook import Hook
from mail_server import MailServer
from recorder import ANSWER, Recorder
from harness import Proxy, eventually, free_port, run, workspace

def an_alert_reaches_every_kind_of_receiver():
    """Webhook (signed), Slack, mail by STARTTLS and by TLS, and a command have it, without a secret"""
    with workspace() as directory:
        hook, slack = Hook(), Hook()
        mail, tls_mail = MailServer(directory), MailServer(directory, tls_first=True, mechanisms="LOGIN")
        into = os.path.join(directory, "command.out")
        by_mail = {"kind": "email", "user": "watch", "secret": "env:MAIL_PASSWORD",
                   "from": "Proxy <proxy@example.com>", "ca_file": mail.certificate}
        world = World(
            directory,
            {"name": "hook", "kind": "webhook", "url": hook.url, "secret": "env:HOOK_SECRET"},
            {"name": "slack", "kind": "slack", "url": "env:SLACK_URL"},
            {"name": "mail", "url": f"smtp://localhost:{mail.port}", "to": ["Ops <ops@example.com>", "b@example.com"],
             **by_mail},
            {"name": "tls-mail", "url": f"smtps://localhost:{tls_mail.port}", "to": ["ops@example.com"],
             **by_mail, "ca_file": tls_mail.certificate},
            {"name": "command", "kind": "command", "command": f"cat >> {into}"})
        SECRETS["SLACK_URL"] = slack.url
        try:
            world.start(clock())
            began = time.monotonic()
            key = world.over_budget("spender & <co>")
            eventually(lambda: hook.calls, "the webhook is called")
            print(f"     from the cause to the webhook: {time.monotonic() - began:.1f} s", end="")
            eventually(lambda: mail.mails and tls_mail.mails and slack.calls and os.path.exists(into)
                       and open(into).read().endswith("\n"), "all of them have it")
            print(f", to all five: {time.monotonic() - began:.1f} s")

            headers, body = hook.calls[0]
            signed = f"{headers['x-deepseek-timestamp']}.".encode() + body
            want = hmac.new(SECRETS["HOOK_SECRET"].encode(), signed, hashlib.sha256).hexdigest()
            assert headers["x-deepseek-signature"] == "v1=" + want
            event = json.loads(body)
            assert headers["x-deepseek-delivery"] == event["id"], event
            alert = event["alert"]
            assert (event["type"], alert["rule"], alert["key_id"]) == (
                "alert.fired", "daily_budget_exceeded", key["id"]), event
            assert "daily budget" in alert["message"] and "$" in alert["message"], alert

            assert "&lt;co&gt;" in json.loads(slack.calls[0][1])["text"]
            sender, to, message, secured = mail.mails[0]
            assert (sender, to, secured) == ("proxy@example.com", ["ops@example.com", "b@example.com"], True)
            assert "daily budget exceeded: spender & <co>" in message["subject"], message["subject"]
            assert message["date"].datetime.date() == START.date()
            assert message["message-id"] == f"<{event['id']}@example.com>"
            assert alert["message"] in message.get_content()
            assert "AUTH (plain)" not in mail.commands, "the password goes by TLS only"
            assert tls_mail.mails[0][3] and tls_mail.mails[0][1] == ["ops@example.com"]
            assert json.loads(open(into).read()) == event

            told = b"".join(body for _, body in hook.calls + slack.calls).decode() + open(into).read()
            for secret in [key["key"], *SECRETS.values()]:
                assert secret not in told and secret not in world.proxy.text()
            rows = lambda: world.proxy.admin("GET", "/v1/alerts/receivers")["data"]
            eventually(lambda: [row["delivered"] for row in rows()] == [1] * 5, "each once")
            assert world.proxy.metric("alert_deliveries_total") == 5
        finally:
            world.close()
            for each in (hook, slack, mail, tls_mail):
                each.close()


def a_receiver_is_away_for_a_day():
    """Down for a simulated day, with a kill -9 and restarts in between: each once, in order"""
    with workspace() as directory:
        port = free_port()
        away = {"name": "away", "kind": "webhook", "url": f"http://127.0.0.1:{port}/hook"}
        other = Hook()
        world = World(directory, away, {"name": "there", "kind": "webhook", "url": other.url})
        try:
            world.start(clock())
            for i in range(5):
                world.over_budget(f"morning-{i}")
                eventually(lambda: len(other.rules()) == i + 1, "the other receiver has it")
            world.knows_of("there", 5)
            world.end(kill=True)
            world.start(clock(hours=10))
            for i in range(3):
                world.over_budget(f"evening-{i}")
                eventually(lambda: len(other.rules()) == 6 + i, "the other receiver has it")
            world.end()
            world.start(clock(hours=24))
            eventually(lambda: other.rules("alert.resolved").count("daily_budget_exceeded") == 8,
                       "yesterday's budgets are over")
            hook = Hook(port)
            expected = [call[0]["x-deepseek-delivery"] for call in other.calls]
            assert len(set(expected)) == len(expected) == 16, expected
            try:
                eventually(lambda: len(hook.calls) >= 16, "it gets what it missed")
                world.over_budget("next-day")
                eventually(lambda: len(hook.calls) >= 17 and len(other.calls) >= 17, "and what is new")
                got = [call[0]["x-deepseek-delivery"] for call in hook.calls]
                assert got == [call[0]["x-deepseek-delivery"] for call in other.calls], got
            finally:
                hook.close()
        finally:
            world.close()
            other.close()


def a_kill_in_mid_delivery_loses_nothing():
    """kill -9 while the receiver says no: delivered after the restart under the same id, told once"""
    with workspace() as directory:
        hook = Hook()
        hook.status = 503
        world = World(directory, {"name": "hook", "kind": "webhook", "url": hook.url})
        try:
            world.start(clock())
            world.over_budget()
            eventually(lambda: hook.calls, "an attempt")
            world.end(kill=True)
            hook.status = 200
            before = len(hook.calls)
            world.start(clock(minutes=5))
            eventually(lambda: len(hook.calls) > before, "delivered after the restart")
            assert len({call[0]["x-deepseek-delivery"] for call in hook.calls}) == 1, "one id"
            assert len({call[1] for call in hook.calls}) == 1, "the same bytes"
            world.over_budget("another")
            eventually(lambda: len(hook.calls) == before + 2, "the next one, and nothing else")
            assert len(world.alerts()) == 2
        finally:
            world.close()
            hook.close()


def what_is_wrong_is_seen_everywhere():
    """Budget, refused account and a burst of refusals: by REST, events, CLI; over when it is over"""
    with workspace() as directory:
        hook = Hook()
        world = World(directory, {"name": "hook", "kind": "webhook", "url": hook.url, "severity_min": "warning"},
                      settings={"insight": ["refused_burst = 20"]})
        try:
            proxy = world.start(clock())
            key = world.over_budget()
            eventually(lambda: world.alerts("open"), "it stands")
            events = proxy.admin("GET", f"/v1/keys/{key['id']}/events")["events"]
            assert ("anomaly", "daily_budget_exceeded") in [(e["type"], e["code"]) for e in events], events
            assert "daily_budget_exceeded" in proxy.command("events").stdout
            shown = proxy.command("alerts", "--open").stdout
            assert "daily_budget_exceeded" in shown and "spender" in shown, shown
            proxy.admin("PATCH", f"/v1/keys/{key['id']}", {"daily_budget": 100})
            proxy.chat(key["key"], max_tokens=5)
            over = eventually(lambda: world.alerts("ended"), "a larger budget ends it")[0]
            assert over["resolved_at"] and "$100.00" in over["resolution"], over

            narrow = proxy.create_key("narrow", type="restricted", permissions=["chat"], models=["deepseek-flash"])
            for _ in range(25):
                assert proxy.chat(narrow["key"], model="deepseek-v4-pro")[0] == 403
            eventually(lambda: "refused_burst" in hook.rules(), "a burst of refusals is told")
            assert proxy.metric("alerts_open") >= 1
            shown = proxy.command("alerts", "rules", "spender", "--set", "volume_factor=5",
                                  "--mute", "daily_budget_exceeded").stdout
            assert "daily_budget_exceeded" in shown and "5" in shown, shown
            assert proxy.admin("GET", f"/v1/keys/{key['id']}/alert-rules")["volume_factor"] == 5
            row = proxy.admin("GET", "/v1/audit?limit=1")["data"][0]
            assert (row["action"], row["subject"]) == ("key.alert_rules", key["id"]), row
            assert row["detail"]["volume_factor"] == {"from": None, "to": 5}, row
            assert row["detail"]["muted"] == {"from": [], "to": ["daily_budget_exceeded"]}, row
            proxy.admin("PUT", f"/v1/keys/{key['id']}/alert-rules", {"volume_factor": 0}, expect=(400,))
            muted = proxy.create_key("muted", daily_budget=0.000001)
            proxy.admin("PUT", f"/v1/keys/{muted['id']}/alert-rules", {"muted": ["daily_budget_exceeded"]})
            proxy.chat(muted["key"], max_tokens=50)
            loud = world.over_budget("loud")
            eventually(lambda: loud["id"] in [a["key_id"] for a in world.alerts("open")], "the loud one stands")
            eventually(lambda: proxy.usage(muted["id"])["cost"] > 0, "the muted one was booked")
            assert muted["id"] not in [a["key_id"] for a in world.alerts()]
        finally:
            world.close()
            hook.close()


def the_upstream_refuses_the_account():
    """402 and 401 of DeepSeek are the owner's trouble: a critical alert"""
    with workspace() as directory:
        hook = Hook()
        world = World(directory, {"name": "hook", "kind": "webhook", "url": hook.url, "severity_min": "critical"})
        world.settings["upstream"] = ['key = "env:WRONG_KEY"']
        SECRETS["WRONG_KEY"] = "sk-not-the-one"
        try:
            proxy = world.start(clock())
            key = proxy.create_key()
            assert proxy.chat(key["key"])[0] == 502
            eventually(lambda: "upstream_refused" in hook.rules(), "the owner is told")
            assert hook.events()[0]["alert"]["key_id"] is None
            assert "sk-not-the-one" not in hook.calls[0][1].decode()
        finally:
            world.close()
            hook.close()


def a_request_costs_more_than_its_bound():
    """The upstream bills more than was held: told as critical, and the key is blocked"""
    dear = json.loads(ANSWER)
    dear["usage"] |= {"completion_tokens": 9_000_000, "total_tokens": 9_000_005}
    body = json.dumps(dear).encode()
    upstream = Recorder(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
                        + body)
    with workspace() as directory:
        hook = Hook()
        table = receivers({"name": "hook", "kind": "webhook", "url": hook.url, "severity_min": "critical"})
        proxy = Proxy(os.path.join(directory, "data"), f"http://127.0.0.1:{upstream.port}", {"alerts": [table]}, clock())
        try:
            key = proxy.create_key(rate_limits={"monthly_spending_limit": 100})
            assert proxy.chat(key["key"], max_tokens=10)[0] == 200
            eventually(lambda: "cost_overrun" in hook.rules(), "the owner is told")
            alert = hook.events()[0]["alert"]
            assert alert["key_id"] == key["id"] and "price table" in alert["message"], alert
            assert proxy.chat(key["key"], max_tokens=10)[0] >= 400 and len(upstream.requests) == 1
        finally:
            proxy.stop()
            hook.close()


def routes_hours_and_tests():
    """By severity, key and hour; `deepseek alerts test` tells whether it works"""
    with workspace() as directory:
        quiet, narrow, dead = Hook(), Hook(), free_port()
        world = World(directory,
                      {"name": "quiet", "kind": "webhook", "url": quiet.url, "quiet_hours": "12:00-13:00",
                       "quiet_passes": "critical"},
                      {"name": "narrow", "kind": "webhook", "url": narrow.url, "keys": ["mine"]},
                      {"name": "dead", "kind": "webhook", "url": f"http://127.0.0.1:{dead}/"})
        try:
            proxy = world.start(clock())
            assert "delivered" in proxy.command("alerts", "test", "narrow").stdout
            failed = proxy.command("alerts", "test", "dead", check=False)
            assert failed.returncode == 1 and "dead: failed" in failed.stdout, failed
            assert proxy.command("alerts", "test", "nobody", check=False).returncode == 1
            world.over_budget("other")
            world.over_budget("mine")
            eventually(lambda: narrow.rules(), "the narrow one hears of its key")
            eventually(lambda: len(world.alerts()) == 2, "both stand")
            assert [e["alert"]["key_name"] for e in narrow.events() if e["alert"]] == ["mine"]
            assert quiet.rules() == [], "it is quiet for warnings"
            world.end()
            world.start(clock(minutes=51))
            eventually(lambda: len(quiet.rules()) == 2, "after the quiet hours it gets both")
        finally:
            world.close()
            for each in (quiet, narrow):
                each.close()


def a_settled_key_comes_from_elsewhere():
    """A new network is told once, after days of the known one, and not again after a restart"""
    with workspace() as directory:
        hook = Hook()
        world = World(directory, {"name": "hook", "kind": "webhook", "url": hook.url},
                      settings={"server": ['trusted_proxies = ["127.0.0.1"]']})
        try:
            proxy = world.start(clock())
            key = proxy.create_key("app")
            ask = lambda ip: proxy.chat(key["key"], {"X-Forwarded-For": ip}, max_tokens=5)
            ask("203.0.113.5")
            ask("203.0.113.77")
            eventually(lambda: proxy.metric("insight_keys_watched") == 1, "it is watched")
            world.end()
            proxy = world.start(clock(days=8))
            ask("203.0.113.5")
            ask("198.51.100.9")
            eventually(lambda: "new_network" in hook.rules(), "a new network is told")
            alert = [e["alert"] for e in hook.events() if e["alert"]["rule"] == "new_network"][0]
            assert alert["subject"] == "198.51.100.0/24", alert
            events = proxy.admin("GET", f"/v1/keys/{key['id']}/events")["events"]
            assert ("suspicious_pattern", "new_network") in [(e["type"], e["code"]) for e in events], events
            world.knows_of("hook", 1)
            world.end(kill=True)
            proxy = world.start(clock(days=8, minutes=5))
            ask("198.51.100.9")
            world.over_budget("mark")  # what comes after it has been looked at
            eventually(lambda: "daily_budget_exceeded" in hook.rules(), "a later alert")
            assert hook.rules().count("new_network") == 1, hook.rules()
        finally:
            world.close()
            hook.close()


def reports_by_the_calendar():
    """The day after, a report as a file and as a mail, with the four charts; once"""
    with workspace() as directory:
        mail = MailServer(directory)
        world = World(directory, {
            "name": "mail", "kind": "email", "url": f"smtp://localhost:{mail.port}", "user": "watch",
            "secret": "env:MAIL_PASSWORD", "from": "proxy@example.com", "to": ["ops@example.com"],
            "ca_file": mail.certificate, "severity_min": "critical", "reports": ["daily"]})
        world.settings["alerts"].append('reports = ["daily", "monthly"]')
        try:
            proxy = world.start(clock())
            key = proxy.create_key("shop <1>")
            for _ in range(7):
                assert proxy.chat(key["key"], max_tokens=20)[0] == 200
            eventually(lambda: proxy.usage(key["id"])["requests"] == 7, "applied")
            cost = proxy.usage(key["id"])["cost"]
            world.end()
            for _ in range(2):  # the second time it was sent
                proxy = world.start(clock(hours=14))
                path = os.path.join(world.directory, "reports", "report_daily_2026-11-10.html")
                eventually(lambda: mail.mails and os.path.exists(path), "the report is there")
                world.end()
            assert len(mail.mails) == 1, [m[2]["subject"] for m in mail.mails]
            message = mail.mails[0][2]
            assert message["subject"] == "DeepSeek usage, 2026-11-10"
            html = message.get_body(("html",)).get_content()
            assert html.replace("\r\n", "\n") == open(path, encoding="utf-8").read()
            assert html.count("<svg ") == 8, "four for all keys, four for the one"
            assert "<b>7</b><span>Requests" in html and "shop &lt;1&gt;" in html
            assert cost > 0 and (f"${cost:.6f}" in html or f"${cost:.2f}" in html), cost
            assert "Requests: 7" in message.get_body(("plain",)).get_content()
            assert not os.path.exists(os.path.join(world.directory, "reports", "report_monthly_2026-10.html"))
        finally:
            world.close()
            mail.close()


if __name__ == "__main__":
    run([an_alert_reaches_every_kind_of_receiver, a_receiver_is_away_for_a_day,
         a_kill_in_mid_delivery_loses_nothing, what_is_wrong_is_seen_everywhere,
         the_upstream_refuses_the_account, a_request_costs_more_than_its_bound, routes_hours_and_tests,
         a_settled_key_comes_from_elsewhere, reports_by_the_calendar])
