#!/usr/bin/env python3
"""Every verb of `deepseek` against a running proxy: what a person reads, what a program reads, and what
is said when something is wrong."""
import json
import os
import re
import shutil
import subprocess

from harness import ADMIN_KEY, BUILD, eventually, free_port, run, stack, workspace

DEEPSEEK = os.path.join(BUILD, "deepseek")


def lines(done):
    return done.stdout.splitlines()


def cells(line):
    return re.split(r"\s{2,}", line.strip())


def keys_from_birth_to_end():
    """create, list, get, update, deactivate, activate, delete; by id and by name"""
    with stack() as (_, proxy):
        made = proxy.command("keys", "create", "my-production-app", "--rpm", "1000", "--tpm", "100000",
                             "--monthly", "500", "--permissions", "chat,code", "--ip", "127.0.0.0/8",
                             "--description", "Production API key for web application")
        secret = re.search(r"sk-ds-\w+", made.stdout).group(0)
        key_id = re.search(r"key_\w+", made.stdout).group(0)
        assert proxy.chat(secret)[0] == 200
        eventually(lambda: proxy.admin("GET", f"/v1/keys/{key_id}")["last_used_at"], "last use is known")
        listed = lines(proxy.command("keys", "list"))
        assert listed[0].split() == ["ID", "NAME", "STATUS", "CREATED", "LAST_USED"], listed
        row = cells(listed[1])
        assert row[:3] == [key_id, "my-production-app", "active"], row
        assert all(re.fullmatch(r"\d{4}-\d\d-\d\d", cell) for cell in row[3:]), row
        shown = proxy.command("keys", "get", "my-production-app").stdout
        for part in (key_id, "chat, code", "127.0.0.0/8", "1,000", "100,000", "$500.0000"):
            assert part in shown, (part, shown)
        assert secret not in shown
        proxy.command("keys", "update", key_id, "--rpm", "none", "--monthly", "750", "--models",
                      "deepseek-flash", "--name", "renamed")
        record = json.loads(proxy.command("--json", "keys", "get", "renamed").stdout)
        assert record["rate_limits"]["requests_per_minute"] is None
        assert record["rate_limits"]["monthly_spending_limit"] == 750
        assert record["rate_limits"]["tokens_per_minute"] == 100000
        assert record["models"] == ["deepseek-flash"]
        proxy.command("keys", "deactivate", "renamed")
        assert proxy.chat(secret)[0] == 401
        assert cells(lines(proxy.command("keys", "list", "--status", "inactive"))[1])[0] == key_id
        proxy.command("keys", "activate", key_id)
        assert proxy.chat(secret)[0] == 200
        refused = proxy.command("keys", "delete", key_id, check=False)
        assert refused.returncode == 2 and "--yes" in refused.stderr, refused
        proxy.command("keys", "delete", key_id, "--yes")
        assert proxy.chat(secret)[0] == 401
        assert len(lines(proxy.command("keys", "list"))) == 1


def rotation():
    """rotate: both secrets serve, in mid-load as well, until the grace is ended; the events tell"""
    with stack() as (simulator, proxy):
        old = proxy.command("--quiet", "keys", "create", "app").stdout.strip()
        assert proxy.chat(old)[0] == 200
        said = proxy.command("keys", "rotate", "app").stdout
        new = re.search(r"sk-ds-\w+", said).group(0)
        assert new != old and "works until" in said, said
        assert proxy.chat(old)[0] == 200 and proxy.chat(new)[0] == 200
        last = proxy.command("--quiet", "keys", "rotate", "app", "--grace-days", "0", "--yes").stdout.strip()
        assert [proxy.chat(s)[0] for s in (old, new, last)] == [401, 401, 200]
        status, _, body = proxy.chat(old)
        assert b"expired" in body or b"rotated" in body, body
        refused = proxy.command("keys", "rotate", "app", "--grace-days", "100", check=False)
        assert refused.returncode != 0 and "grace_days" in refused.stderr, refused
        rows = [cells(line) for line in lines(proxy.command("events", "app"))]
        assert [row[3] for row in rows if row[1] == "admin_action"] == ["key.rotate"] * 2 + ["key.create"]
        assert len(simulator.requests()) == 4
        eventually(lambda: "unauthorized_access" in proxy.command("events", "app").stdout, "it is told")
        def today():
            return cells(lines(proxy.command("history", "app"))[-1])
        eventually(lambda: today()[1] == "7", "the day has all seven requests")


