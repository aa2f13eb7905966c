#!/usr/bin/env python3
"""What `deepseek` tells of running keys: limits and security, events as they come, why requests fail,
lists of many keys, and colours where somebody looks."""
import http.client
import json
import os
import pty
import re
import signal
import subprocess

from harness import ADMIN_KEY, BUILD, Process, eventually, free_port, run, stack

DEEPSEEK = os.path.join(BUILD, "deepseek")


def environment(**more):
    return {**os.environ, "DEEPSEEK_ADMIN_KEY": ADMIN_KEY, **more}


def url_of(proxy):
    return f"http://127.0.0.1:{proxy.admin_port}"


def limits_of_a_key():
    """keys limits: what is left, in words too; with options, set first; only limits can be set"""
    with stack() as (_, proxy):
        key = proxy.create_key("app")
        assert "No limits are set." in proxy.command("keys", "limits", "app").stdout
        shown = proxy.command("keys", "limits", "app", "--rpm", "60", "--monthly", "5").stdout
        assert re.search(r"requests a minute +0 +0 +60 +60\n", shown), shown
        assert re.search(r"spending a month +\$0.0000 +\$0.0000 +\$5.0000 +\$5.0000\n", shown), shown
        assert "In words: any window of w minutes admits at most 60 + 60 x w requests" in shown, shown
        assert proxy.chat(key["key"])[0] == 200
        shown = json.loads(proxy.command("--json", "keys", "limits", key["id"]).stdout)
        assert shown["requests_per_minute"]["limit"] == 60 and shown["requests_per_minute"]["remaining"] >= 59
        proxy.command("keys", "limits", "app", "--rpm", "none")
        limits = proxy.admin("GET", f"/v1/keys/{key['id']}")["rate_limits"]
        assert limits["requests_per_minute"] is None and limits["monthly_spending_limit"] == 5
        assert proxy.command("keys", "limits", "app", "--ip", "10.0.0.1", check=False).returncode == 2
        wrong = proxy.command("keys", "limits", "app", "--rpm", "-1", check=False)
        assert wrong.returncode == 1 and "requests_per_minute" in wrong.stderr, wrong
        assert proxy.command("--quiet", "keys", "limits", "app", "--rpm", "9").stdout == ""


def security_of_a_key():
    """keys security: lists, permissions, expiry and each secret's age; with options, set first"""
    with stack() as (_, proxy):
        key = proxy.create_key("app")
        shown = proxy.command("keys", "security", "app").stdout
        for title, value in (("Addresses", "any"), ("Referrers", "any"), ("Models", "all"), ("Expires", "never")):
            assert re.search(rf"^{title} +{value}$", shown, re.M), shown
        assert key["key"] not in shown and key["masked_key"] in shown
        shown = proxy.command("keys", "security", "app", "--ip", "127.0.0.0/8", "--ip", "10.0.0.0/8", "--permissions",
                              "chat,code", "--models", "deepseek-flash", "--referrer", "https://example.com/*",
                              "--expires", "2030-01-01T00:00:00Z").stdout
        for part in ("127.0.0.0/8, 10.0.0.0/8", "chat, code", "deepseek-flash", "https://example.com/*",
                     "2030-01-01T00:00:00Z"):
            assert part in shown, (part, shown)
        assert proxy.chat(key["key"])[0] == 403  # without the referrer
        proxy.command("keys", "security", "app", "--referrer", "none")
        assert proxy.chat(key["key"])[0] == 200
        proxy.command("keys", "rotate", "app")
        secrets = proxy.command("keys", "security", "app").stdout.split("SECRET")[1].splitlines()[1:]
        assert len(secrets) == 2 and secrets[0].endswith("rotated") and secrets[1].split()[-1].endswith("Z"), secrets


class Following(Process):
    """`events --follow`, which was there when its first line came."""

    def __init__(self, proxy, *words):
        super().__init__([DEEPSEEK, "--url", url_of(proxy), *words, "--follow", "--interval", "0.1"],
                         "key.create", env={"DEEPSEEK_ADMIN_KEY": ADMIN_KEY})

    def count(self, part):
        return sum(part in line for line in self.lines)


