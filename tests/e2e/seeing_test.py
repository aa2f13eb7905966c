#!/usr/bin/env python3
"""What was used, wherever it is read: rows, sums, export, command line, metrics, access log, spans."""
import csv
import http.server
import io
import json
import os
import re
import signal
import threading
import xml.etree.ElementTree

from harness import Proxy, eventually, run, stack, workspace
from recorder import Recorder

CLOCK = ("--clock", "2026-11-22T12:00:00Z")
SIMULATOR = ("--tokens", "bytes", "--prices", "table", *CLOCK)


def traffic(proxy):
    """Answers, streams, an alias of a name with commas, refusals; returns two keys."""
    one = proxy.create_key("one", model_aliases={'=cmd,x': "deepseek-flash"})
    two = proxy.create_key("two", rate_limits={"requests_per_minute": 2}, permissions=["chat"])
    for n in range(5):
        assert proxy.chat(one["key"], stream=bool(n % 2), max_tokens=20)[0] == 200
    assert proxy.chat(one["key"], model='=cmd,x')[0] == 200
    for _ in range(4):
        proxy.chat(two["key"])
    proxy.chat(two["key"], model="no-such-model")
    return one, two


def same_figures_everywhere():
    """rows, both exports, sums by key, model, feature, ending and status, command line and metrics agree to
    the nano-dollar"""
    with stack(SIMULATOR, proxy_options=CLOCK) as (simulator, proxy):
        keys = traffic(proxy)
        eventually(lambda: proxy.admin("GET", "/v1/usage")["requests"] == 11, "all is in the sums")
        rows = proxy.ledger()
        cost = sum(row["cost_nano_usd"] for row in rows)
        assert cost == simulator.bill()["total_nano"] > 0
        account = proxy.admin("GET", "/v1/usage")
        assert account["cost_nano_usd"] == cost and account["dispatched"] == len(rows)
        for part in ("by_model", "by_feature"):
            assert sum(each["cost_nano_usd"] for each in account[part]) == cost, part
        assert sum(account["by_ending"].values()) == len(rows)
        assert sum(account["by_status"].values()) == account["requests"], account
        assert account["refusals"]["rate_limit_exceeded"] == account["limited"]
        for name, field in (("total_ms", "total_ms"), ("overhead_us", "overhead_us")):
            told = account["latency"][name]
            values = sorted(row[field] for row in rows)
            assert told["count"] == len(rows) and told["p50"] <= told["p90"] <= told["p99"], told
            assert values[0] * 0.79 - 1 <= told["p50"] <= values[-1] * 1.26 + 1, (told, values)
        series = proxy.admin("GET", "/v1/usage/series?granularity=hourly&start=2026-11-22&end=2026-11-23")["series"]
        assert sum(each["cost_nano_usd"] for each in series) == cost
        assert sum(each["latency"]["total_ms"]["count"] for each in series) == len(rows)

        got = list(csv.DictReader(io.StringIO(proxy.command("export", "--format", "csv").stdout)))
        assert len(got) == len(rows) and sum(int(row["cost_nano_usd"]) for row in got) == cost
        assert list(got[0]) == list(rows[0])
        assert {row["request_id"] for row in got} == {row["request_id"] for row in rows}
        hours = list(csv.DictReader(io.StringIO(proxy.command("export", "--what", "usage").stdout)))
        assert sum(int(row["cost_nano"]) for row in hours) == cost
        assert sum(int(row["requests"]) for row in hours) == account["requests"]
        as_json = [json.loads(line) for line in
                   proxy.command("export", keys[0]["id"], "--what", "usage", "--format", "json").stdout.splitlines()]
        assert sum(row["cost_nano"] for row in as_json) == proxy.usage(keys[0]["id"])["cost_nano_usd"]
        assert proxy.command("export", "--start", "2026-11-23").stdout.count("\n") == 1  # the line of names
        assert json.loads(proxy.command("--json", "usage").stdout)["cost_nano_usd"] == cost
        assert "whole answer, ms" in proxy.command("usage", "one").stdout

        assert proxy.metric("settled_nano_usd_total") == cost and proxy.metric("held_nano_usd") == 0
        assert proxy.metric("tokens_total") - sum(row["reasoning_tokens"] for row in rows) == account["tokens"]
        assert proxy.metric("request_seconds_count") == proxy.metric("endings_total") == len(rows)
        assert proxy.metric("build_info") == proxy.metric("store_up") == 1
        opened, reused = (proxy.metric(f"upstream_connections_{what}_total") for what in ("opened", "reused"))
        assert opened + reused == proxy.metric("dispatched_total") and opened >= 1


