#!/usr/bin/env python3
"""A man in the middle between a proxy and a redis-server who does harm: replies are dropped, repeated,
delayed and cut off in the middle, commands are lost or arrive twice, connections break. Which and when is
drawn from a seed. Everything goes through until arm() is called.

Replies are read whole, so that a fault hits one and no half. What a fault was worth is counted in `done`.
"""
import asyncio
import collections
import random
import threading

FAULTS = {"delay": 0.04,           # a reply comes 1 to 40 ms late, and all behind it
          "stall": 0.003,          # ... so late that the asker has given the connection up
          "lose_command": 0.006,   # it never arrives, and the connection breaks
          "lose_reply": 0.008,     # it ran, but nobody is told: the connection breaks
          "truncate": 0.006,       # half a reply, and the connection breaks
          "drop_reply": 0.004,     # a reply is missing, and the next one comes in its place
          "repeat_reply": 0.004,   # a reply comes twice
          "repeat_command": 0.02}  # a script's call arrives twice; one reply is passed on


class Cut(Exception):
    pass


async def read_item(reader):
    """One command or reply, as bytes."""
    line = await reader.readline()
    if not line.endswith(b"\r\n"):
        raise Cut
    kind, rest = line[:1], line[1:-2]
    if kind == b"$" and int(rest) >= 0:
        return line + await reader.readexactly(int(rest) + 2)
    if kind == b"*" and int(rest) > 0:
        return line + b"".join([await read_item(reader) for _ in range(int(rest))])
    return line


class FaultyMiddle:
    """Listens on a port of its own (`port`) and passes on to `to_port`, from a thread of its own."""

    def __init__(self, to_port, seed, faults=None):
        self.to_port, self.rng, self.armed = to_port, random.Random(seed), False
        self.faults = FAULTS if faults is None else faults
        self.done = collections.Counter()
        self.loop = asyncio.new_event_loop()
        started = threading.Event()
        self.thread = threading.Thread(target=self.run, args=(started,), daemon=True)
        self.thread.start()
        started.wait()

    def run(self, started):
        asyncio.set_event_loop(self.loop)
        server = self.loop.run_until_complete(asyncio.start_server(self.serve, "127.0.0.1", 0, limit=1 << 22))
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        self.loop.run_forever()
        server.close()
        ending = asyncio.all_tasks(self.loop)
        for task in ending:
            task.cancel()
        self.loop.run_until_complete(asyncio.gather(*ending, return_exceptions=True))
        self.loop.close()

    def arm(self, armed=True):
        self.armed = armed

    def stop(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()

    def hit(self, fault):
        """Whether this fault happens now."""
        if not self.armed or self.rng.random() >= self.faults.get(fault, 0):
            return False
        self.done[fault] += 1
        return True

    async def serve(self, near_reader, near_writer):
        far_writer = None
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.to_port, limit=1 << 22)
            swallow = collections.deque()  # for each command sent on: whether its reply is passed on
            pumps = [asyncio.ensure_future(self.commands(near_reader, far_writer, swallow)),
                     asyncio.ensure_future(self.replies(far_reader, near_writer, swallow))]
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
        except OSError:
            pass
        finally:
            for writer in (near_writer, far_writer):
                if writer:
                    writer.transport.abort()

    async def commands(self, near, far, swallow):
        while True:
            command = await read_item(near)
            if self.hit("lose_command"):
                raise Cut
            twice = b"EVALSHA" in command[:40] and self.hit("repeat_command")
            swallow.append(False)
            far.write(command)
            if twice:
                swallow.append(True)
                far.write(command)
            await far.drain()

    async def replies(self, far, near, swallow):
        while True:
            reply = await read_item(far)
            if swallow.popleft() or self.hit("drop_reply"):
                continue
            if self.hit("lose_reply"):
                raise Cut
            if self.hit("delay"):
                await asyncio.sleep(self.rng.uniform(0.001, 0.04))  # tidy: allowed
            if self.hit("stall"):
                await asyncio.sleep(1)  # tidy: allowed
            if self.hit("truncate"):
                near.write(reply[:max(1, len(reply) // 2)])
                await near.drain()
                raise Cut
            near.write(reply * (2 if self.hit("repeat_reply") else 1))
            await near.drain()