def lists_and_changes_in_words():
    """list --sort; what was changed reads as words; get says what its limits come to"""
    with stack() as (_, proxy):
        for name in ("beta", "alpha", "gamma"):
            proxy.command("keys", "create", name, "--rpm", "10")
        for sort, names in (("name", ["alpha", "beta", "gamma"]), ("-name", ["gamma", "beta", "alpha"]),
                            ("created_at", ["beta", "alpha", "gamma"])):
            rows = [cells(line) for line in lines(proxy.command("keys", "list", "--sort", sort))[1:]]
            assert [row[1] for row in rows] == names, (sort, rows)
        refused = proxy.command("keys", "list", "--sort", "size", check=False)
        assert refused.returncode == 1 and "last_used_at" in refused.stderr, refused
        proxy.command("keys", "update", "beta", "--rpm", "60", "--ip", "127.0.0.1")
        for shown in (proxy.command("events", "beta").stdout, proxy.command("audit").stdout):
            assert "rate_limits.requests_per_minute: 10 -> 60; allowed_ips: none -> 127.0.0.1" in shown, shown
            assert "name: beta; type: production" in shown and "null" not in shown, shown
        bound = "In words: any window of w minutes admits at most 60 + 60 x w requests"
        assert bound in proxy.command("keys", "get", "beta").stdout
        secret = proxy.command("--quiet", "keys", "create", "fim").stdout.strip()
        assert proxy.chat(secret)[0] == 200
        assert proxy.chat(secret, path="/beta/completions", prompt="x")[0] == 200
        def by_feature():
            return [cells(line)[:2] for line in lines(proxy.command("usage", "fim"))]
        eventually(lambda: ["chat", "1"] in by_feature() and ["fim", "1"] in by_feature(), "both are told")


def what_cannot_be_undone_is_asked():
    """ending a secret at once, and deleting; and what cannot be written is not done"""
    with stack() as (_, proxy):
        secret = proxy.command("--quiet", "keys", "create", "app").stdout.strip()
        refused = proxy.command("keys", "rotate", "app", "--grace-days", "0", check=False)
        assert refused.returncode == 2 and "--yes" in refused.stderr and proxy.chat(secret)[0] == 200, refused
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run([DEEPSEEK, "--url", f"http://127.0.0.1:{proxy.admin_port}", "keys", "list"],
                                  stdout=full, stderr=subprocess.PIPE, text=True, check=False,
                                  env={**os.environ, "DEEPSEEK_ADMIN_KEY": ADMIN_KEY})
        assert done.returncode == 1 and "standard output" in done.stderr, done


def reports():
    """usage, limits, errors, ledger, audit, models, health"""
    with stack() as (simulator, proxy):
        secret = proxy.command("--quiet", "keys", "create", "app", "--rpm", "3", "--concurrent", "2",
                               "--daily", "1").stdout.strip()
        answers = [proxy.chat(secret)[0] for _ in range(5)]
        assert answers == [200, 200, 200, 429, 429], answers
        key_id = proxy.command("--quiet", "keys", "list").stdout.strip()
        eventually(lambda: proxy.usage(key_id)["requests"] == 5, "all five are in the books")
        usage = lines(proxy.command("usage", "app"))
        cost = simulator.bill()["total_nano"]
        assert cells(usage[1])[:3] == ["5", "3", "2"], usage
        assert cells(usage[1])[6].rstrip("0") == f"${cost / 1e9:.9f}".rstrip("0"), (usage, cost)
        model = next(line for line in usage if line.startswith("deepseek-flash"))
        assert cells(model)[:2] == ["deepseek-flash", "3"], usage
        assert cells(lines(proxy.command("usage"))[1])[0] == "5"
        assert json.loads(proxy.command("--json", "usage", "app").stdout)["cost_nano_usd"] == cost
        limits = proxy.command("limits", "app").stdout
        assert re.search(r"requests a minute +3 +0 +3 +0", limits), limits
        assert "requests in flight" in limits and "spending a day" in limits, limits
        errors = proxy.command("errors", "app").stdout
        assert "429" in errors and "proxy" in errors, errors
        rows = [json.loads(line) for line in lines(proxy.command("ledger", "app"))]
        assert sum(row["cost_nano_usd"] for row in rows) == cost and len(rows) == 3
        assert "key.create" in proxy.command("audit").stdout
        assert "deepseek-flash" in lines(proxy.command("models"))
        assert proxy.command("health").stdout.endswith(": ok\n")
        health = proxy.command("health", "app").stdout
        assert re.search(r"hint +networks +its secret works from anywhere +set allowed_ips", health), health
        checks = json.loads(proxy.command("--json", "health", "app").stdout)["checks"]
        advice = proxy.command("advise").stdout
        assert all(row["message"] in advice for row in checks if row["status"] != "good"), advice
        assert advice.splitlines()[0].split() == ["STATUS", "KEY", "FOUND", "DO"], advice


