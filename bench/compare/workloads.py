"""What is sent and answered: name -> body, whether the upstream streams, options of the sub-key."""
import dataclasses
import json

EVERYTHING = ("--rpm", "1000000000", "--tpm", "1000000000", "--monthly", "900000",
              "--concurrent", "100000")


def chat(prompt_bytes, **fields):
    text = "Tell me about proxies and their limits, please. "
    return json.dumps({"model": "deepseek-flash", "max_tokens": 256, "temperature": 0.7, **fields,
                       "messages": [
                           {"role": "system", "content": "You are a helpful assistant. " * 10},
                           {"role": "user", "content": (text * (prompt_bytes // len(text) + 1))
                            [:prompt_bytes]}]})


def stream_of(events):
    """An answer in the form of the DeepSeek API, usage in its last event."""
    first = {"id": "930c60df-bf64-41c9-a88e-3ec75f81e00e", "object": "chat.completion.chunk",
             "created": 1705651092, "model": "deepseek-flash", "system_fingerprint": "fp_3a5770e1b4"}
    lines = [json.dumps({**first, "choices": [{"index": 0, "delta": {"content": "word "},
                                               "finish_reason": None}], "usage": None})
             for _ in range(events)]
    lines.append(json.dumps({**first, "choices": [], "usage": {
        "prompt_tokens": 16, "completion_tokens": events, "total_tokens": 16 + events,
        "prompt_cache_hit_tokens": 0, "prompt_cache_miss_tokens": 16}}))
    return "".join(f"data: {line}\n\n" for line in lines) + "data: [DONE]\n\n"


@dataclasses.dataclass
class Workload:
    name: str
    about: str
    body: str
    streams: bool = False
    key: tuple = EVERYTHING
    refused: bool = False  # by us; the peers, which refuse nothing, serve it


WORKLOADS = [
    Workload("small", "0.9 kB chat", chat(430)),
    Workload("20k", "20 kB prompt", chat(20_000)),
    Workload("stream", "SSE, 200 events at once", chat(430, stream=True), streams=True),
    Workload("refused", "0.9 kB chat, refused by us", chat(430), key=("--rpm", "0"), refused=True),
]
