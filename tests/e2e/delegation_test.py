#!/usr/bin/env python3
"""Third parties with keys of their own: what a key that may delegate can hand on, never more than it
has, and what its owner still decides. Judged by the upstream's bill and by what arrives there."""
import http.client
import json
import os
import random
import subprocess

from harness import BUILD, Proxy, Simulator, eventually, request, run, stack, workspace
from redis_test import Redis

CLOCK = ("--clock", "2026-11-22T12:00:00Z")
SIMULATOR = ("--tokens", "bytes", "--prices", "table", *CLOCK)


def call(proxy, secret, method, path, body=None, expect=(200, 201), **headers):
    """A call about keys by the data plane."""
    status, got, data = request(proxy.port, method, path, body,
                                {"Authorization": "Bearer " + secret,
                                 **{k.replace("_", "-"): v for k, v in headers.items()}})
    assert status in expect, (method, path, status, data[:500])
    return json.loads(data) if data else got


def refused(proxy, secret, method, path, body=None, status=403):
    return call(proxy, secret, method, path, body, expect=(status,))["error"]


def partner(proxy, **more):
    return proxy.create_key("partner", may_delegate=True, permissions=["chat", "code"],
                            models=["deepseek-flash"], allowed_ips=["127.0.0.0/8"],
                            expires_at="2027-06-01T00:00:00Z",
                            rate_limits={"requests_per_minute": 600, "monthly_spending_limit": 2.0}, **more)


def a_third_party_issues_a_key_that_works():
    """POST /v1/keys with the partner's own secret; the child's requests are served and counted on both"""
    with stack(SIMULATOR, proxy_options=CLOCK) as (simulator, proxy):
        parent = partner(proxy)
        child = call(proxy, parent["key"], "POST", "/v1/keys",
                     {"name": "app", "rate_limits": {"monthly_spending_limit": 0.5}})
        assert child["parent"] == parent["id"] and child["key"].startswith("sk-ds-"), child
        assert child["permissions"] == ["chat", "code"], child
        status, _, data = proxy.chat(child["key"], max_tokens=20)
        assert status == 200, data
        eventually(lambda: proxy.usage(child["id"])["cost_nano_usd"] > 0, "booked")
        bill = simulator.bill()["total_nano"]
        assert bill > 0
        for key in (child, parent):
            assert proxy.usage(key["id"])["cost_nano_usd"] == bill, key["name"]
        mine = call(proxy, parent["key"], "GET", f"/v1/keys/{parent['id']}/usage")
        assert mine["cost_nano_usd"] == bill and mine["limits"]["monthly_spending_limit"]["used"] > 0
        listed = call(proxy, parent["key"], "GET", "/v1/keys")["data"]
        assert [each["id"] for each in listed] == [child["id"]]
        [row] = [r for r in proxy.admin("GET", "/v1/audit")["data"] if r["subject"] == child["id"]]
        assert row["actor"] == parent["id"] and row["action"] == "key.create", row


def only_narrower():
    """each field that would widen is refused by its name; as-narrow and narrower pass"""
    with stack(SIMULATOR, proxy_options=CLOCK) as (_, proxy):
        parent = partner(proxy)
        wider = {"permissions": ["chat", "files"], "models": ["deepseek-pro"],
                 "allowed_ips": ["0.0.0.0/0"], "expires_at": "2027-06-01T00:00:01Z",
                 "rate_limits": {"requests_per_minute": 601}}
        for field, value in wider.items():
            error = refused(proxy, parent["key"], "POST", "/v1/keys", {"name": "x", field: value})
            assert error["param"].startswith(field), (field, error)
        error = refused(proxy, parent["key"], "POST", "/v1/keys",
                        {"name": "x", "rate_limits": {"monthly_spending_limit": 2.000000001}})
        assert error["param"] == "rate_limits.monthly_spending_limit", error
        child = call(proxy, parent["key"], "POST", "/v1/keys",
                     {"name": "x", "allowed_ips": ["127.0.0.0/16"], "models": ["deepseek-flash"]})
        path = f"/v1/keys/{child['id']}"
        for field, value in wider.items():
            refused(proxy, parent["key"], "PATCH", path, {field: value})
        assert call(proxy, parent["key"], "PATCH", path, {"permissions": ["chat"]})["permissions"] == ["chat"]
        refused(proxy, parent["key"], "POST", "/v1/keys", {"name": "g", "is_group": True})
        refused(proxy, parent["key"], "PATCH", f"/v1/keys/{parent['id']}", {"models": []})
        refused(proxy, parent["key"], "DELETE", f"/v1/keys/{parent['id']}")


