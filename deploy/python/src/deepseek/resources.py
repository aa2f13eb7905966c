"""`client.keys`, `client.alerts` and `client.models`: one method a call. Each gives one record or many:
`Keys[Record, Records]` of the synchronous client, awaitables of them of the asynchronous one."""
from __future__ import annotations

import itertools
import uuid
from datetime import date, datetime
from typing import Any, Callable, Generic, Iterable, Mapping, Optional, TypeVar, Union

from deepseek.calls import Call, key_path
from deepseek.records import Record, Records, day_or_hour, instant, read, write

Moment = Union[str, date, datetime]
Names = Iterable[str]
Run = Callable[[Call], Any]
One = TypeVar("One")    # Record, or Awaitable[Record]
Many = TypeVar("Many")  # Records, or Awaitable[Records]


def _list_in(member: str) -> Callable[[Any], Records]:
    return lambda answer: Records(read(each) for each in answer[member])


def _series(answer: Any) -> Records:
    rows = _list_in("series")(answer)
    for row in rows:
        row["date"] = day_or_hour(row["date"])
    return rows


def _one_each(answer: Any, most: int) -> Records:
    """The proxy tells refusals of one kind within a second as one row with a count."""
    rows = _list_in("data")(answer)
    each = (Record(row, count=1) for row in rows for _ in range(row.get("count", 1)))
    return Records(itertools.islice(each, most))


def _plain_limits(answer: Any) -> Record:
    """Each limit as a number, infinite where there is none; what is left of it under `remaining`."""
    told = read(answer)
    meters = {name: value for name, value in told.items() if isinstance(value, Record)}
    flat = Record({name: meter.limit for name, meter in meters.items()})
    flat["used"] = Record({name: meter.used for name, meter in meters.items()})
    flat["remaining"] = Record({name: meter.remaining for name, meter in meters.items()})
    flat["bound"] = told.bound
    return flat


class Models(Generic[One, Many]):
    def __init__(self, run: Run) -> None:
        self._run = run

    def list(self) -> Many:
        """The models that the key at hand may use."""
        return self._run(Call("GET", "/v1/models", plane="either", reader=_list_in("data")))


class Alerts(Generic[One, Many]):
    def __init__(self, run: Run) -> None:
        self._run = run

    def list(self, state: str = "all", limit: int = 100) -> Many:
        """Those that stand ("open"), then those that ended ("ended"), each the newest first: rule, severity,
        key_id, message, fired_at, resolved_at, resolution."""
        return self._run(Call("GET", "/v1/alerts", {"state": state, "limit": limit},
                              reader=_list_in("alerts")))

    def receivers(self) -> Many:
        """Who is told, what waits for them and why."""
        return self._run(Call("GET", "/v1/alerts/receivers", reader=_list_in("data")))

    def test(self, receiver: Optional[str] = None) -> One:
        """Sends a test to one receiver, or to all; receivers() says how that went."""
        return self._run(Call("POST", "/v1/alerts/test", body={"receiver": receiver} if receiver else {},
                              repeatable=False))


