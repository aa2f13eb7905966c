"""Sending calls: addresses, keys, retries with backoff, and errors as exceptions. One loop decides;
the synchronous and the asynchronous client only differ in how they send and how they wait."""
from __future__ import annotations

import os
import random
import ssl
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generator, Optional, Union

import httpx

from deepseek.calls import Call
from deepseek.errors import (APIConnectionError, APITimeoutError, AuthenticationError,
                             RateLimitError, error_of, retry_after_of)

SUB_KEY = "sk-ds-"
WORTH_ANOTHER_TRY = frozenset({408, 429, 502, 503, 504})
LONGEST_WAIT = 60.0


def _state_file(name: str) -> Optional[str]:
    """A file that a proxy on this machine leaves in its data directory."""
    state = os.environ.get("XDG_STATE_HOME") or os.path.join(Path.home(), ".local", "state")
    try:
        return Path(state, "deepseek-proxy", name).read_text(encoding="utf-8").strip() or None
    except OSError:
        return None


def authorities(ca_file: Optional[str]) -> ssl.SSLContext:
    """The system's, and those of a PEM file."""
    trusted = ssl.create_default_context()
    named = ca_file or os.environ.get("DEEPSEEK_ADMIN_CA_FILE")
    if named:
        trusted.load_verify_locations(named)
    return trusted


@dataclass(frozen=True)
class Where:
    """Which proxy, and who asks."""
    api_key: str
    base_url: str  # data plane, with /v1
    admin_url: str

    @staticmethod
    def find(api_key: Optional[str], base_url: Optional[str], admin_url: Optional[str]) -> "Where":
        env = os.environ.get
        key = (api_key or env("DEEPSEEK_ADMIN_KEY") or env("DEEPSEEK_API_KEY")
               or _state_file("admin.key"))
        if not key:
            raise ValueError("no API key: pass api_key, or set DEEPSEEK_ADMIN_KEY or DEEPSEEK_API_KEY")
        return Where(key, (base_url or env("DEEPSEEK_BASE_URL") or "http://127.0.0.1:8080/v1").rstrip("/"),
                     (admin_url or env("DEEPSEEK_ADMIN_URL") or _state_file("admin.url")
                      or "http://127.0.0.1:8081").rstrip("/"))

    def url(self, call: Call) -> str:
        delegating = self.api_key.startswith(SUB_KEY)  # manages the keys below it where it calls models
        if call.plane != "data" and not delegating:
            return self.admin_url + call.path
        return self.base_url + call.path[len("/v1"):]


# A loop yields what is to be sent, or for how long to wait, and gets the answer back.
Step = Union[httpx.Request, float]
Loop = Generator[Step, Any, Any]


class Sender:
    """What both transports have in common."""

    def __init__(self, where: Where, timeout: float, max_retries: int) -> None:
        self.where = where
        self._extensions = {"timeout": httpx.Timeout(timeout).as_dict()}
        self._max_retries = max_retries
        self._jitter = random.Random()

    def loop(self, call: Call) -> Loop:
        if call.plane == "either":
            return (yield from self._either(call))
        answer = yield from self._once(call)
        while call.pages and answer.get("has_more"):
            call = replace(call, params={**call.params, "after": answer["data"][-1]["id"]})
            more = yield from self._once(call)
            answer = {**more, "data": answer["data"] + more["data"]}
        return call.reader(answer)

    def _either(self, call: Call) -> Loop:
        """An owner's key opens the admin plane, a sub-key the data plane."""
        if self.where.api_key.startswith(SUB_KEY):
            return (yield from self.loop(replace(call, plane="data")))
        try:
            return (yield from self.loop(replace(call, plane="admin")))
        except (AuthenticationError, RateLimitError, APIConnectionError):
            return (yield from self.loop(replace(call, plane="data")))

    def _once(self, call: Call) -> Loop:
        """One answer, after as many tries as it takes and are allowed."""
        for attempt in range(self._max_retries + 1):
            got = yield self._request(call)
            last = attempt == self._max_retries
            if isinstance(got, Exception):
                never_sent = isinstance(got, httpx.ConnectError)
                if last or not (call.repeatable or never_sent):
                    raise self._not_reached(call, got) from got
                yield self._pause(attempt, None)
                continue
            body = _body_of(got)
            if got.status_code < 400:
                return body
            wait = retry_after_of(got.headers)
            if last or not self._again(call, got, wait):
                raise error_of(got.status_code, got.headers, body)
            yield self._pause(attempt, wait)
        raise AssertionError("unreachable")

    def _again(self, call: Call, got: httpx.Response, wait: Optional[float]) -> bool:
        refused_unread = got.status_code in (429, 503)  # nothing was done
        return (got.status_code in WORTH_ANOTHER_TRY and (call.repeatable or refused_unread)
                and got.headers.get("x-should-retry") != "false" and (wait or 0) <= LONGEST_WAIT)

    def _pause(self, attempt: int, told: Optional[float]) -> float:
        backoff = min(8.0, 0.25 * 2 ** attempt)
        return max(told or 0.0, backoff * (0.5 + self._jitter.random() / 2))

    def _request(self, call: Call) -> httpx.Request:
        headers = {"Authorization": "Bearer " + self.where.api_key, **call.headers}
        params = {name: value for name, value in call.params.items() if value is not None}
        return httpx.Request(call.method, self.where.url(call), params=params, json=call.body,
                             headers=headers, extensions=self._extensions)

    def _not_reached(self, call: Call, why: Exception) -> APIConnectionError:
        url = self.where.url(call)
        if isinstance(why, httpx.TimeoutException):
            return APITimeoutError(f"no answer in time from {url}")
        return APIConnectionError(f"no proxy at {url}: is it running? ({why})")


def _body_of(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return answer.text


class SyncTransport:
    def __init__(self, sender: Sender, http: httpx.Client, sleep: Any) -> None:
        self._sender, self._http, self._sleep = sender, http, sleep

    def run(self, call: Call) -> Any:
        loop, given = self._sender.loop(call), None
        try:
            while True:
                step = loop.send(given)
                given = self._sleep(step) if isinstance(step, float) else self._send(step)
        except StopIteration as done:
            return done.value

    def _send(self, request: httpx.Request) -> Union[httpx.Response, Exception]:
        try:
            return self._http.send(request)
        except httpx.TransportError as failed:
            return failed

    def close(self) -> None:
        self._http.close()


class AsyncTransport:
    def __init__(self, sender: Sender, http: httpx.AsyncClient, sleep: Any) -> None:
        self._sender, self._http, self._sleep = sender, http, sleep

    async def run(self, call: Call) -> Any:
        loop, given = self._sender.loop(call), None
        try:
            while True:
                step = loop.send(given)
                given = await (self._sleep(step) if isinstance(step, float) else self._send(step))
        except StopIteration as done:
            return done.value

    async def _send(self, request: httpx.Request) -> Union[httpx.Response, Exception]:
        try:
            return await self._http.send(request)
        except httpx.TransportError as failed:
            return failed

    async def close(self) -> None:
        await self._http.aclose()

