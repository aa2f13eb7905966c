#!/usr/bin/env python3
"""`deepseek keys export` and `apply`: what a file says becomes so, nothing else changes, and a wrong
file changes nothing. Judged by the admin API, by real requests, and by the audit trail."""
import json
import os
import pty
import re
import subprocess

from harness import ADMIN_KEY, BUILD, run, stack, workspace

DEEPSEEK = os.path.join(BUILD, "deepseek")

FILE = """
[[key]]
name = "team"
is_group = true
[key.rate_limits]
monthly_spending_limit = 100

[[key]]
name = "app"
parent = "team"
description = "the \\"web\\" app: \\\\ and caf\u00e9"
permissions = ["code", "chat"]
models = ["deepseek-flash"]
allowed_ips = ["127.0.0.1", "10.0.0.0/8"]
expires_at = 2030-01-01T01:00:00+01:00
[key.rate_limits]
requests_per_minute = 60
daily_spending_limit = 2.5
[key.model_aliases]
"gpt-4o" = "deepseek-flash"
[key.metadata]
owner = "me"
cost = { centre = 42, share = 0.5, whole = 5.0 }

[[key]]
name = "paused"
status = "inactive"
"""


def apply(proxy, text, *words, check=True, typed=None):
    """`keys apply` of a text; returns what was said, with the file's name as keys.toml"""
    with workspace() as directory:
        path = os.path.join(directory, "keys.toml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        done = proxy.command(*(("--json",) if "--json" in words else ()), "keys", "apply", "-f", path,
                             *(word for word in words if word != "--json"), check=check)
        done.stderr = done.stderr.replace(directory + "/", "")
        return done


def records(proxy):
    return {key["name"]: key for key in proxy.admin("GET", "/v1/keys")["data"]}


def a_file_becomes_keys():
    """New keys, parents first, with settings that hold; each secret once; applied twice changes nothing"""
    with stack() as (_, proxy):
        shown = apply(proxy, FILE, "--dry-run").stdout
        assert "+ app  created" in shown and "rate_limits.requests_per_minute: 60" in shown, shown
        assert shown.endswith("3 to create, 0 unchanged.\n") and records(proxy) == {}, shown
        done = apply(proxy, FILE, "--yes")
        secrets = re.findall(r"sk-ds-\w+", done.stdout)
        assert len(secrets) == 2 and done.stdout.count("shown once") == 1, done.stdout
        now = records(proxy)
        app = now["app"]
        assert app["parent"] == now["team"]["id"] and now["team"]["is_group"]
        assert app["permissions"] == ["chat", "code"] and app["expires_at"] == "2030-01-01T00:00:00Z"
        assert app["description"] == 'the "web" app: \\ and caf\u00e9'
        assert app["rate_limits"]["requests_per_minute"] == 60
        assert app["rate_limits"]["daily_spending_limit"] == 2.5
        assert app["model_aliases"] == {"gpt-4o": "deepseek-flash"}
        assert app["metadata"] == {"owner": "me", "cost": {"centre": 42, "share": 0.5, "whole": 5.0}}
        assert now["paused"]["status"] == "inactive"
        assert [proxy.chat(secret)[0] for secret in secrets] == [200, 401]
        audit = proxy.admin("GET", "/v1/audit?limit=1000")["data"]
        again = apply(proxy, FILE, "--yes")
        assert again.stdout == "3 unchanged.\n" and again.stderr == "", again
        assert proxy.admin("GET", "/v1/audit?limit=1000")["data"] == audit
        assert {name: key["version"] for name, key in records(proxy).items()} == {
            name: key["version"] for name, key in now.items()}


def a_change_is_shown_field_by_field():
    """old -> new; what the file does not name stays; "none" takes away; both of it in one call"""
    with stack() as (_, proxy):
        proxy.create_key("app", description="kept", allowed_ips=["10.0.0.0/8"],
                         rate_limits={"requests_per_minute": 60, "tokens_per_minute": 500})
        proxy.create_key("other")
        text = """[[key]]
name = "app"
status = "inactive"
allowed_ips = ["10.0.0.0/8", "192.168.1.1"]
[key.rate_limits]
requests_per_minute = 120
tokens_per_minute = "none"
"""
        done = apply(proxy, text, "--yes")
        for line in ("~ app  changed", "    rate_limits.requests_per_minute: 60 -> 120",
                     "    rate_limits.tokens_per_minute: 500 -> none", "    status: active -> inactive",
                     "    allowed_ips: 10.0.0.0/8 -> 10.0.0.0/8, 192.168.1.1"):
            assert line in done.stdout.splitlines(), (line, done.stdout)
        app = records(proxy)["app"]
        assert app["description"] == "kept" and app["status"] == "inactive"
        assert app["rate_limits"]["requests_per_minute"] == 120
        assert app["rate_limits"]["tokens_per_minute"] is None
        assert records(proxy)["other"]["version"] == 1
        said = json.loads(apply(proxy, text.replace("120", "121"), "--yes", "--json").stdout)
        assert said["changed"] == [{"name": "app", "id": app["id"], "changes": {
            "rate_limits": {"requests_per_minute": {"from": 120, "to": 121}}}}], said
        assert said["unchanged"] == 0 and said["created"] == said["deactivated"] == []


