#!/usr/bin/env python3
"""The admin API as openapi.json tells it: the document is sound, and each call of it answers as described,
well and badly. (Every other test's calls are held against it too, by the harness.)"""
import http.client
import json

from described import admin_plane
from harness import ADMIN_KEY, eventually, request, run, stack

VERBS = ("get", "post", "patch", "delete")


def nodes(value, path=()):
    yield path, value
    for key, below in (value.items() if isinstance(value, dict) else
                       enumerate(value) if isinstance(value, list) else ()):
        yield from nodes(below, (*path, str(key)))


def the_document_is_sound():
    """references lead somewhere, nothing is described in vain, ids are unique, objects are closed"""
    document = admin_plane.document
    used = {value["$ref"] for _, value in nodes(document) if isinstance(value, dict) and "$ref" in value}
    for reference in used:
        admin_plane.resolve({"$ref": reference})
    for kind, members in document["components"].items():
        for name in members:
            unused = kind != "securitySchemes" and f"#/components/{kind}/{name}" not in used
            assert not unused, f"{kind}/{name} is not used"
    operations = [o for path in document["paths"].values() for verb, o in path.items() if verb in VERBS]
    ids = [operation["operationId"] for operation in operations]
    assert len(ids) == len(set(ids)) > 40, ids
    for path, methods in document["paths"].items():
        for operation in methods.values():
            named = [admin_plane.resolve(p) for p in operation.get("parameters", [])]
            asked = [p["name"] for p in named if p["in"] == "path"]
            assert asked == [part[1:-1] for part in path.split("/") if part.startswith("{")], path
            assert operation["summary"] and operation["tags"], operation
    for path, value in nodes(document["components"]["schemas"]):
        if isinstance(value, dict) and value.get("type") == "object" and "properties" in value:
            assert value.get("additionalProperties") is False, path
            assert set(value["required"]) <= set(value["properties"]), path


def listen(proxy, path):
    """The beginning of a stream that goes on."""
    link = http.client.HTTPConnection("127.0.0.1", proxy.admin_port, timeout=60)
    link.request("GET", path, headers={"Authorization": "Bearer " + ADMIN_KEY})
    answer = link.getresponse()
    admin_plane.check("GET", path, answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.readline())
    link.close()


def every_operation_answers_as_described():
    """all of them with success, and what can go wrong with them"""
    with stack() as (_, proxy):
        def call(method, path, body=None, status=200, headers=None, key=ADMIN_KEY):
            sent = {"Authorization": "Bearer " + key} if key else {}
            got, back, data = request(proxy.admin_port, method, path, body, {**sent, **(headers or {})})
            assert got == status, (method, path, got, data[:300])
            return json.loads(data) if data[:1] == b"{" and not path.startswith(("/v1/ledger", "/v1/usage/export")) else back

        group = call("POST", "/v1/keys", {"name": "team", "is_group": True, "rate_limits": {"monthly_spending_limit": 5}}, 201)
        key = call("POST", "/v1/keys", {"name": "app", "parent": group["id"], "rotate_every_days": 30,
                                        "rate_limits": {"requests_per_minute": 2, "tokens_per_minute": 100000}}, 201)
        admin = call("POST", "/v1/admin-keys", {"name": "viewer", "role": "viewer"}, 201)
        for _ in range(4):
            proxy.chat(key["key"])
        eventually(lambda: proxy.usage(key["id"])["requests"] == 4, "booked")
        for path, methods in admin_plane.document["paths"].items():
            if "get" not in methods:
                continue
            if "text/event-stream" in methods["get"]["responses"]["200"]["content"]:
                listen(proxy, path)
                continue
            for target in (key, group):
                subject = admin if path.startswith("/v1/admin-keys") else target
                call("GET", path.replace("{id}", subject["id"]).replace("{file}", "app.js"))
        for base, subject, change in (("/v1/keys/", key, {"models": ["deepseek-flash"]}),
                                      ("/v1/admin-keys/", admin, {"role": "operator"})):
            one = base + subject["id"]
            call("PATCH", one, change)
            call("PATCH", one, {"nmae": "x"}, 400)
            call("PATCH", one, change, 412, {"If-Match": '"1"'})
            call("POST", one + "/deactivate")
            call("POST", one + "/activate")
            call("POST", one + "/rotate", {"grace_days": 1})
            call("POST", one + "/rotate", {"grace_days": 91}, 400)
            call("DELETE", one)
            call("DELETE", one, None, 404)
        call("POST", f"/v1/keys/{group['id']}/rotate", None, 409)
        rules = f"/v1/keys/{group['id']}/alert-rules"
        assert call("PUT", rules, {"volume_factor": 3, "muted": ["new_network"]})["volume_factor"] == 3
        for wrong in ({"volume_factor": 0}, {"volume_factr": 3}, {"muted": ["nonsense"]}):
            call("PUT", rules, wrong, 400)
        call("POST", "/v1/alerts/test", None, 202)
        call("POST", "/v1/alerts/test", {"receiver": "nobody"}, 404)
        for wrong in ({"name": 5}, {"name": "x", "rate_limits": {"rpm": 1}}, {"name": "x", "parent": "key_0"}):
            call("POST", "/v1/keys", wrong, 400)
        call("POST", "/v1/keys", {"name": "x"}, 201, {"Idempotency-Key": "a"})
        call("POST", "/v1/keys", {"name": "y"}, 422, {"Idempotency-Key": "a"})
        call("GET", "/v1/keys?fields=id,name&limit=1")
        for path in ("/v1/keys?status=old", "/v1/usage?period=2h", "/v1/usage/series?granularity=weekly",
                     "/v1/events?since=soon", "/v1/ledger?from_ms=x", "/v1/usage/live?sort=size",
                     "/v1/usage/export?format=xml", "/v1/audit?limit=0", "/v1/models?x=1"):
            call("GET", path, None, 400)
        call("GET", "/v1/keys/key_000000000001", None, 404)
        call("GET", "/v1/keys", None, 401, key="")
        call("GET", "/v1/keys", None, 403, {"Host": "evil.example"})
        call("GET", "/v1/nothing", None, 404)
        call("PUT", "/v1/keys", {}, 405)
        call("GET", "/assets/nothing.js", None, 404)
        session = call("POST", "/v1/session", None, 201)
        assert session["csrf_token"]
        call("DELETE", "/v1/session")
        for _ in range(21):
            status, _, _ = request(proxy.admin_port, "GET", "/v1/keys", None, {"Authorization": "Bearer wrong"})
        assert status == 429
    answered = {name for name, status in admin_plane.seen if status < 300}
    known = {o["operationId"] for path in admin_plane.document["paths"].values() for o in path.values()}
    assert answered == known, known ^ answered


run([the_document_is_sound, every_operation_answers_as_described])
