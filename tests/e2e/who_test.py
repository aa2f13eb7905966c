#!/usr/bin/env python3
"""Who may use a key, where from and for what: each refusal is told, and nothing of it goes upstream."""
import json
import urllib.parse

from harness import eventually, request, run, stack

CHAT = {"model": "deepseek-flash", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 20}


class Door:
    """Sends calls on a key and tells which of them went upstream."""

    def __init__(self, simulator, proxy):
        self.simulator, self.proxy = simulator, proxy

    def call(self, key, path="/v1/chat/completions", body=None, method="POST", headers=None):
        before = len(self.simulator.requests())
        status, head, data = request(self.proxy.port, method, path,
                                     CHAT if body is None and method == "POST" else body,
                                     {"Authorization": "Bearer " + key["key"], **(headers or {})})
        return status, data, len(self.simulator.requests()) - before, head

    def refused(self, status, code, key, **call):
        got, data, upstream, _ = self.call(key, **call)
        assert got == status and code.encode() in data, (status, code, got, data)
        assert upstream == 0, "a refused request went upstream"
        return json.loads(data)["error"]["message"]

    def served(self, key, **call):
        got, data, upstream, _ = self.call(key, **call)
        assert got == 200, (got, data)
        return upstream


def addresses():
    """IPv4, IPv6 and networks; behind a trusted proxy the client's own address counts"""
    with stack() as (simulator, proxy):
        door = Door(simulator, proxy)
        far = proxy.create_key(allowed_ips=["203.0.113.0/24", "2001:db8::/32"])
        message = door.refused(403, "ip_not_allowed", far)
        assert "127.0.0.1" in message, message
        door.refused(403, "ip_not_allowed", far, headers={"X-Forwarded-For": "203.0.113.5"})
        near = proxy.create_key(allowed_ips=["127.0.0.0/8"])
        assert door.served(near) == 1
    trusting = {"server": ['trusted_proxies = ["127.0.0.1"]']}
    with stack(proxy_settings=trusting) as (simulator, proxy):
        door = Door(simulator, proxy)
        far = proxy.create_key(allowed_ips=["203.0.113.0/24", "2001:db8::/32"])
        for given in ("203.0.113.5", "6.6.6.6, 203.0.113.5", "2001:db8::7", "203.0.113.5, 127.0.0.1"):
            assert door.served(far, headers={"X-Forwarded-For": given}) == 1, given
        for given in ("6.6.6.6", "203.0.113.5, 6.6.6.6", "junk", "203.0.113.5,"):
            door.refused(403, "ip_not_allowed", far, headers={"X-Forwarded-For": given})


def referrers():
    """Referer, else Origin; neither is refused where there is a list; CORS only for listed pages"""
    with stack() as (simulator, proxy):
        door = Door(simulator, proxy)
        key = proxy.create_key(allowed_referrers=["https://yourdomain.com/*", "https://api.yourdomain.com/*"])
        for headers in ({"Referer": "https://yourdomain.com/page"}, {"Origin": "https://api.yourdomain.com"}):
            assert door.served(key, headers=headers) == 1, headers
        for headers in ({}, {"Referer": "https://evil.com/https://yourdomain.com/"},
                        {"Referer": "https://yourdomain.com.evil.com/"},
                        {"Referer": "http://yourdomain.com/"},
                        {"Referer": "https://evil.com/", "Origin": "https://yourdomain.com"},
                        {"Origin": "null"}):
            door.refused(403, "referrer_not_allowed", key, headers=headers)
        _, _, _, head = door.call(key, headers={"Origin": "https://yourdomain.com"})
        assert head.get("access-control-allow-origin") == "https://yourdomain.com", head
        ask = {"Access-Control-Request-Method": "POST",
               "Access-Control-Request-Headers": "authorization, content-type"}
        def preflight(origin):
            return request(proxy.port, "OPTIONS", "/v1/chat/completions", None, {"Origin": origin, **ask})
        eventually(lambda: preflight("https://yourdomain.com")[0] == 204, "pages of a new key are known")
        status, head, _ = preflight("https://yourdomain.com")
        assert status == 204 and head["access-control-allow-origin"] == "https://yourdomain.com", head
        assert "authorization" in head["access-control-allow-headers"].lower(), head
        _, head, _ = preflight("https://evil.com")
        assert "access-control-allow-origin" not in head, head