def formulas_stay_text():
    """a model's name that a spreadsheet would run is exported as text; a format that is none is refused"""
    with stack(SIMULATOR, proxy_options=CLOCK) as (_, proxy):
        key = proxy.create_key("one")
        proxy.chat(key["key"], model="=1+1,x")
        eventually(lambda: proxy.ledger(), "the row")
        text = proxy.admin("GET", "/v1/ledger?format=csv")
        row = next(csv.DictReader(io.StringIO(text)))
        assert not row["model"].startswith("="), row
        proxy.admin("GET", "/v1/ledger?format=xml", expect=(400,))
        proxy.admin("GET", "/v1/usage/export?format=xml", expect=(400,))
        proxy.admin("GET", "/v1/usage/export?key=key_0123456789ab", expect=(404,))


def top_and_report():
    """top shows each key's minute and the fullest limit, sorted; a report is sound HTML and SVG"""
    with stack(SIMULATOR, proxy_options=CLOCK) as (_, proxy), workspace() as place:
        traffic(proxy)
        eventually(lambda: proxy.admin("GET", "/v1/usage")["requests"] == 11, "all is in the sums")
        shown = proxy.command("top", "--once").stdout
        assert re.search(r"^one +0\.10 ", shown, re.M) and re.search(r"^two .*\[#+ *\] +\d+ % rpm", shown, re.M), shown
        by_errors = json.loads(proxy.command("--json", "top", "--once", "--sort", "errors").stdout)
        names = [each["name"] for each in by_errors["keys"]]
        assert names == ["two", "one"] or by_errors["keys"][0]["errors"] >= by_errors["keys"][1]["errors"], by_errors
        page, picture = os.path.join(place, "r.html"), os.path.join(place, "r.svg")
        proxy.command("report", "one", "-o", page)
        proxy.command("report", "one", "--by", "hourly", "--start", "2026-11-22", "-o", picture)
        html = open(page, encoding="utf-8").read()
        assert html.count("<svg") == 4 and "http" not in html.replace("http://www.w3.org", "")
        root = xml.etree.ElementTree.parse(picture).getroot()
        assert len(root.findall("{http://www.w3.org/2000/svg}svg")) == 4
        wrong = proxy.command("report", "one", "-o", os.path.join(place, "r.gif"), check=False)
        assert wrong.returncode == 2 and ".png" in wrong.stderr
        drawn = proxy.command("report", "one", "-o", os.path.join(place, "r.png"), check=False)
        assert drawn.returncode == 0 or "rsvg-convert" in drawn.stderr, drawn


