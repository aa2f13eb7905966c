"""A small gateway whose limits hold, and seven ways to get them wrong: gateway.py PORT UPSTREAM_PORT
JOURNAL WINDOW_S [FAULT]. For tests of deepseek-bench: each fault is one that a real gateway had."""
import asyncio
import itertools
import json
import re
import sys
import time

FAULTS = ("check_then_add", "jumping_window", "shrunk_reservation", "booked_at_the_end",
          "flushed_each_second", "leaked_slots", "cached_revocation")
PROMPT_NANO, OUTPUT_NANO = 150, 600  # a token
DEFAULT_CAP, SMALLEST_CAP = 64_000, 8
CACHED_S = 5
USAGE = re.compile(rb'"prompt_tokens":(\d+).*?"completion_tokens":(\d+)', re.S)


class Bucket:
    """Tokens of a bucket: what is settled drains, what is held does not."""

    def __init__(self, a_minute, burst, jumping_window=0):
        self.rate, self.burst, self.window = a_minute / 60, burst, jumping_window
        self.level, self.held, self.then = 0.0, 0, time.monotonic()

    def take(self, size):
        now = time.monotonic()
        if self.window:
            if time.time() // self.window != self.then // self.window:
                self.level, self.then = 0.0, time.time()
        else:
            self.level, self.then = max(0.0, self.level - self.rate * (now - self.then)), now
        if self.level + self.held + size > self.burst + 1e-9:
            return False
        self.held += size
        return True

    def settle(self, held, true):
        self.held -= held
        self.level += true


class Key:
    def __init__(self, fields, fault, window_s):
        self.fields, self.revoked, self.cached_until = fields, False, 0.0
        self.usd_nano = fields.get("usd_nano")
        self.spent, self.held, self.slots = 0, 0, 0
        jumping = window_s if fault == "jumping_window" else 0
        self.requests = self.tokens = None
        if "rpm" in fields:
            self.requests = Bucket(fields["rpm"], fields["burst_requests"], jumping)
        if "tpm" in fields:
            self.tokens = Bucket(fields["tpm"], fields["burst_tokens"])


class Journal:
    """Lines of JSON: keys, intents, outcomes. What was sent upstream is on it before it is sent."""

    def __init__(self, path, lazy):
        self.pending, self.lazy = [], lazy
        try:
            with open(path, encoding="utf-8") as file:
                self.old = [json.loads(line) for line in file]
        except FileNotFoundError:
            self.old = []
        self.file = open(path, "a", encoding="utf-8")  # closed by the process's end

    def write(self, **entry):
        self.pending.append(json.dumps(entry) + "\n")
        if not self.lazy or "key" in entry:
            self.flush()

    def flush(self):
        self.file.writelines(self.pending)
        self.file.flush()
        self.pending.clear()


