#!/usr/bin/env python3
"""A key's secret is rotated while its programs run: no request is dropped, each secret's last use is told,
and the old one ends on the next request, on connections that are open too."""
import http.client
import json
import threading

from harness import Proxy, eventually, run, stack

BODY = json.dumps({"model": "deepseek-flash", "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}]})


class Program:
    """Sends request after request on one connection, with the secret it holds at that moment."""

    def __init__(self, port, secrets, stop):
        self.wire = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.secrets, self.stop, self.statuses, self.problem = secrets, stop, [], None
        self.thread = threading.Thread(target=self.work)
        self.thread.start()

    def ask(self):
        self.wire.request("POST", "/v1/chat/completions", BODY, {
            "Authorization": "Bearer " + self.secrets["now"], "Content-Type": "application/json"})
        answer = self.wire.getresponse()
        answer.read()
        return answer.status

    def work(self):
        try:
            while not self.stop.is_set():
                self.statuses.append(self.ask())
        except Exception as problem:  # noqa: BLE001: reported by the test
            self.problem = problem


def nothing_is_dropped_by_a_rotation():
    """eight programs in mid-load, four rotations: each takes the new secret up a little later"""
    with stack() as (simulator, proxy):
        key = proxy.create_key("app")
        shared = [{"now": key["key"]} for _ in range(8)]
        stop = threading.Event()
        programs = [Program(proxy.port, secrets, stop) for secrets in shared]
        done = lambda: sum(len(p.statuses) for p in programs)
        try:
            for _ in range(4):
                before = done()
                eventually(lambda: done() > before + 200, "load", 60)
                fresh = proxy.admin("POST", f"/v1/keys/{key['id']}/rotate")["key"]
                before = done()
                eventually(lambda: done() > before + 50, "load with the old secret", 60)
                for secrets in shared:
                    secrets["now"] = fresh
        finally:
            stop.set()
            for program in programs:
                program.thread.join()
        assert not any(p.problem for p in programs), [p.problem for p in programs]
        statuses = [status for p in programs for status in p.statuses]
        assert set(statuses) == {200} and len(simulator.requests()) == len(statuses), set(statuses)
        # The old ones end now: on the next request of a connection that is open.
        proxy.admin("POST", f"/v1/keys/{key['id']}/rotate", {"grace_days": 0})
        assert [p.ask() for p in programs] == [401] * 8
        assert len(simulator.requests()) == len(statuses)


def each_secret_tells_its_last_use():
    """rotated_from, and when the old one was used last; of an only secret, after a restart too"""
    with stack() as (simulator, proxy):
        key = proxy.create_key("app")
        assert proxy.chat(key["key"])[0] == 200
        read = lambda: proxy.admin("GET", "/v1/keys/" + key["id"])
        eventually(lambda: read()["last_used_at"], "its use is in the books")
        proxy.stop()
        again = Proxy(proxy.directory, f"http://127.0.0.1:{simulator.port}")
        try:
            read = lambda: again.admin("GET", "/v1/keys/" + key["id"])
            assert read()["secrets"][0]["last_used_at"] == read()["last_used_at"], read()
            new = again.admin("POST", f"/v1/keys/{key['id']}/rotate")
            assert new["rotated_from"] == key["masked_key"] == new["secrets"][0]["rotated_from"], new
            assert again.chat(key["key"])[0] == 200
            fresh, old = read()["secrets"]
            assert fresh["last_used_at"] is None and old["last_used_at"], read()
            assert again.chat(new["key"])[0] == 200
            assert read()["secrets"][0]["last_used_at"] >= old["last_used_at"]
        finally:
            again.stop()


def a_schedule_says_when():
    """every 30 days: a reminder a week before, then that it is due; nothing is said after a rotation"""
    with stack(proxy_options=("--clock", "2026-01-01T00:00:00Z")) as (simulator, proxy):
        key = proxy.create_key("app", rotate_every_days=30)
        assert key["rotation_due_at"] == "2026-01-31T00:00:00Z" or key["rotation_due_at"].startswith("2026-01-31T00:00"), key
        codes = lambda of: [e["code"] for e in of.admin("GET", f"/v1/keys/{key['id']}/events?since=9999d")["events"]
                            if e["type"] == "rotation"]
        assert codes(proxy) == []
        proxy.stop()
        url = f"http://127.0.0.1:{simulator.port}"
        for clock, said in (("2026-01-25T00:00:00Z", ["rotation_reminder"]),
                            ("2026-02-02T00:00:00Z", ["rotation_due", "rotation_reminder"])):
            later = Proxy(proxy.directory, url, options=("--clock", clock))
            try:
                assert codes(later) == said, (clock, codes(later))
                if len(said) == 2:
                    later.admin("POST", f"/v1/keys/{key['id']}/rotate")
                    assert codes(later) == [], codes(later)
            finally:
                later.stop()


if __name__ == "__main__":
    run([nothing_is_dropped_by_a_rotation, each_secret_tells_its_last_use, a_schedule_says_when])
