"""What is sent and answered: bodies, upstreams, options of the sub-key, and which peers take part."""
import dataclasses
import json

EVERYTHING = ("--rpm", "1000000000", "--tpm", "1000000000", "--monthly", "900000",
              "--concurrent", "100000")
NOTHING = ("--rpm", "0")


def chat(prompt_bytes, **fields):
    text = "Tell me about proxies and their limits, please. "
    return json.dumps({"model": "deepseek-flash", "max_tokens": 256, "temperature": 0.7, **fields,
                       "messages": [
                           {"role": "system", "content": "You are a helpful assistant. " * 10},
                           {"role": "user", "content": (text * (prompt_bytes // len(text) + 1))
                            [:prompt_bytes]}]})


def stream_of(events):
    """An answer in the form of the DeepSeek API, usage in its last event: a list of events."""
    first = {"id": "930c60df-bf64-41c9-a88e-3ec75f81e00e", "object": "chat.completion.chunk",
             "created": 1705651092, "model": "deepseek-flash", "system_fingerprint": "fp_3a5770e1b4"}
    lines = [json.dumps({**first, "choices": [{"index": 0, "delta": {"content": "word "},
                                               "finish_reason": None}], "usage": None})
             for _ in range(events)]
    lines.append(json.dumps({**first, "choices": [], "usage": {
        "prompt_tokens": 16, "completion_tokens": events, "total_tokens": 16 + events,
        "prompt_cache_hit_tokens": 0, "prompt_cache_miss_tokens": 16}}))
    return [f"data: {line}\n\n" for line in lines + ["[DONE]"]]


PLAIN = ("ours", "nginx", "haproxy", "relay")
SHARED = ("ours", "redis-exact", "redis-leased", "nginx-lua", "nginx-lua-once", "nginx")


@dataclasses.dataclass
class Workload:
    name: str
    about: str
    body: str
    upstream: str = "plain"    # plain, burst, events (one a write), tls
    peers: tuple = PLAIN
    key: tuple = EVERYTHING    # options of the sub-key
    refused: float = 0         # share of the requests that we refuse; the peers serve them
    client_tls: bool = False
    keys: int = 1              # as many sub-keys, in turn
    connections: int = 0       # 0: as the command line says
    threads: int = 0           # of ours; 0: as the command line says


SMALL = chat(430)
WORKLOADS = [
    Workload("small", "chat, 0.9 kB prompt", SMALL),
    Workload("20k", "chat, 20 kB prompt", chat(20_000)),
    Workload("1m", "chat, 1 MB prompt", chat(1_000_000), peers=("ours", "nginx", "relay")),
    Workload("burst", "stream of 200 events in bursts", chat(430, stream=True), "burst"),
    Workload("events", "stream of 200 events, one a write", chat(430, stream=True), "events"),
    Workload("refused", "refused requests (429)", SMALL, key=NOTHING, refused=1),
    Workload("refused90", "9 of 10 refused (429)", SMALL, refused=0.9),
    Workload("tls-upstream", "chat, upstream by TLS", SMALL, "tls", peers=("ours", "nginx")),
    Workload("tls-client", "chat, clients by TLS", SMALL, peers=("ours", "nginx"), client_tls=True),
    Workload("redis", "chat, limits shared in Redis", SMALL, peers=SHARED),
    Workload("keys", "chat, one key and 10,000 in turn", SMALL, peers=("ours", "nginx"), keys=10_000),
    Workload("threads2", "chat, two threads", SMALL, peers=("ours", "nginx"), threads=2),
    *(Workload(f"c{n}", f"chat, {n} connections", SMALL, peers=("ours", "nginx", "relay"),
               connections=n) for n in (1, 8, 512, 4096)),
]
# Minutes rather than an hour: what README's table shows. The others are named one by one.
USUAL = ("small", "20k", "burst", "events", "refused", "tls-upstream", "redis")
