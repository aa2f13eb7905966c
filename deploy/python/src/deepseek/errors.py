"""What goes wrong, by the status of the answer; messages are the proxy's own words."""
from __future__ import annotations

from typing import Any, Mapping, Optional


class DeepSeekError(Exception):
    """All errors of this package."""


class APIConnectionError(DeepSeekError):
    """No answer came."""


class APITimeoutError(APIConnectionError):
    """None came in time."""


class APIError(DeepSeekError):
    """An answer with a status of 400 or more."""

    def __init__(self, message: str, status: int, code: Optional[str] = None,
                 param: Optional[str] = None, request_id: Optional[str] = None,
                 retry_after: Optional[float] = None) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code
        self.param = param
        self.request_id = request_id
        self.retry_after = retry_after  # seconds


class BadRequestError(APIError):
    """400 and other refusals of what was asked; `param` names the field."""


class AuthenticationError(APIError):
    """401: the message says whether the key is invalid or expired."""


class PermissionDeniedError(APIError):
    """403."""


class NotFoundError(APIError):
    """404."""


class ConflictError(APIError):
    """409 or 412: somebody else changed it."""


class RateLimitError(APIError):
    """429; `retry_after` says when to come back."""


class InternalServerError(APIError):
    """500 and above."""


class ServiceUnavailableError(InternalServerError):
    """502, 503 or 504: worth another try."""


_BY_STATUS = {401: AuthenticationError, 403: PermissionDeniedError, 404: NotFoundError,
              409: ConflictError, 412: ConflictError, 429: RateLimitError,
              502: ServiceUnavailableError, 503: ServiceUnavailableError,
              504: ServiceUnavailableError}


def error_of(status: int, headers: Mapping[str, str], body: Any) -> APIError:
    """The exception for an answer; `body` is its JSON, or its text where it is none."""
    told = body.get("error", {}) if isinstance(body, dict) else {}
    told = told if isinstance(told, dict) else {}
    kind = _BY_STATUS.get(status, InternalServerError if status >= 500 else BadRequestError)
    message = told.get("message") or (body if isinstance(body, str) and body else f"HTTP {status}")
    return kind(message, status, told.get("code"), told.get("param"), headers.get("x-request-id"),
                retry_after_of(headers))


def retry_after_of(headers: Mapping[str, str]) -> Optional[float]:
    """Seconds, from retry-after-ms or retry-after."""
    for name, scale in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            return max(0.0, float(headers[name]) / scale)
        except (KeyError, ValueError):
            continue
    return None