class Gateway:
    def __init__(self, upstream_port, journal, window_s, fault):
        self.upstream_port, self.window_s, self.fault = upstream_port, window_s, fault
        self.keys, self.numbers = {}, itertools.count()
        self.journal = Journal(journal, fault == "flushed_each_second")
        self.tasks = set()
        self.replay()

    def replay(self):
        """What was open when the process died is charged at its bound."""
        open_intents = {}
        for entry in self.journal.old:
            if "key" in entry:
                self.keys[entry["key"]] = Key(entry["fields"], self.fault, self.window_s)
            elif "intent" in entry:
                open_intents[entry["intent"]] = entry
                self.keys[entry["of"]].spent += entry["nano"]
            else:
                intent = open_intents.pop(entry["outcome"])
                self.keys[intent["of"]].spent += entry["nano"] - intent["nano"]
        self.numbers = itertools.count(len(self.journal.old))

    # -- the door for the owner --

    def admin(self, method, path, body):
        fields = json.loads(body or b"{}")
        if path == "/keys":
            secret = f"key-{next(self.numbers)}"
            self.keys[secret] = Key(fields, self.fault, self.window_s)
            self.journal.write(key=secret, fields=fields)
            return {"secret": secret}
        _, _, secret, *action = path.split("/")
        key = self.keys[secret]
        if action == ["revoke"]:
            key.revoked = True
        elif method == "PATCH":
            key.usd_nano = fields["usd_nano"]
        return {"spent_nano": key.spent}

    # -- limits --

    def known(self, key):
        now = time.monotonic()
        if self.fault != "cached_revocation":
            return not key.revoked
        if now >= key.cached_until:
            key.allowed, key.cached_until = not key.revoked, now + CACHED_S
        return key.allowed

    def hold(self, key, ask):
        """The money held for a request, its cap lowered to what is left; None: refused."""
        prompt = 64 + sum(len(m["content"].encode()) for m in ask["messages"])
        cap = ask.get("max_tokens") or DEFAULT_CAP
        bound = prompt * PROMPT_NANO + cap * OUTPUT_NANO
        left = None if key.usd_nano is None else key.usd_nano - key.spent - key.held
        if left is not None and self.fault == "check_then_add":
            return 0 if key.spent < key.usd_nano else None
        if left is not None and self.fault == "shrunk_reservation":
            return min(bound, left) if left > 0 else None
        if left is not None and bound > left:
            cap = (left - prompt * PROMPT_NANO) // OUTPUT_NANO
            if cap < SMALLEST_CAP:
                return None
            bound = prompt * PROMPT_NANO + cap * OUTPUT_NANO
        ask["max_tokens"] = cap
        return bound

    def admit(self, key, ask):
        """(money held, tokens held), or None."""
        if key.slots >= key.fields.get("concurrent", 10**9):
            return None
        nano = self.hold(key, ask)
        if nano is None:
            return None
        tokens = 64 + sum(len(m["content"]) for m in ask["messages"]) + (ask.get("max_tokens") or 0)
        if key.tokens and not key.tokens.take(tokens):
            return None
        if key.requests:
            if not key.requests.take(1):
                if key.tokens:
                    key.tokens.settle(tokens, 0)
                return None
            key.requests.settle(1, 1)
        key.held += nano
        key.slots += 1
        return nano, tokens

    async def forward(self, key, secret, ask, held, client):
        """Relays to the client, and reads to the end for the usage when it has gone."""
        number, (nano, tokens) = next(self.numbers), held
        bound = nano or DEFAULT_CAP * OUTPUT_NANO
        self.journal.write(intent=number, of=secret, nano=bound)
        answer, gone = b"", False
        body = json.dumps(ask).encode()
        reader, writer = await asyncio.open_connection("127.0.0.1", self.upstream_port, limit=1 << 20)
        writer.write(b"POST /v1/chat/completions HTTP/1.1\r\nHost: up\r\nAuthorization: Bearer x\r\n"
                     b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        while data := await reader.read(65536):
            answer += data
            if not gone:
                client.write(data)
                try:
                    await client.drain()
                except OSError:
                    gone = True
            gone = gone or client.is_closing()
            if gone and self.fault == "booked_at_the_end":
                break
        writer.close()
        used = USAGE.findall(answer)
        spent = bound if answer.startswith(b"HTTP/1.1 2") else 0
        if used:
            prompt, output = map(int, used[-1])
            spent, tokens_used = prompt * PROMPT_NANO + output * OUTPUT_NANO, prompt + output
        else:
            tokens_used = tokens
        self.settle(key, number, nano, 0 if gone and self.fault == "booked_at_the_end" else spent)
        if key.tokens:
            key.tokens.settle(tokens, tokens_used)
        if not (gone and self.fault == "leaked_slots"):
            key.slots -= 1

    def settle(self, key, number, held, spent):
        key.held -= held
        key.spent += spent
        self.journal.write(outcome=number, nano=spent)

    # -- HTTP, as much of it as the bench speaks --

    async def serve(self, reader, writer):
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                method, path, _ = head.split("\r\n")[0].split()
                length = re.search(r"(?i)\r\ncontent-length: *(\d+)", head)
                body = await reader.readexactly(int(length.group(1))) if length else b""
                if path.startswith("/keys"):
                    answer(writer, 200, self.admin(method, path, body))
                    continue
                secret = re.search(r"(?i)\r\nauthorization: *bearer (\S+)", head)
                key = self.keys.get(secret and secret.group(1))
                if not key or not self.known(key):
                    answer(writer, 401, {"error": "no such key"})
                    continue
                ask = json.loads(body)
                held = self.admit(key, ask)
                if held is None:
                    answer(writer, 429, {"error": "a limit is reached"})
                    continue
                task = asyncio.create_task(self.forward(key, secret.group(1), ask, held, writer))
                self.tasks.add(task)
                task.add_done_callback(self.tasks.discard)
                await self.watch(reader, task)
                break
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    @staticmethod
    async def watch(reader, task):
        """Until the answer is over or the client has left; the task goes on by itself."""
        left = asyncio.create_task(reader.read(1))
        await asyncio.wait({left, task}, return_when=asyncio.FIRST_COMPLETED)
        left.cancel()


def answer(writer, status, document):
    body = json.dumps(document).encode()
    writer.write(b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                 % (status, len(body)) + body)


async def main():
    port, upstream_port, journal, window_s, *fault = sys.argv[1:]
    assert not fault or fault[0] in FAULTS, fault
    gateway = Gateway(int(upstream_port), journal, float(window_s), fault[0] if fault else None)
    await asyncio.start_server(gateway.serve, "127.0.0.1", int(port), backlog=4096, limit=1 << 20)
    while True:
        await asyncio.sleep(1)  # tidy: allowed (this is the flush of each second)
        gateway.journal.flush()


if __name__ == "__main__":
    asyncio.run(main())