def papers():
    """Completion that a shell runs, and a manual page: both know every command"""
    run_tool = lambda *words: subprocess.run([DEEPSEEK, *words], capture_output=True, text=True, check=True).stdout
    known = re.findall(r"^  ([a-z]+) ", run_tool("--help").split("Subcommands:")[1], re.M)
    assert "keys" in known and "advise" in known, known
    script = run_tool("completion", "bash")

    def completed(*words):
        line = "COMP_WORDS=(deepseek %s); COMP_CWORD=%d; _deepseek; echo ${COMPREPLY[@]}" % (
            " ".join(f"'{word}'" for word in words), len(words))
        return subprocess.run(["bash", "-c", script + line], capture_output=True, text=True, check=True).stdout.split()
    assert completed("ke") == ["keys"] and completed("keys", "li") == ["list", "limits"]
    assert completed("keys", "create", "--mon") == ["--monthly"]
    assert completed("--json", "keys", "rot") == ["rotate"]
    assert set(known) <= set(completed(""))
    assert script in run_tool("completion", "zsh")
    fish = run_tool("completion", "fish")
    assert "'__deepseek_at \\'keys\\'' -a rotate -d '" in fish and "'__deepseek_at \\'\\'' -a rotate" not in fish
    if shutil.which("fish"):  # where it is, it is asked itself

        def offered(line):
            done = subprocess.run(["fish", "--no-config", "-c", fish + f"\ncomplete -C '{line}'"],
                                  capture_output=True, text=True, check=True)
            return {each.split("\t")[0] for each in done.stdout.splitlines()}
        assert offered("deepseek keys li") == {"list", "limits"} and "rotate" not in offered("deepseek ")
        assert "--monthly" in offered("deepseek keys create --mon") and "list" not in offered("deepseek keys list ")
        assert "--period" in offered("deepseek usage --") and "--monthly" not in offered("deepseek usage --")
    page = run_tool("man")
    assert page.startswith(".TH DEEPSEEK 1\n")
    for name in known:
        assert f"'__deepseek_at \\'\\'' -a {name} -d '" in fish and f".SS deepseek {name}\n" in page, name
    assert subprocess.run([DEEPSEEK, "completion", "csh"], capture_output=True).returncode == 2


def wrong_use_is_explained():
    """Unknown words, values and keys; no proxy; a wrong admin key; a missing one"""
    with stack() as (_, proxy):
        for words, code, part in ((("keys", "crate"), 2, "did you mean 'deepseek keys create'"),
                                  (("--json", "usge"), 2, "did you mean 'deepseek usage'"), ((), 2, "subcommand"),
                                  (("keys", "create"), 2, "NAME"),
                                  (("keys", "create", "x", "--rpm", "many"), 2, "--rpm: 'many'"),
                                  (("keys", "create", "x", "--permissions", "chta"), 1, "chat"),
                                  (("keys", "get", "nobody"), 1, "nobody"),
                                  (("keys", "get", "key_000000000000"), 1, "key_000000000000"),
                                  (("usage", "--period", "1y"), 1, "24h")):
            done = proxy.command(*words, check=False)
            assert done.returncode == code and part in done.stderr, (words, done)
            assert done.stdout == "", done
        for _ in range(2):
            proxy.create_key("twin")
        done = proxy.command("keys", "get", "twin", check=False)
        assert done.returncode == 1 and done.stderr.count("key_") == 2, done
        url = f"http://127.0.0.1:{proxy.admin_port}"
        environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}
        for extra, part in (({}, "no admin key"), ({"DEEPSEEK_ADMIN_KEY": "wrong"}, "DEEPSEEK_ADMIN_KEY")):
            done = subprocess.run([DEEPSEEK, "--url", url, "keys", "list"], capture_output=True,
                                  text=True, env={**environment, **extra}, check=False)
            assert done.returncode == 1 and part in done.stderr, done
        done = subprocess.run([DEEPSEEK, "--url", f"http://127.0.0.1:{free_port()}", "health"],
                              capture_output=True, text=True, env=environment, check=False)
        assert done.returncode == 1 and "is it running?" in done.stderr, done


def the_proxy_is_found_without_words():
    """On the same machine the data directory tells where the admin plane is and which key opens it"""
    with workspace() as home, stack(proxy_settings={"admin": ["key = none"]}) as (_, proxy):
        os.makedirs(os.path.join(home, "state"))
        os.symlink(proxy.directory, os.path.join(home, "state", "deepseek-proxy"))
        done = subprocess.run([DEEPSEEK, "keys", "list"], capture_output=True, text=True, check=False,
                              env={"PATH": os.environ["PATH"], "XDG_STATE_HOME": home + "/state"})
        assert done.returncode == 0 and done.stdout.startswith("ID"), done
        # A directory that is named goes before what the environment says of another proxy.
        done = subprocess.run([DEEPSEEK, "--data-dir", proxy.directory, "keys", "list"], capture_output=True,
                              text=True, check=False, env={"DEEPSEEK_ADMIN_URL": "http://127.0.0.1:1",
                                                           "DEEPSEEK_ADMIN_KEY": "of-another-proxy"})
        assert done.returncode == 0 and done.stdout.startswith("ID"), done
        assert ADMIN_KEY not in open(os.path.join(proxy.directory, "admin.key"), encoding="utf-8").read()


def names_cannot_move_the_cursor():
    """Control characters never reach the terminal"""
    with stack() as (_, proxy):
        key = proxy.create_key("caf\u00e9 \u6df1\u5ea6")
        shown = proxy.command("keys", "list").stdout
        assert "caf\u00e9 \u6df1\u5ea6" in shown and key["id"] in shown and "\x1b" not in shown


if __name__ == "__main__":
    run([keys_from_birth_to_end, rotation, lists_and_changes_in_words, what_cannot_be_undone_is_asked, reports, papers, wrong_use_is_explained, the_proxy_is_found_without_words,
         names_cannot_move_the_cursor])