def what_is_exported_applies():
    """Of any keys: onto the same proxy nothing changes, onto an empty one the same keys come to be"""
    with stack() as (_, proxy), stack() as (_, empty):
        apply(proxy, FILE, "--yes")
        proxy.create_key("odd \u6df1 [name] = \"x\"", environment="a\tb".replace("\t", " "), type="development",
                         rate_limits={"requests_per_minute": None},
                         metadata={"a": None, "big": [1, {"b": "\n\u0001"}], "dotted.key": 1e-7})
        proxy.create_key("locked-down", type="restricted", daily_budget=0.000000001, rotate_every_days=30,
                         may_delegate=True, allowed_referrers=["https://example.com/*"])
        text = proxy.command("keys", "export").stdout
        assert text == proxy.command("keys", "export").stdout
        assert "sk-ds" not in text and "key_" not in text, text
        names = [key["name"] for key in proxy.admin("GET", "/v1/keys")["data"]]
        order = [text.index("name = " + json.dumps(name, ensure_ascii=False)) for name in names]
        assert order == sorted(order) and len(order) == 5
        assert apply(proxy, text, "--yes", "--prune").stdout == "5 unchanged.\n"
        apply(empty, text, "--yes")
        assert empty.command("keys", "export").stdout == text
        assert apply(empty, text, "--yes").stdout == "5 unchanged.\n"
        one = proxy.command("keys", "export", "app").stdout
        assert one.count("[[key]]") == 1 and 'parent = "team"' in one, one
        listed = json.loads(proxy.command("--json", "keys", "export", "app").stdout)
        assert [key["name"] for key in listed] == ["app"] and "id" not in listed[0], listed
        with workspace() as directory:
            path = os.path.join(directory, "out.toml")
            said = proxy.command("keys", "export", "-o", path)
            assert open(path, encoding="utf-8").read() == text and "5 keys written" in said.stderr, said


def a_wrong_file_changes_nothing():
    """Every mistake with file, line, field and value, all at once; nothing of the file is done"""
    with stack() as (_, proxy):
        for _ in range(2):
            proxy.create_key("twin")
        made = proxy.create_key("app")
        before = records(proxy)
        good = '[[key]]\nname = "good"\n'
        for text, parts in (
                (good + "permissions = [\"chta\"]\n", ("keys.toml:3:", "good", "permissions", "chta", "'chat'")),
                (good + "permisions = [\"chat\"]\n", ("keys.toml:3:", "permisions", "'permissions'")),
                (good + "allowed_ips = [\"10.0.0.0/33\"]\n", ("keys.toml:3:", "allowed_ips", "10.0.0.0/33")),
                (good + "[key.rate_limits]\nrequests_per_minute = -1\n", ("keys.toml:4:", "-1", "requests_per_minute")),
                (good + "requests_per_minute = 5\n", ("keys.toml:3:", "[key.rate_limits]")),
                (good + "status = \"on\"\n", ("keys.toml:3:", "status", "on", "inactive")),
                (good + "parent = \"ap\"\n", ("keys.toml:3:", "parent", "ap", "'app'")),
                (good + "parent = \"good\"\n", ("keys.toml:3:", "parent", "good")),
                (good + "expires_at = \"soon\"\n", ("keys.toml:3:", "expires_at", "soon", "RFC 3339")),
                (good + good, ("keys.toml:4:", "good", "line 2")),
                (good + '[[key]]\ndescription = "x"\n', ("keys.toml:3:", "name")),
                (good + '[[key]]\nname = "twin"\n', ("keys.toml:4:", "2 keys are named 'twin'", "key_")),
                (good + '[[key]]\nname = "app"\ntype = "restricted"\n', ("keys.toml:5:", "type")),
                (good + '[[key]]\nname = "app"\nparent = "good"\n', ("keys.toml:5:", "parent", "does not change")),
                ('[[keys]]\nname = "good"\n', ("keys.toml:1:", "keys", "[[key]]")),
                ("[[key]\n", ("keys.toml:1:", "TOML")), ("", ("no [[key]]",))):
            done = apply(proxy, text, "--yes", "--prune", check=False)
            assert done.returncode == 2 and done.stdout == "", (text, done)
            assert all(part in done.stderr for part in parts), (text, parts, done.stderr)
            assert records(proxy) == before, text
        both = apply(proxy, good + "models = 3\n[[key]]\nname = \"x\"\ntype = \"toy\"\n", "--yes", check=False)
        assert "keys.toml:3:" in both.stderr and "keys.toml:6:" in both.stderr, both.stderr
        assert made["key"] not in both.stderr
        for path in ("/nonexistent.toml", "/"):
            done = proxy.command("keys", "apply", "-f", path, check=False)
            assert done.returncode == 2 and "cannot read " + path in done.stderr, done
        done = proxy.command("keys", "export", check=False)
        assert done.returncode == 1 and "twin" in done.stderr and done.stdout == "", done


