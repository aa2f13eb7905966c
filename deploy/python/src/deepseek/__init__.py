"""Client of deepseek-proxy: `DeepSeekClient` and `AsyncDeepSeekClient`, and what they raise."""
from deepseek.client import AsyncDeepSeekClient, DeepSeekClient
from deepseek.errors import (APIConnectionError, APIError, APITimeoutError, AuthenticationError,
                             BadRequestError, ConflictError, DeepSeekError, InternalServerError,
                             NotFoundError, PermissionDeniedError, RateLimitError,
                             ServiceUnavailableError)
from deepseek.records import Record, Records

__all__ = ["DeepSeekClient", "AsyncDeepSeekClient", "Record", "Records", "DeepSeekError",
           "APIError", "APIConnectionError", "APITimeoutError", "AuthenticationError",
           "BadRequestError", "ConflictError", "InternalServerError", "NotFoundError",
           "PermissionDeniedError", "RateLimitError", "ServiceUnavailableError"]
__version__ = "0.1.0"