def events_as_they_come():
    """--follow: old ones first, each new one once though its count grows, Ctrl-C is no failure"""
    with stack() as (_, proxy):
        key = proxy.create_key("app", rate_limits={"requests_per_minute": 1})
        both, one = Following(proxy, "events"), Following(proxy, "events", "app")
        as_json = Following(proxy, "--json", "events")
        proxy.create_key("second")
        for _ in range(3):
            proxy.chat(key["key"])
        for each in (both, as_json):
            eventually(lambda: each.count("second") == 1 and each.count("rate_limit_exceeded") == 1, "all of it is told")
        for _ in range(3):
            proxy.chat(key["key"])
        proxy.command("keys", "deactivate", "app")
        for each in (both, one, as_json):
            eventually(lambda: each.count("key.deactivate") == 1, "the newest is told")
        for each in (both, one, as_json):
            assert each.kill(signal.SIGINT) == 0, each.text()
        assert both.count("key.create") == 2 and one.count("key.create") == 1, both.text()
        assert one.count("second") == 0 and one.count("rate_limit_exceeded") == 1, one.text()
        rows = [json.loads(line) for line in as_json.lines]
        assert [row["code"] for row in rows if row["type"] == "admin_action"] == [
            "key.create", "key.create", "key.deactivate"], rows
        listed = proxy.command("events").stdout.splitlines()
        assert listed[0].split() == ["LAST", "KEY", "TYPE", "COUNT", "CODE", "WHO", "DETAIL"], listed
        assert sum("key.create" in line for line in listed) == 2 and "second" in "".join(listed)
        assert proxy.command("events", "--follow", "--since", "x", check=False).returncode == 1


def diagnosis(proxy, *words, code, secret=None, **env):
    done = subprocess.run([DEEPSEEK, "--json", "--url", url_of(proxy), "diagnose", *words], capture_output=True,
                          text=True, input=secret, env=environment(**env), check=False, timeout=60)
    assert done.returncode == code, done
    found = json.loads(done.stdout)
    problems = {check["check"]: check for check in found["checks"] if check["status"] == "problem"}
    assert (len(problems) > 0) == (code == 1) and all(each["advice"] for each in problems.values()), found
    return problems, done.stdout


def why_a_key_fails():
    """diagnose KEY: each cause by itself, with what to do; what it says to do helps"""
    with stack() as (_, proxy):
        team = proxy.create_key("team", is_group=True)
        key = proxy.create_key("app", parent=team["id"], rate_limits={"requests_per_minute": 60})
        path = f"/v1/keys/{key['id']}"
        assert proxy.chat(key["key"])[0] == 200
        shown = proxy.command("diagnose", "app").stdout
        assert shown.endswith("No problem was found.\n") and "team" in shown and key["key"] not in shown, shown
        for fields, back, check, part in (
                ({"permissions": []}, {"permissions": ["chat"]}, "permissions", "403"),
                ({"expires_at": "2020-01-01T00:00:00Z"}, {"expires_at": None}, "expiry", "expired at 2020"),
                ({"rate_limits": {"requests_per_minute": 0}}, {"rate_limits": {"requests_per_minute": 60}},
                 "limit", "allows nothing")):
            proxy.admin("PATCH", path, fields)
            problems, _ = diagnosis(proxy, "app", code=1)
            assert list(problems) == [check] and part in problems[check]["message"], problems
            proxy.admin("PATCH", path, back)
        proxy.admin("PATCH", f"/v1/keys/{team['id']}", {"rate_limits": {"monthly_spending_limit": 0}})
        assert list(diagnosis(proxy, "app", code=1)[0]) == ["team's limit"]
        proxy.admin("PATCH", f"/v1/keys/{team['id']}", {"rate_limits": {"monthly_spending_limit": None}})
        proxy.command("keys", "deactivate", "app")
        problems, _ = diagnosis(proxy, "app", code=1)
        advice = problems["status"]["advice"]
        assert advice == f"deepseek keys activate {key['id']}", advice
        proxy.command(*advice.split()[1:])
        diagnosis(proxy, "app", code=0)
        proxy.admin("PATCH", path, {"models": ["deepseek-flash"]})
        assert [proxy.chat(key["key"], model="deepseek-pro")[0] for _ in range(3)] == [403] * 3
        eventually(lambda: proxy.command("diagnose", "app", check=False).returncode == 1, "errors are in the books")
        problems, _ = diagnosis(proxy, "app", code=1)
        assert "model_not_allowed" in problems["errors"]["message"], problems
        assert f"deepseek keys security {key['id']} --models" in problems["errors"]["advice"], problems
        assert "nobody" in diagnosis(proxy, "nobody", code=1)[0]["key"]["message"]


