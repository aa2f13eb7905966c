"""The clients: where the proxy is, which key, and the resources."""
from __future__ import annotations

import asyncio
import time
from typing import Any, Awaitable, Optional

import httpx

from deepseek.records import Record, Records
from deepseek.resources import Alerts, Keys, Models
from deepseek.transport import AsyncTransport, Sender, SyncTransport, Where, authorities


class DeepSeekClient:
    """Manages keys with the owner's admin key. A sub-key can list its models.

    What is not given is found: the key in DEEPSEEK_ADMIN_KEY or DEEPSEEK_API_KEY, addresses in
    DEEPSEEK_BASE_URL and DEEPSEEK_ADMIN_URL, the authorities that https is to believe beside the system's in
    DEEPSEEK_ADMIN_CA_FILE, keys and addresses in the data directory of a proxy on this machine.
    """

    def __init__(self, api_key: Optional[str] = None, base_url: Optional[str] = None,
                 admin_url: Optional[str] = None, ca_file: Optional[str] = None,
                 timeout: float = 30.0, max_retries: int = 2,
                 http_client: Optional[httpx.Client] = None, sleep: Any = time.sleep) -> None:
        sender = Sender(Where.find(api_key, base_url, admin_url), timeout, max_retries)
        self._transport = SyncTransport(sender, http_client or httpx.Client(verify=authorities(ca_file)), sleep)
        self.keys: Keys[Record, Records] = Keys(self._transport.run)
        self.alerts: Alerts[Record, Records] = Alerts(self._transport.run)
        self.models: Models[Record, Records] = Models(self._transport.run)

    def close(self) -> None:
        self._transport.close()

    def __enter__(self) -> "DeepSeekClient":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncDeepSeekClient:
    """The same, with every method awaited: `await client.keys.list()`."""

    def __init__(self, api_key: Optional[str] = None, base_url: Optional[str] = None,
                 admin_url: Optional[str] = None, ca_file: Optional[str] = None,
                 timeout: float = 30.0, max_retries: int = 2,
                 http_client: Optional[httpx.AsyncClient] = None, sleep: Any = asyncio.sleep) -> None:
        sender = Sender(Where.find(api_key, base_url, admin_url), timeout, max_retries)
        self._transport = AsyncTransport(sender, http_client or httpx.AsyncClient(verify=authorities(ca_file)), sleep)
        self.keys: Keys[Awaitable[Record], Awaitable[Records]] = Keys(self._transport.run)
        self.alerts: Alerts[Awaitable[Record], Awaitable[Records]] = Alerts(self._transport.run)
        self.models: Models[Awaitable[Record], Awaitable[Records]] = Models(self._transport.run)

    async def close(self) -> None:
        await self._transport.close()

    async def __aenter__(self) -> "AsyncDeepSeekClient":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
