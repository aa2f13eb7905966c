"""Answers: mappings whose members are attributes as well, and lists of them. An absent limit is
infinite, so that arithmetic with it needs no special case."""
from __future__ import annotations

from datetime import date, datetime, timezone
from typing import Any, Dict, List, Mapping, Union

INFINITE = float("inf")
# Members in which null means "no limit".
LIMITS = frozenset({
    "requests_per_minute", "tokens_per_minute", "burst_requests", "burst_tokens",
    "monthly_spending_limit", "daily_spending_limit", "total_spending_limit",
    "concurrent_requests", "daily_budget", "limit", "burst", "remaining"})


class Record(Dict[str, Any]):
    """A JSON object: `usage.requests`, `usage["requests"]`, `dict(usage)`, `**usage`."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"no '{name}' in this answer; there are: {', '.join(self)}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __dir__(self) -> List[str]:
        return [*super().__dir__(), *self]


class Records(List[Record]):
    """A JSON array of objects; goes into pandas.DataFrame(...) as it is."""

    @property
    def data(self) -> "Records":
        return self


def read(value: Any, name: str = "") -> Any:
    """JSON as it came -> records, with unlimited as infinity."""
    if isinstance(value, dict):
        return Record({key: read(each, key) for key, each in value.items()})
    if isinstance(value, list):
        inner = [read(each) for each in value]
        return Records(inner) if all(isinstance(each, Record) for each in inner) and inner else inner
    if value is None and name in LIMITS:
        return INFINITE
    return value


def write(value: Any) -> Any:
    """What a caller gave -> JSON: infinity is null again, instants are RFC 3339, sets are lists."""
    if isinstance(value, Mapping):
        return {key: write(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [write(each) for each in value]
    if isinstance(value, float) and value == INFINITE:
        return None
    if isinstance(value, (date, datetime)):
        return instant(value)
    return value


def instant(at: Union[str, date, datetime]) -> str:
    """RFC 3339 in UTC. A datetime without a zone is local time, as datetime.now() makes it."""
    if isinstance(at, str):
        return at
    if not isinstance(at, datetime):
        return at.isoformat()
    text = at.astimezone(timezone.utc).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def day_or_hour(text: str) -> Union[date, datetime]:
    """The date of a series' line: a day, a month's first day, or an hour in UTC."""
    if len(text) <= 10:
        return date.fromisoformat(text if len(text) == 10 else text + "-01")
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