class Keys(Generic[One, Many]):
    def __init__(self, run: Run) -> None:
        self._run = run

    def list(self, status: Optional[str] = None, type: Optional[str] = None,
             sort: Optional[str] = None) -> Many:
        """All keys, without deleted ones; oldest first, or by `sort` ("name", "-last_used_at")."""
        return self._run(Call("GET", "/v1/keys", {"status": status, "type": type, "sort": sort},
                              pages=True, reader=_list_in("data")))

    def get(self, key_id: str) -> One:
        return self._run(Call("GET", key_path(key_id)))

    def create(self, name: str, **fields: Any) -> One:
        """The new key's record; its `key` is the secret, which is never shown again. Fields: type,
        permissions, models, rate_limits, daily_budget, token_accounting, allowed_ips,
        allowed_referrers, client_certificates, expires_at, description, environment, metadata, parent,
        is_group, may_delegate, model_aliases, rotate_every_days, max_wait_ms, cache_ttl_s. Tried again,
        it makes no second key."""
        return self._run(Call("POST", "/v1/keys", body=write({"name": name, **fields}),
                              headers={"Idempotency-Key": uuid.uuid4().hex}))

    def update(self, key_id: str, **fields: Any) -> One:
        """Changes the fields that are named; the same ones as create() takes."""
        return self._run(Call("PATCH", key_path(key_id), body=write(fields)))

    def update_limits(self, key_id: str, limits: Mapping[str, Any]) -> One:
        return self.update(key_id, rate_limits=limits)

    def update_security(self, key_id: str, allowed_ips: Optional[Names] = None,
                        allowed_referrers: Optional[Names] = None,
                        expires_at: Optional[Moment] = None) -> One:
        """What is None stays as it is; an empty list lifts the restriction."""
        given = {"allowed_ips": allowed_ips, "allowed_referrers": allowed_referrers,
                 "expires_at": expires_at}
        return self.update(key_id, **{k: v for k, v in given.items() if v is not None})

    def rotate(self, key_id: str, grace_days: float = 7) -> One:
        """A new secret in `key`; those of until now work for `grace_days` more."""
        return self._run(Call("POST", key_path(key_id, "/rotate"), body={"grace_days": grace_days},
                              repeatable=False))

    def activate(self, key_id: str) -> One:
        return self._run(Call("POST", key_path(key_id, "/activate")))

    def deactivate(self, key_id: str) -> One:
        """Enforced when this returns."""
        return self._run(Call("POST", key_path(key_id, "/deactivate")))

    def delete(self, key_id: str) -> One:
        return self._run(Call("DELETE", key_path(key_id), repeatable=False))

    def get_usage(self, key_id: str, period: str = "24h") -> One:
        """Sums of 1h, 24h, 7d, 30d or month: requests, tokens, cost, error_rate, cached_share,
        average_requests (of the seven periods before), daily_budget, by_model, by_feature,
        by_status, refusals; `latency.total_ms.p99` and the like of first_byte_ms, overhead_us."""
        return self._run(Call("GET", key_path(key_id, "/usage"), {"period": period}))

    def get_detailed_usage(self, key_id: str, start_date: Optional[Moment] = None,
                           end_date: Optional[Moment] = None, granularity: str = "daily") -> Many:
        """A row for each hour, day or month (UTC), the empty ones too; each with its `latency`."""
        params = {"start": start_date and instant(start_date), "end": end_date and instant(end_date),
                  "granularity": granularity}
        return self._run(Call("GET", key_path(key_id, "/usage/series"), params, reader=_series))

    def get_model_usage(self, key_id: str, period: str = "30d") -> Many:
        return self._run(Call("GET", key_path(key_id, "/usage/models"), {"period": period},
                              reader=_list_in("models")))

    def get_usage_patterns(self, key_id: str, period: str = "30d") -> One:
        return self._run(Call("GET", key_path(key_id, "/usage/patterns"), {"period": period}))

    def get_current_usage(self, key_id: str) -> One:
        """The last sixty seconds."""
        return self._run(Call("GET", key_path(key_id, "/current")))

    def get_health(self, key_id: str) -> One:
        """`checks` with status, message and advice; the gravest status as `status`."""
        return self._run(Call("GET", key_path(key_id, "/health")))

    def get_rate_limits(self, key_id: str) -> One:
        return self._run(Call("GET", key_path(key_id, "/limits"), reader=_plain_limits))

    def get_recent_errors(self, key_id: str, hours: int = 1, limit: int = 1000) -> Many:
        """Newest first, one for each request that was refused or failed: its len() is how many."""
        return self._run(Call("GET", key_path(key_id, "/errors"), {"hours": hours, "limit": limit},
                              reader=lambda answer: _one_each(answer, limit)))

    def get_security_events(self, key_id: str, since: Moment = "24h", limit: int = 1000) -> Many:
        """Newest first, each with type, count, first, last and detail."""
        return self._run(Call("GET", key_path(key_id, "/events"),
                              {"since": instant(since), "limit": limit}, reader=_list_in("events")))

    def get_alert_rules(self, key_id: str) -> One:
        """The key's own figures for the rules of alerts (None: as for all keys), and which are `muted`."""
        return self._run(Call("GET", key_path(key_id, "/alert-rules")))

    def set_alert_rules(self, key_id: str, muted: Names = (), **figures: Any) -> One:
        """Replaces them all: volume_factor=5, error_share=0.3, muted=["new_network"]."""
        return self._run(Call("PUT", key_path(key_id, "/alert-rules"),
                              body=write({"muted": [*muted], **figures})))
