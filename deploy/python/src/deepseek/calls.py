"""Requests as data: what is sent where, and how the answer is read. Knows nothing of sockets, so that
the same description serves both clients."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Optional
from urllib.parse import quote

from deepseek.records import read


@dataclass(frozen=True)
class Call:
    method: str
    path: str
    params: Dict[str, Any] = field(default_factory=dict)
    body: Optional[Dict[str, Any]] = None
    reader: Callable[[Any], Any] = read
    plane: str = "admin"  # or "data", or "either": the admin plane first
    repeatable: bool = True  # sending it twice does what sending it once does
    pages: bool = False  # {"data": [...], "has_more": true}: the rest is fetched as well
    headers: Dict[str, str] = field(default_factory=dict)


def key_path(key_id: str, below: str = "") -> str:
    if not key_id or not isinstance(key_id, str):
        raise ValueError("key_id is the text that keys.list() shows, like 'key_abc123'")
    return "/v1/keys/" + quote(key_id, safe="") + below