def no_sequence_of_calls_widens():
    """random calls of a partner and its sub-partners; only what the owner allowed arrives upstream"""
    for seed in range(4):
        with stack(SIMULATOR, proxy_options=CLOCK) as (simulator, proxy):
            draw = random.Random(seed)
            parent = proxy.create_key("partner", may_delegate=True, permissions=["chat", "code"],
                                      models=["deepseek-flash"],
                                      rate_limits={"monthly_spending_limit": 0.002})
            secrets, ids, answers = [parent["key"]], [], []
            for step in range(120):
                fields = {"name": f"k{step}", "may_delegate": draw.random() < 0.7}
                for name, values in (("permissions", (["chat"], ["chat", "code"], ["chat", "files", "account"])),
                                     ("models", ([], ["deepseek-flash"], ["deepseek-pro"], ["*"])),
                                     ("rate_limits", ({"monthly_spending_limit": None},
                                                      {"monthly_spending_limit": 0.001},
                                                      {"monthly_spending_limit": 5})),
                                     ("model_aliases", ({"deepseek-flash": "deepseek-pro"}, {"x": "deepseek-pro"})),
                                     ("parent", tuple(ids[-3:]) or (parent["id"],))):
                    if draw.random() < 0.3:
                        fields[name] = draw.choice(values)
                secret = draw.choice(secrets)
                if draw.random() < 0.5 or not ids:
                    made = call(proxy, secret, "POST", "/v1/keys", fields, expect=range(200, 500))
                    if "key" in made:
                        secrets.append(made["key"])
                        ids.append(made["id"])
                else:
                    fields.pop("parent", None)
                    what = draw.choice(("PATCH", "activate", "deactivate", "rotate"))
                    path = f"/v1/keys/{draw.choice(ids)}" + ("" if what == "PATCH" else "/" + what)
                    made = call(proxy, secret, "PATCH" if what == "PATCH" else "POST", path,
                                fields if what == "PATCH" else None, expect=range(200, 500))
                    if "key" in made:
                        secrets.append(made["key"])
                body = {"model": draw.choice(("deepseek-flash", "deepseek-pro", "x")), "max_tokens": 20}
                answers.append(proxy.chat(draw.choice(secrets), **body)[0])
                answers.append(request(proxy.port, "GET", draw.choice(("/v1/files", "/user/balance")), None,
                                       {"Authorization": "Bearer " + draw.choice(secrets)})[0])
            rows = simulator.requests()
            assert len(ids) > 10 and rows, (seed, len(ids), len(rows))
            assert {row["model"] for row in rows} == {"deepseek-flash"}, seed
            assert {row["path"] for row in rows} <= {"/chat/completions", "/v1/chat/completions"}, rows[0]
            assert simulator.bill()["total_nano"] <= 2_000_000, (seed, simulator.bill())