class Collector:
    """An OpenTelemetry collector that keeps what it is sent."""

    def __init__(self):
        self.spans = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                for resource in body["resourceSpans"]:
                    for scope in resource["scopeSpans"]:
                        outer.spans += scope["spans"]
                self.send_response(200)
                self.send_header("content-length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1/traces"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def told_line_by_line():
    """access log, JSON log and spans: one of each request, refused ones too; no secret and no prompt in them;
    a traceparent goes upstream as it came, or is made"""
    collector = Collector()
    with workspace() as place:
        access = os.path.join(place, "access.jsonl")
        settings = {"log": [f'access = "{access}"', 'format = "json"'], "trace": [f'url = "{collector.url}"']}
        with stack(SIMULATOR, settings, CLOCK) as (simulator, proxy):
            key = proxy.create_key("one", rate_limits={"requests_per_minute": 2})
            secret_prompt = [{"role": "user", "content": "the-prompt-itself"}]
            given = "00-" + "ab" * 16 + "-" + "cd" * 8 + "-01"
            ids = [proxy.chat(key["key"], messages=secret_prompt)[1]["x-request-id"],
                   proxy.chat(key["key"], {"traceparent": given}, messages=secret_prompt)[1]["x-request-id"],
                   proxy.chat(key["key"], messages=secret_prompt)[1]["x-request-id"],
                   proxy.chat("sk-ds-unknown")[1]["x-request-id"]]
            eventually(lambda: len(collector.spans) == 4, "all spans")
            eventually(lambda: len(open(access, encoding="utf-8").readlines()) == 4, "all lines")
            lines = {row["request_id"]: row for row in map(json.loads, open(access, encoding="utf-8"))}
            assert [lines[each]["status"] for each in ids] == [200, 200, 429, 401], lines
            assert lines[ids[0]]["key_id"] == key["id"] and lines[ids[3]]["key_id"] is None
            assert lines[ids[0]]["output_tokens"] > 0 and lines[ids[0]]["path"] == "/v1/chat/completions"
            spans = {next(a["value"]["stringValue"] for a in span["attributes"]
                          if a["key"] == "deepseek_proxy.request_id"): span for span in collector.spans}
            assert spans[ids[0]]["traceId"] == ids[0] and "parentSpanId" not in spans[ids[0]]
            assert (spans[ids[1]]["traceId"], spans[ids[1]]["parentSpanId"]) == ("ab" * 16, "cd" * 8)
            assert all(int(s["endTimeUnixNano"]) >= int(s["startTimeUnixNano"]) for s in collector.spans)
            log = [json.loads(line) for line in proxy.lines]
            assert all({"time", "level", "message"} <= set(line) for line in log)
            told = open(access, encoding="utf-8").read() + json.dumps(collector.spans) + proxy.text()
            assert "the-prompt-itself" not in told and key["key"] not in told and "sk-ds-unknown" not in told
            assert proxy.metric("request_logs_dropped_total") == 0
        collector.server.shutdown()


def a_file_that_is_moved_away():
    """the access log goes on in a new file after SIGHUP, and every request is in one of the two; a stop writes the rest"""
    with workspace() as place:
        access = os.path.join(place, "access.jsonl")
        with stack(SIMULATOR, {"log": [f'access = "{access}"']}, CLOCK) as (_, proxy):
            key = proxy.create_key("one")
            ids = [proxy.chat(key["key"])[1]["x-request-id"] for _ in range(5)]
            os.rename(access, access + ".1")
            proxy.child.send_signal(signal.SIGHUP)
            eventually(lambda: os.path.exists(access), "a new file")
            ids += [proxy.chat(key["key"])[1]["x-request-id"] for _ in range(5)]
            assert proxy.stop() == 0, proxy.text()
            read = [[json.loads(line)["request_id"] for line in open(path, encoding="utf-8")]
                    for path in (access + ".1", access)]
            assert sorted(read[0] + read[1]) == sorted(ids), (ids, read)
            assert read[0] and set(ids[5:]) <= set(read[1]), (ids, read)


def some_traces_have_spans():
    """trace.sample = 0: none of ours, but a client's that its flag asks for; what goes upstream says so"""
    collector = Collector()
    given = "00-" + "ab" * 16 + "-" + "cd" * 8 + "-0"
    upstream = Recorder()
    with workspace() as place:
        proxy = Proxy(os.path.join(place, "data"), f"http://127.0.0.1:{upstream.port}",
                      {"trace": [f'url = "{collector.url}"', "sample = 0"]})
        try:
            key = proxy.create_key("one")["key"]
            first = proxy.chat(key)[1]["x-request-id"]
            for flag in "01":
                assert proxy.chat(key, {"traceparent": given + flag})[0] == 200
            assert proxy.stop() == 0, proxy.text()
            passed_on = [re.search(rb"traceparent: (\S+)", head).group(1).decode() for head, _ in upstream.requests]
            assert passed_on == [f"00-{first}-{first[16:]}-00", given + "0", given + "1"], passed_on
            assert [span["traceId"] for span in collector.spans] == ["ab" * 16], collector.spans
        finally:
            proxy.kill()
            collector.server.shutdown()


def a_collector_that_is_away():
    """nobody takes the spans: requests go on, and what was dropped is counted"""
    with stack(SIMULATOR, {"trace": ['url = "http://127.0.0.1:9/v1/traces"']}, CLOCK) as (_, proxy):
        key = proxy.create_key("one")
        for _ in range(3):
            assert proxy.chat(key["key"])[0] == 200
        eventually(lambda: proxy.metric("request_logs_dropped_total") == 3, "they are counted")


if __name__ == "__main__":
    run([same_figures_everywhere, formulas_stay_text, top_and_report, told_line_by_line,
         a_file_that_is_moved_away, some_traces_have_spans, a_collector_that_is_away])
