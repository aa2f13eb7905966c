#!/usr/bin/env python3
"""Events as they happen, read from the admin plane's stream of server-sent events."""
import http.client
import json
import socket
import threading

from harness import ADMIN_KEY, eventually, request, run, stack


class Listener:
    """Keeps the events of a stream, as (id, event)."""

    def __init__(self, proxy, key=ADMIN_KEY, after=None):
        self.events, self.lines = [], []
        self.link = http.client.HTTPConnection("127.0.0.1", proxy.admin_port, timeout=60)
        self.link.request("GET", "/v1/events/stream", headers={
            "Authorization": "Bearer " + key, **({"Last-Event-ID": str(after)} if after is not None else {})})
        self.answer = self.link.getresponse()
        self.status = self.answer.status
        if self.status == 200:
            assert self.answer.headers["Content-Type"] == "text/event-stream", self.answer.headers
            threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        last = None
        try:
            for line in iter(self.answer.fp.readline, b""):  # sizes of chunks too: they look like no event
                self.lines.append(line)
                if line.startswith(b"id: "):
                    last = int(line[4:])
                if line.startswith(b"data: "):
                    self.events.append((last, json.loads(line[6:])))
        except (OSError, ValueError, AttributeError, http.client.HTTPException):
            pass  # it was closed

    def types(self, key=None):
        return [event["type"] for _, event in self.events if key in (None, event["key_id"])]

    def close(self):
        self.link.sock.shutdown(socket.SHUT_RDWR)


def told_as_it_happens():
    """A change and a refusal arrive at all who listen, once each, as GET /v1/events has them; what was before does not"""
    with stack() as (_, proxy):
        before = proxy.create_key("before")
        eventually(lambda: proxy.admin("GET", "/v1/events")["events"], "it is in the list")
        both = [Listener(proxy), Listener(proxy)]
        eventually(lambda: all(each.lines for each in both), "the streams have begun")
        key = proxy.create_key("after", rate_limits={"requests_per_minute": 1})
        assert [proxy.chat(key["key"])[0] for _ in range(3)] == [200, 429, 429]
        for each in both:
            eventually(lambda: {"admin_action", "rate_limit_exceeded"} <= set(each.types(key["id"])), "both are told")
            assert each.types(key["id"]).count("admin_action") == 1 and not each.types(before["id"]), each.events
            assert [ms for ms, _ in each.events] == sorted(ms for ms, _ in each.events), each.events
        [listed] = [each for each in proxy.admin("GET", "/v1/events")["events"] if each["key_id"] == before["id"]]
        told = next(event for _, event in both[0].events if event["type"] == "admin_action")
        assert set(told) == set(listed) and told["key_name"] == "after", (told, listed)

        last = max(ms for ms, _ in both[0].events)
        again = Listener(proxy, after=last)
        earlier = Listener(proxy, after=0)
        proxy.create_key("last")
        eventually(lambda: again.types() and len(earlier.types()) > 3, "those who come again hear what they missed")
        assert all(ms > last for ms, _ in again.events), again.events
        assert before["id"] in [event["key_id"] for _, event in earlier.events], earlier.events
        for each in (*both, again, earlier):
            each.close()
        assert proxy.stop() == 0, proxy.text()


def who_may_listen():
    """nobody without a key; 32 at once and no more; those who have left make room"""
    with stack() as (_, proxy):
        assert Listener(proxy, key="wrong").status == 401
        listeners = [Listener(proxy) for _ in range(32)]
        assert all(each.status == 200 for each in listeners)
        refused = Listener(proxy)
        assert refused.status == 503 and json.loads(refused.answer.read())["error"]["code"] == "too_many_listeners"
        assert request(proxy.admin_port, "GET", "/health")[0] == 200
        listeners[0].close()

        def there_is_room():
            return Listener(proxy).status == 200
        eventually(there_is_room, "room for another one")


if __name__ == "__main__":
    run([told_as_it_happens, who_may_listen])