def permissions_and_models():
    """Each route needs its permission, each model its place in the list; content counts as well"""
    with stack() as (simulator, proxy):
        door = Door(simulator, proxy)
        chat = proxy.create_key(permissions=["chat"], models=["deepseek-flash"])
        assert door.served(chat) == 1
        door.refused(403, "model_not_allowed", chat, body={**CHAT, "model": "deepseek-v4-pro"})
        fim = {"model": "deepseek-flash", "prompt": "def f(", "suffix": "return", "max_tokens": 8}
        door.refused(403, "permission_denied", chat, path="/beta/completions", body=fim)
        door.refused(403, "permission_denied", chat, path="/v1/files", method="GET")
        picture = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x/y.png"}}]}]
        door.refused(403, "permission_denied", chat, body={**CHAT, "messages": picture})
        door.refused(403, "permission_denied", chat, path="/user/balance", method="GET")
        door.refused(404, "not_found", chat, path="/v1/unknown")
        code = proxy.create_key(permissions=["code"])
        door.refused(403, "permission_denied", code)
        assert door.served(code, path="/beta/completions", body=fim) == 1
        nothing = proxy.create_key(type="restricted")
        door.refused(403, "permission_denied", nothing)
        account = proxy.create_key(permissions=["account"])
        assert door.served(account, path="/user/balance", method="GET") == 1


def models_are_listed_as_the_key_may_use_them():
    """GET /v1/models shows a narrowed key only its own models"""
    with stack() as (simulator, proxy):
        door = Door(simulator, proxy)
        narrow = proxy.create_key(models=["deepseek-flash"])
        _, data, _, _ = door.call(narrow, path="/v1/models", method="GET")
        assert [m["id"] for m in json.loads(data)["data"]] == ["deepseek-flash"], data


def expiry_and_life():
    """Expired is told as expired, deactivated and deleted as invalid; an open connection is no shelter"""
    clock = "2026-11-23T12:00:00Z"
    with stack(("--clock", clock), proxy_options=("--clock", clock)) as (simulator, proxy):
        door = Door(simulator, proxy)
        old = proxy.create_key(expires_at="2026-11-23T11:59:59Z")
        assert "expired" in door.refused(401, "expired", old)
        soon = proxy.create_key(expires_at="2026-11-23T12:00:02Z")
        eventually(lambda: door.call(soon)[0] == 401, "it expires within two seconds")
        key = proxy.create_key()
        assert door.served(key) == 1
        proxy.admin("DELETE", f"/v1/keys/{key['id']}")
        door.refused(401, "invalid", key)
        assert proxy.admin("GET", f"/v1/keys/{key['id']}")["status"] == "deleted"


def types_have_their_defaults():
    """production: everything; development: small; restricted: only what is named, strictly counted"""
    with stack() as (_, proxy):
        full, small, bare = (proxy.create_key(type=t) for t in ("production", "development", "restricted"))
        assert full["rate_limits"]["requests_per_minute"] is None and full["models"] == []
        assert "deepseek-flash" in small["models"] and "deepseek-v4-pro" not in small["models"], small
        assert small["rate_limits"]["requests_per_minute"] == 60
        assert small["rate_limits"]["tokens_per_minute"] == 40000
        assert small["rate_limits"]["monthly_spending_limit"] == 10
        assert bare["permissions"] == [] and bare["token_accounting"] == "strict"


def the_query_carries_no_key():
    """A key in a URL is not taken, and not passed on"""
    with stack() as (simulator, proxy):
        key = proxy.create_key()
        path = "/v1/models?" + urllib.parse.urlencode({"api_key": key["key"]})
        status, _, _ = request(proxy.port, "GET", path)
        assert status == 401 and not simulator.requests()


if __name__ == "__main__":
    run([addresses, referrers, permissions_and_models, models_are_listed_as_the_key_may_use_them,
         expiry_and_life, types_have_their_defaults, the_query_carries_no_key])