def why_a_secret_fails():
    """diagnose -: the secret from standard input, tried as its holder would, and never printed"""
    with stack() as (_, proxy):
        key = proxy.create_key("app")
        _, said = diagnosis(proxy, "-", code=0, secret=key["key"] + "\n")
        assert key["key"] not in said and key["id"] in said, said
        problems, said = diagnosis(proxy, "-", code=1, secret=key["key"][:-2])
        assert "copied whole" in problems["secret"]["message"] and key["key"][:-2] not in said, problems
        proxy.admin("PATCH", f"/v1/keys/{key['id']}", {"allowed_ips": ["10.0.0.0/8"]})
        problems, _ = diagnosis(proxy, "-", code=1, secret=key["key"])
        assert "403" in problems["request"]["message"], problems
        proxy.admin("PATCH", f"/v1/keys/{key['id']}", {"allowed_ips": []})
        proxy.command("keys", "rotate", "app", "--grace-days", "0", "--yes")
        problems, _ = diagnosis(proxy, "-", code=1, secret=key["key"])
        assert "401" in problems["request"]["message"], problems
        refused = proxy.command("diagnose", key["key"], check=False)
        assert refused.returncode == 2 and key["key"] not in refused.stderr + refused.stdout, refused


def why_all_requests_fail():
    """diagnose: the admin plane, its key, the data plane and the upstream, each by itself"""
    with stack() as (simulator, proxy):
        assert diagnosis(proxy, code=0)[0] == {}
        dead = f"http://127.0.0.1:{free_port()}/v1"
        assert list(diagnosis(proxy, "--base-url", dead, code=1)[0]) == ["data plane"]
        assert list(diagnosis(proxy, code=1, DEEPSEEK_BASE_URL=dead)[0]) == ["data plane"]
        strange = f"http://127.0.0.1:{simulator.port}/v1"
        problems, _ = diagnosis(proxy, "--base-url", strange, code=1)
        assert "not as a deepseek-proxy does" in problems["data plane"]["message"], problems
        assert diagnosis(proxy, "--base-url", f"http://127.0.0.1:{proxy.port}/v1/", code=0)[0] == {}
        assert list(diagnosis(proxy, code=1, DEEPSEEK_ADMIN_KEY="wrong")[0]) == ["admin key"]
        done = subprocess.run([DEEPSEEK, "--url", f"http://127.0.0.1:{free_port()}", "diagnose"],
                              capture_output=True, text=True, env=environment(), check=False)
        assert done.returncode == 1 and "is it running?" in done.stdout and "do: " in done.stdout, done


def ten_thousand_keys():
    """keys list: every key once, oldest first, over all pages"""
    with stack() as (_, proxy):
        wire = http.client.HTTPConnection("127.0.0.1", proxy.admin_port)
        ids = []
        for number in range(10_000):
            wire.request("POST", "/v1/keys", json.dumps({"name": f"key {number}"}),
                         {"Authorization": "Bearer " + ADMIN_KEY, "Content-Type": "application/json"})
            ids.append(json.loads(wire.getresponse().read())["id"])
        wire.close()
        listed = proxy.command("keys", "list").stdout.splitlines()
        assert [line.split()[0] for line in listed[1:]] == proxy.command("--quiet", "keys", "list").stdout.split()
        assert sorted(line.split()[0] for line in listed[1:]) == sorted(ids)
        created = [key["created_at"].rstrip("Z") for key in json.loads(proxy.command("--json", "keys", "list").stdout)]
        assert len(created) == 10_000 and created == sorted(created)


def colours_for_people():
    """On a terminal, and there only; not with NO_COLOR"""
    with stack() as (_, proxy):
        proxy.create_key("app")
        words = [DEEPSEEK, "--url", url_of(proxy)]

        def seen(*more, **env):
            reader, terminal = pty.openpty()
            subprocess.run([*words, *more], stdout=terminal, env=environment(**env), check=True, timeout=60)
            os.close(terminal)
            text = b""
            try:
                while piece := os.read(reader, 65536):
                    text += piece
            except OSError:  # how the end of a terminal is told
                pass
            os.close(reader)
            return text.decode()
        for command in (("keys", "list"), ("diagnose", "app")):
            assert "\x1b[32m" in seen(*command) and "\x1b" not in seen(*command, NO_COLOR="1"), command
            assert "\x1b" not in proxy.command(*command).stdout


if __name__ == "__main__":
    run([limits_of_a_key, security_of_a_key, events_as_they_come, why_a_key_fails, why_a_secret_fails,
         why_all_requests_fail, ten_thousand_keys, colours_for_people])