def strangers_see_nothing():
    """a key without may_delegate manages nothing; another partner's keys do not exist for this one"""
    with stack(SIMULATOR, proxy_options=CLOCK) as (_, proxy):
        plain, one, other = proxy.create_key(), partner(proxy), partner(proxy)
        theirs = call(proxy, other["key"], "POST", "/v1/keys", {"name": "theirs"})
        for method, path in (("GET", "/v1/keys"), ("POST", "/v1/keys"), ("GET", f"/v1/keys/{plain['id']}")):
            error = refused(proxy, plain["key"], method, path, {"name": "x"} if method == "POST" else None)
            assert "may_delegate" in error["message"], error
        for method, path, body in (("GET", "", None), ("PATCH", "", {"name": "mine"}), ("DELETE", "", None),
                                   ("POST", "/rotate", {}), ("GET", "/usage", None), ("GET", "/events", None)):
            for target in (theirs, other, plain):
                refused(proxy, one["key"], method, f"/v1/keys/{target['id']}{path}", body, status=404)
        for path in ("/v1/audit", "/v1/ledger", "/v1/admin-keys", "/v1/usage", "/v1/session"):
            call(proxy, one["key"], "GET", path, expect=(404,))
        for stranger in (theirs["id"], other["id"], plain["id"], "key_0123456789ab"):
            error = call(proxy, one["key"], "GET", f"/v1/keys?after={stranger}", expect=(400,))["error"]
            assert error["message"] == f"after: '{stranger}' is no key's id", error
        error = call(proxy, one["key"], "POST", "/v1/keys", {"name": "x", "parent": other["id"]}, expect=(400,))
        assert error["error"]["param"] == "parent", error
        assert call(proxy, one["key"], "GET", "/v1/keys")["data"] == []


def the_chain_shares_one_limit():
    """four children without a limit under a parent with one: the bill stays within it"""
    with stack(SIMULATOR, proxy_options=CLOCK) as (simulator, proxy):
        parent = proxy.create_key("partner", may_delegate=True, rate_limits={"monthly_spending_limit": 0.001})
        children = [call(proxy, parent["key"], "POST", "/v1/keys", {"name": f"c{i}"}) for i in range(4)]
        random.seed(7)
        statuses = []
        for _ in range(60):
            child = random.choice(children)
            status, _, _ = proxy.chat(child["key"], max_tokens=600)
            statuses.append(status)
        eventually(lambda: proxy.usage(parent["id"])["held_nano_usd"] == 0, "settled")
        bill = simulator.bill()["total_nano"]
        assert 429 in statuses and 200 in statuses, statuses
        assert 0 < bill <= 1_000_000, bill
        eventually(lambda: proxy.usage(parent["id"])["cost_nano_usd"] == bill, "booked")
        assert sum(proxy.usage(child["id"])["cost_nano_usd"] for child in children) == bill


def depth_is_four_keys():
    """the owner's key and three below it; groups above do not count; the fifth is refused"""
    with stack(SIMULATOR, proxy_options=CLOCK) as (_, proxy):
        account = proxy.create_key("account", is_group=True)
        team = proxy.create_key("team", is_group=True, parent=account["id"])
        assert "key" not in team and team["masked_key"] is None, team
        last = proxy.create_key("first", may_delegate=True, parent=team["id"])
        for level in range(2, 5):
            last = call(proxy, last["key"], "POST", "/v1/keys", {"name": f"level {level}", "may_delegate": True})
        assert proxy.chat(last["key"])[0] == 200
        error = call(proxy, last["key"], "POST", "/v1/keys", {"name": "level 5"}, expect=(400,))["error"]
        assert error["param"] == "parent" and "4" in error["message"], error
        eventually(lambda: proxy.usage(account["id"])["dispatched"] >= 1, "the account has it all")


