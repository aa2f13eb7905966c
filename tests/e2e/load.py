"""Load on the proxy from one thread: raw asyncio connections, each request described by a `Shot`, so
that a test says exactly what goes over the wire and when the client hangs up."""
import asyncio
import dataclasses
import json
import random


@dataclasses.dataclass
class Shot:
    body: dict | bytes
    headers: dict = dataclasses.field(default_factory=dict)
    hang_up_after: int | None = None  # bytes of the answer, then the client is gone
    path: str = "/v1/chat/completions"


@dataclasses.dataclass
class Result:
    status: int = 0  # 0: no answer
    head: str = ""
    body: bytes = b""


def wire(shot, secret):
    body = shot.body if isinstance(shot.body, bytes) else json.dumps(shot.body).encode()
    head = [f"POST {shot.path} HTTP/1.1", "Host: proxy.test", f"Authorization: Bearer {secret}",
            "Content-Type: application/json", f"Content-Length: {len(body)}", "Connection: close"]
    head += [f"{name}: {value}" for name, value in shot.headers.items()]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


async def fire(port, secret, shot):
    result = Result()
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return result
    try:
        writer.write(wire(shot, secret))
        await writer.drain()
        received = b""
        while True:
            wanted = 65536 if shot.hang_up_after is None else shot.hang_up_after - len(received)
            if wanted <= 0:
                break
            data = await reader.read(wanted)
            if not data:
                break
            received += data
        head, whole, result.body = received.partition(b"\r\n\r\n")
        result.head = head.decode("latin-1")
        if whole:
            result.status = int(result.head[9:12])
    except OSError:
        pass
    finally:
        if shot.hang_up_after is not None:
            writer.transport.abort()
        else:
            writer.close()
    return result


async def volley(port, secret, shots, at_once):
    """All shots, at most `at_once` in flight."""
    gate = asyncio.Semaphore(at_once)

    async def one(shot):
        async with gate:
            return await fire(port, secret, shot)

    return await asyncio.gather(*(one(s) for s in shots))


def chat_shot(rng, *, stream=None, tokens=(50, 2000), faults=()):
    """A chat request of random size; sometimes streamed, sometimes left early."""
    text = "word " * rng.randint(1, 60)
    body = {"model": "deepseek-flash", "messages": [{"role": "user", "content": text}],
            "max_tokens": rng.randint(*tokens)}
    if stream if stream is not None else rng.random() < 0.5:
        body["stream"] = True
        if rng.random() < 0.5:
            body["stream_options"] = {"include_usage": True}
    shot = Shot(body)
    if body.get("stream") and rng.random() < 0.3:
        shot.hang_up_after = rng.randint(1, 3000)
    elif faults and rng.random() < 0.25:
        shot.headers["x-sim-fault"] = rng.choice(faults)
    return shot


def fire_all(port, secret, shots, at_once=1000):
    return asyncio.run(volley(port, secret, shots, at_once))


def seeded(seed):
    print(f"seed {seed}", flush=True)
    return random.Random(seed)