def from_standard_input():
    """-f -: there nobody can be asked; a script gets names and secrets, or JSON, each secret once"""
    with stack() as (_, proxy):
        words = [DEEPSEEK, "--url", f"http://127.0.0.1:{proxy.admin_port}", "keys", "apply", "-f", "-"]

        def said(*more, name, code=0):
            done = subprocess.run([*words, *more], input=f'[[key]]\nname = "{name}"\n', capture_output=True, text=True,
                                  env={**os.environ, "DEEPSEEK_ADMIN_KEY": ADMIN_KEY}, check=False)
            assert done.returncode == code, done
            return done.stdout
        said(name="a", code=2)
        assert records(proxy) == {}
        name, secret = said("--yes", "--quiet", name="a").split()
        assert name == "a" and proxy.chat(secret)[0] == 200
        [made] = json.loads(said("--yes", "--json", name="b"))["created"]
        assert made["name"] == "b" and made["id"] == records(proxy)["b"]["id"] and proxy.chat(made["key"])[0] == 200
        assert json.loads(said("--dry-run", "--json", name="b"))["unchanged"] == 1
        assert said("--yes", "--quiet", name="b") == ""


def pruning_deactivates_the_rest():
    """--prune: active keys that the file does not name, but not those that a third party issued"""
    with stack() as (_, proxy):
        for name in ("keep", "drop"):
            proxy.create_key(name)
        asleep = proxy.create_key("asleep")
        proxy.admin("POST", f"/v1/keys/{asleep['id']}/deactivate")
        partner = proxy.create_key("partner", may_delegate=True)
        proxy.create_key("of-partner", parent=partner["id"])
        text = '[[key]]\nname = "keep"\n[[key]]\nname = "partner"\n'
        assert "drop" not in apply(proxy, text, "--yes").stdout
        shown = apply(proxy, text, "--yes", "--prune").stdout
        assert re.findall(r"^- (\S+)", shown, re.M) == ["drop"], shown
        states = {name: key["status"] for name, key in records(proxy).items()}
        assert states == {"keep": "active", "drop": "inactive", "asleep": "inactive", "partner": "active",
                          "of-partner": "active"}, states


def nobody_is_overwritten():
    """Changed by somebody else between the showing and the doing: refused, and theirs stays"""
    with stack() as (_, proxy), workspace() as directory:
        key = proxy.create_key("app")
        path = os.path.join(directory, "keys.toml")
        with open(path, "w", encoding="utf-8") as file:
            file.write('[[key]]\nname = "app"\n[key.rate_limits]\nrequests_per_minute = 60\n')
        words = [DEEPSEEK, "--url", f"http://127.0.0.1:{proxy.admin_port}", "keys", "apply", "-f", path]
        environment = {**os.environ, "DEEPSEEK_ADMIN_KEY": ADMIN_KEY}

        def asked(answer, meanwhile=lambda: None):
            person, terminal = pty.openpty()
            child = subprocess.Popen(words, stdin=terminal, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                     env=environment)
            question = b""
            while b"[y/N]" not in question:
                question += child.stderr.read(1)
            meanwhile()
            os.write(person, answer)
            out, err = child.communicate(timeout=60)
            os.close(person)
            os.close(terminal)
            return child.returncode, out.decode(), err.decode()

        code, out, err = asked(b"n\n")
        assert code == 1 and "nothing was changed" in err and "none -> 60" in out, (code, out, err)
        code, _, err = asked(b"y\n", lambda: proxy.admin("PATCH", f"/v1/keys/{key['id']}", {"description": "theirs"}))
        assert code == 1 and "changed meanwhile" in err and "app" in err, (code, err)
        assert records(proxy)["app"]["rate_limits"]["requests_per_minute"] is None
        assert asked(b"y\n")[0] == 0
        assert records(proxy)["app"]["rate_limits"]["requests_per_minute"] == 60
        assert records(proxy)["app"]["description"] == "theirs"
        with open(path, "a", encoding="utf-8") as file:
            file.write('tokens_per_minute = 5\n')
        unasked = subprocess.run(words, capture_output=True, text=True, env=environment, stdin=subprocess.DEVNULL,
                                 check=False)
        assert unasked.returncode == 2 and "--yes" in unasked.stderr, unasked
        assert "requests_per_minute" not in unasked.stdout and "tokens_per_minute: none -> 5" in unasked.stdout


if __name__ == "__main__":
    run([a_file_becomes_keys, a_change_is_shown_field_by_field, what_is_exported_applies,
         a_wrong_file_changes_nothing, from_standard_input, pruning_deactivates_the_rest, nobody_is_overwritten])