def revoking_a_parent_revokes_all_below():
    """on the next request, on connections that are open; activated again they work again"""
    with stack(SIMULATOR, proxy_options=CLOCK) as (simulator, proxy):
        parent = partner(proxy)
        child = call(proxy, parent["key"], "POST", "/v1/keys", {"name": "app", "may_delegate": True})
        grandchild = call(proxy, child["key"], "POST", "/v1/keys", {"name": "deep"})
        connection = http.client.HTTPConnection("127.0.0.1", proxy.port)

        def ask():
            connection.request("POST", "/v1/chat/completions",
                               json.dumps({"model": "deepseek-flash", "max_tokens": 5,
                                           "messages": [{"role": "user", "content": "hi"}]}),
                               {"Authorization": "Bearer " + grandchild["key"], "Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.read()

        assert ask()[0] == 200
        arrived = len(simulator.requests())
        proxy.admin("POST", f"/v1/keys/{parent['id']}/deactivate", {})
        status, data = ask()
        assert status == 401 and parent["name"] in data.decode(), data
        assert len(simulator.requests()) == arrived
        proxy.admin("POST", f"/v1/keys/{parent['id']}/activate", {})
        assert ask()[0] == 200
        call(proxy, parent["key"], "DELETE", f"/v1/keys/{child['id']}")
        assert ask()[0] == 401


def on_two_nodes_with_one_redis():
    """issued on one, used and limited on both, revoked on one and refused on the other within a second"""
    with workspace() as directory:
        simulator, redis = Simulator(*SIMULATOR), Redis(directory)
        nodes = []
        try:
            for index in range(2):
                nodes.append(Proxy(os.path.join(directory, f"node{index}"), f"http://127.0.0.1:{simulator.port}",
                                   {"store": [f'url = "{redis.url}"']}, CLOCK))
            team = nodes[0].create_key("team", is_group=True, rate_limits={"monthly_spending_limit": 0.001})
            parent = nodes[0].create_key("partner", may_delegate=True, parent=team["id"])
            eventually(lambda: request(nodes[1].port, "GET", "/v1/keys", None,
                                       {"Authorization": "Bearer " + parent["key"]})[0] == 200, "known")
            children = [call(nodes[1], parent["key"], "POST", "/v1/keys", {"name": f"c{i}"}) for i in range(3)]
            eventually(lambda: nodes[0].chat(children[-1]["key"], max_tokens=5)[0] == 200, "known")
            draw = random.Random(3)
            statuses = [draw.choice(nodes).chat(draw.choice(children)["key"], max_tokens=600)[0] for _ in range(50)]
            bill = simulator.bill()["total_nano"]
            assert 429 in statuses and 0 < bill <= 1_000_000, (bill, statuses)
            for node in nodes:
                eventually(lambda: node.usage(team["id"])["cost_nano_usd"] == bill, "booked", 30)
            nodes[0].admin("DELETE", f"/v1/keys/{team['id']}")
            eventually(lambda: nodes[1].chat(children[0]["key"])[0] == 401, "refused there too", 1.5)
        finally:
            for node in nodes:
                node.stop()
            redis.kill()
            simulator.kill()


def what_the_owner_deactivated_stays_so():
    """a partner cannot activate what the owner deactivated, and can what it deactivated itself"""
    with stack(SIMULATOR, proxy_options=CLOCK) as (_, proxy):
        parent = partner(proxy)
        child = call(proxy, parent["key"], "POST", "/v1/keys", {"name": "app"})
        path = f"/v1/keys/{child['id']}"
        call(proxy, parent["key"], "POST", path + "/deactivate")
        call(proxy, parent["key"], "POST", path + "/activate")
        proxy.admin("POST", path + "/deactivate", {})
        call(proxy, parent["key"], "POST", path + "/deactivate")
        refused(proxy, parent["key"], "POST", path + "/activate")
        assert proxy.chat(child["key"])[0] == 401
        proxy.admin("POST", path + "/activate", {})
        assert proxy.chat(child["key"])[0] == 200


def calls_about_keys_are_limited():
    """they count as requests of the key that makes them"""
    with stack(SIMULATOR, proxy_options=CLOCK) as (_, proxy):
        parent = proxy.create_key("partner", may_delegate=True, rate_limits={"requests_per_minute": 3})
        statuses = [request(proxy.port, "GET", "/v1/keys", None,
                            {"Authorization": "Bearer " + parent["key"]})[0] for _ in range(5)]
        assert statuses == [200, 200, 200, 429, 429], statuses
        status, _, _ = request(proxy.port, "POST", "/v1/keys", b"x" * (1 << 20) + b"x",
                               {"Authorization": "Bearer " + partner(proxy)["key"]})
        assert status in (400, 413), status


def restart_and_second_creation():
    """what was issued is there after a restart; an Idempotency-Key makes one key, and one only"""
    with stack(SIMULATOR, proxy_options=CLOCK) as (_, proxy):
        parent = partner(proxy)
        made = [call(proxy, parent["key"], "POST", "/v1/keys", {"name": "app"}, Idempotency_Key="first")
                for _ in range(3)]
        assert len({each["id"] for each in made}) == len({each["key"] for each in made}) == 1
        error = call(proxy, parent["key"], "POST", "/v1/keys", {"name": "other"}, expect=(422,),
                     Idempotency_Key="first")["error"]
        assert error["code"] == "idempotency_key_reused", error
        owner = [proxy.admin("POST", "/v1/keys", {"name": "app"}, headers={"Idempotency-Key": "first"})
                 for _ in range(2)]
        assert owner[0]["id"] == owner[1]["id"] != made[0]["id"]
        assert len(proxy.admin("GET", "/v1/keys")["data"]) == 3


def aliases():
    """the upstream is asked for the model that the alias stands for; the key's own goes before its group's"""
    with stack(SIMULATOR, proxy_options=CLOCK) as (simulator, proxy):
        team = proxy.create_key("team", is_group=True,
                                model_aliases={"gpt-4o": "deepseek-pro", "gpt-4o-mini": "deepseek-flash"})
        key = proxy.create_key("app", parent=team["id"], model_aliases={"gpt-4o": "deepseek-flash"},
                               rate_limits={"monthly_spending_limit": 1})
        for name in ("gpt-4o", "gpt-4o-mini"):
            status, _, data = proxy.chat(key["key"], model=name, max_tokens=20)
            assert status == 200, data
        assert {r["model"] for r in simulator.requests()} == {"deepseek-flash"}, simulator.requests()
        bill = simulator.bill()["total_nano"]
        assert bill > 0
        eventually(lambda: proxy.usage(key["id"])["cost_nano_usd"] == bill, "booked")
        narrow = proxy.create_key("narrow", parent=team["id"], models=["deepseek-flash"])
        status, _, data = proxy.chat(narrow["key"], model="gpt-4o")
        assert status == 403 and b"deepseek-pro" in data, data


def by_the_command_line():
    """groups, aliases and admins by `deepseek`; a third party runs the same program on the data plane"""
    with stack(SIMULATOR, proxy_options=CLOCK) as (_, proxy):
        assert "no secret" in proxy.command("keys", "create", "team", "--group", "--monthly", "5").stdout
        secret = proxy.command("-q", "keys", "create", "partner", "--parent", "team", "--may-delegate", "yes",
                               "--alias", "gpt-4o=deepseek-flash", "--rotate-every", "90").stdout.strip()
        page = proxy.command("keys", "get", "partner").stdout
        for part in ("gpt-4o = deepseek-flash", "May delegate", "Rotation due  2027-02-20"):
            assert part in page, (part, page)
        team = json.loads(proxy.command("--json", "keys", "get", "team").stdout)
        assert [k.split()[1] for k in proxy.command("keys", "list", "--parent", team["id"]).stdout.splitlines()[1:]] \
            == ["partner"]

        def third_party(*words, check=True):
            return subprocess.run([os.path.join(BUILD, "deepseek"), "--url", f"http://127.0.0.1:{proxy.port}", *words],
                                  capture_output=True, text=True, check=check, timeout=60,
                                  env={**os.environ, "DEEPSEEK_ADMIN_KEY": secret})

        app = third_party("-q", "keys", "create", "app", "--rpm", "60").stdout.strip()
        assert proxy.chat(app)[0] == 200
        assert "app" in third_party("keys", "list").stdout
        wrong = third_party("keys", "create", "x", "--monthly", "6", check=False)
        assert wrong.returncode == 1 and "rate_limits.monthly_spending_limit" in wrong.stderr, wrong
        third_party("keys", "delete", "app", "--yes")
        assert proxy.chat(app)[0] == 401

        viewer = proxy.command("-q", "admins", "create", "auditor", "--role", "viewer").stdout.strip()
        assert viewer.startswith("ak-ds-"), viewer
        assert "auditor" in proxy.command("admins", "list").stdout
        refusal = proxy.command("admins", "create", "x", "--role", "king", check=False)
        assert refusal.returncode == 1 and "operator" in refusal.stderr, refusal
        assert request(proxy.admin_port, "GET", "/v1/keys", None, {"Authorization": "Bearer " + viewer})[0] == 200
        proxy.command("admins", "rotate", "auditor", "--grace-days", "0")
        proxy.command("admins", "deactivate", "auditor")
        proxy.command("admins", "activate", "auditor")
        proxy.command("admins", "delete", "auditor")
        assert request(proxy.admin_port, "GET", "/v1/keys", None, {"Authorization": "Bearer " + viewer})[0] == 401


def roles():
    """viewer reads, operator issues, owner deletes; none of them does inference; each is revoked at once"""
    with stack(SIMULATOR, proxy_options=CLOCK) as (_, proxy):
        made = {role: proxy.admin("POST", "/v1/admin-keys", {"name": role, "role": role})
                for role in ("viewer", "operator", "owner")}
        key = proxy.create_key()

        def status(role, method, path, body=None):
            return request(proxy.admin_port, method, path, body,
                           {"Authorization": "Bearer " + made[role]["key"]})[0]

        assert [status(r, "GET", "/v1/keys") for r in made] == [200, 200, 200]
        assert [status(r, "POST", "/v1/keys", {"name": "x"}) for r in made] == [403, 201, 201]
        assert [status(r, "PATCH", f"/v1/keys/{key['id']}", {"name": r}) for r in made] == [403, 200, 200]
        assert [status(r, "GET", "/v1/admin-keys") for r in made] == [403, 403, 200]
        assert [status(r, "POST", "/v1/admin-keys", {"name": "y", "role": "viewer"}) for r in made] == [403, 403, 201]
        assert [status(r, "DELETE", f"/v1/keys/{key['id']}") for r in made] == [403, 403, 200]
        assert status("viewer", "GET", f"/v1/keys/{made['owner']['id']}") == 404
        for role in made:
            assert proxy.chat(made[role]["key"])[0] == 401
        actors = {row["actor"] for row in proxy.admin("GET", "/v1/audit")["data"]}
        assert any(a.startswith("operator (key_") for a in actors) and "admin" in actors, actors
        proxy.admin("POST", f"/v1/admin-keys/{made['operator']['id']}/deactivate", {})
        assert status("operator", "GET", "/v1/keys") == 401
        fresh = proxy.admin("POST", f"/v1/admin-keys/{made['viewer']['id']}/rotate", {"grace_days": 0})
        assert status("viewer", "GET", "/v1/keys") == 401
        made["viewer"] = fresh
        assert status("viewer", "GET", "/v1/keys") == 200
        assert all(k["name"] != "owner" for k in proxy.admin("GET", "/v1/keys")["data"])


run([a_third_party_issues_a_key_that_works, only_narrower, no_sequence_of_calls_widens, strangers_see_nothing,
     the_chain_shares_one_limit, depth_is_four_keys, revoking_a_parent_revokes_all_below,
     on_two_nodes_with_one_redis, what_the_owner_deactivated_stays_so, calls_about_keys_are_limited, restart_and_second_creation,
     aliases, by_the_command_line, roles])
