#!/usr/bin/env python3
"""Requests as nobody means them: random fields, twins, caps and counts of every kind, in all formats.
Whatever goes upstream costs no more than was held for it, and the books never say less than the bill."""
import json
import os
import sys

from harness import eventually, run, stack
from load import Shot, seeded, volley
import asyncio

SIMULATOR = ("--tokens", "bytes", "--prices", "table", "--clock", "2026-11-22T12:00:00Z")
ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 and sys.argv[1].isdigit() else 3000


def text(rng):
    return rng.choice(["hi", "", "\u00e9\u00e8", "\\u0061" * 20, "\U0001f600" * 5, "x" * rng.randint(1, 3000),
                       "\t\r\n\"\\", "\u0000", "data: [DONE]", "{\"usage\": null}"])


def content(rng):
    return rng.choice([
        lambda: text(rng), lambda: [{"type": "text", "text": text(rng)}],
        lambda: [{"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 400}}],
        lambda: [{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}],
        lambda: [{"type": "text", "text": "a"}, {"type": "text", "text": text(rng)}], lambda: None,
        lambda: [], lambda: {"type": "text"}, lambda: 7])()


def messages(rng):
    roles = ["user", "system", "assistant", "tool", "developer", "nobody"]
    return [{"role": rng.choice(roles), "content": content(rng),
             **({"prefix": True} if rng.random() < 0.1 else {}),
             **({"reasoning_content": text(rng)} if rng.random() < 0.1 else {}),
             **({"tool_calls": [{"id": "1", "type": "function", "function": {
                 "name": "f", "arguments": text(rng)}}]} if rng.random() < 0.1 else {})}
            for _ in range(rng.choice([0, 1, 1, 2, 5]))]


def number(rng):
    return rng.choice([0, 1, 2, 8, 16, 100, 1000, 8192, 65536, 393216, 393217, 10**9, 2**31, 2**63, -1, 1.0,
                       1.5, 1e3, None, "5", True, [], {}])


def tool(rng):
    return {"type": "function", "function": {"name": "f", "description": text(rng), "parameters": {
        "type": "object", "properties": {text(rng) or "a": {"type": "string"}}}}}


CAPS = ["max_tokens", "max_completion_tokens", "max_output_tokens"]


def fields(rng):
    """name-value pairs, some twice, in any order"""
    pairs = []
    if rng.random() < 0.95:
        pairs.append(("model", rng.choice(["deepseek-flash", "deepseek-v4-pro", "deepseek-chat", "unknown",
                                           "deepseek-reasoner", "", 5])))
    pairs.append(rng.choice([("messages", messages(rng)), ("messages", messages(rng)),
                             ("prompt", rng.choice([text(rng), [text(rng), text(rng)], [1, 2, 3]])),
                             ("input", rng.choice([text(rng), messages(rng)]))]))
    for cap in CAPS:
        if rng.random() < 0.35:
            pairs.append((cap, number(rng)))
    for name, value in (("n", number(rng)), ("best_of", number(rng)), ("stream", rng.choice(
            [True, False, None, 1, "true"])), ("stream_options", rng.choice(
                [{"include_usage": True}, {"include_usage": False}, {}, None, 1])),
            ("tools", [tool(rng) for _ in range(rng.choice([0, 1, 3]))]), ("logprobs", True),
            ("thinking", {"type": rng.choice(["enabled", "disabled", "x"])}), ("echo", True),
            ("reasoning_effort", rng.choice(["none", "low", "max", "high"])), ("suffix", text(rng)),
            ("reasoning", {"effort": rng.choice(["none", "max"])}), ("system", text(rng)),
            ("stop", ["a"]), ("user", "u"), ("previous_response_id", "r"), ("store", True),
            ("response_format", {"type": "json_object"}), ("MAX_TOKENS", 5), ("instructions", text(rng))):
        if rng.random() < 0.12:
            pairs.append((name, value))
    if rng.random() < 0.1:
        pairs.append(rng.choice(pairs)[:1] + (number(rng),))
    rng.shuffle(pairs)
    return pairs


def spelt(rng, name):
    """The name, sometimes with an escape in it."""
    if rng.random() > 0.03:
        return json.dumps(name)
    at = rng.randrange(len(name))
    return f'"{name[:at]}\\u{ord(name[at]):04x}{name[at + 1:]}"'


def odd_body(rng):
    members = [f"{spelt(rng, name)}:{json.dumps(value, ensure_ascii=rng.random() < 0.5)}"
               for name, value in fields(rng)]
    blank = rng.choice(["", "", " ", "\n\t"])
    body = "{" + f",{blank}".join(members) + blank + "}"
    if rng.random() < 0.05:
        at = rng.randrange(len(body))
        body = body[:at] + rng.choice(["", "}", "\"", ",", "\x01", "\ufeff"]) + body[at + 1:]
    return body.encode("utf-8", "surrogatepass")


PATHS = ["/v1/chat/completions", "/chat/completions", "/beta/chat/completions", "/beta/completions",
         "/v1/responses", "/anthropic/v1/messages"]


def fire_odd(port, secret, rng, count):
    shots = []
    for _ in range(count):
        shot = Shot(odd_body(rng), path=rng.choice(PATHS))
        if rng.random() < 0.1:
            shot.hang_up_after = rng.randint(1, 2000)
        elif rng.random() < 0.1:
            shot.headers["x-sim-fault"] = rng.choice(["missing_usage", "short_body", "garbage",
                                                      "reset_after:200", "no_done", "close_delimited"])
        shots.append(shot)
    return asyncio.run(volley(port, secret, shots, 20))


def no_body_costs_more_than_was_held():
    """Thousands of odd bodies: for each that went upstream, bill <= charge <= hold; none is lost"""
    rng = seeded(int(os.environ.get("SEED", "20261123")))
    with stack(SIMULATOR, proxy_options=SIMULATOR[-2:]) as (simulator, proxy):
        simulator.config(greedy=True)
        key = proxy.create_key(rate_limits={"monthly_spending_limit": 100000})
        results = fire_odd(proxy.port, key["key"], rng, ROUNDS)
        served = sum(r.status == 200 for r in results)
        assert served > ROUNDS / 200, f"only {served} of {ROUNDS} were served: the test tests nothing"
        for r in results:
            assert r.status in (0, 200, 400, 403, 404, 413, 422, 429, 502), (r.head, r.body[:500])

        def done():
            usage = proxy.usage(key["id"])
            return usage["held_nano_usd"] == 0 and usage["dispatched"] == len(simulator.requests())
        eventually(done, "all settled", 60)
        rows = {r["request_id"]: r for r in proxy.ledger() if r["dispatched"]}
        for seen in simulator.requests():
            row = rows[seen["request_id"]]
            assert seen["cost_nano"] <= row["cost_nano_usd"] <= row["hold_nano_usd"], (seen, row)
        assert proxy.metric("overruns_total") == 0
        print(f"  {served} served, {len(rows)} went upstream")


def odd_bodies_never_pass_a_limit():
    """The same on twenty cents: the bill stays within them"""
    bills = []
    for seed in range(5):
        rng = seeded(seed)
        with stack(SIMULATOR, proxy_options=SIMULATOR[-2:]) as (simulator, proxy):
            simulator.config(greedy=True)
            key = proxy.create_key(rate_limits={"monthly_spending_limit": 0.2})
            fire_odd(proxy.port, key["key"], rng, ROUNDS // 5)
            eventually(lambda: proxy.usage(key["id"])["held_nano_usd"] == 0, "all settled", 60)
            bill = simulator.bill()["total_nano"]
            assert bill <= 200_000_000, bill
            bills.append(bill)
    assert any(bills), "nothing was billed: the test tests nothing"


if __name__ == "__main__":
    sys.argv = [sys.argv[0]] + [a for a in sys.argv[1:] if not a.isdigit()]
    run([no_body_costs_more_than_was_held, odd_bodies_never_pass_a_limit])
