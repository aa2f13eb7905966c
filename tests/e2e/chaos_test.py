#!/usr/bin/env python3
"""Faults with traffic running, one after the other, and a table of what each cost: requests, money, ledger rows,
seconds to recover. CHAOS=all takes all of them, and holds recovery to its bars."""
import contextlib
import errno
import os
import random
import resource
import signal
import time

from chaos import HEADER, CLOCK, Embedded, Stage
from faults import DISK
from harness import Proxy, Simulator, run, workspace
from redis_servers import Sentinels, Server

ALL = os.environ.get("CHAOS", "") == "all"
TABLE = []


def for_seconds(seconds):
    until = []

    def over(_):
        until.append(time.monotonic() + seconds)
        return time.monotonic() > until[0]
    return over


def failures(count):
    """Of requests, since the fault."""
    before = []

    def over(load):
        before.append(load.failed())
        return load.failed() >= before[0] + count
    return over


@contextlib.contextmanager
def proxy_dies(stage):
    stage.nodes[0].kill()
    yield
    stage.start_proxy()


@contextlib.contextmanager
def upstream_dies(stage):
    stage.relay.kill()
    yield
    stage.start_relay()


@contextlib.contextmanager
def stopped(process):
    process.child.send_signal(signal.SIGSTOP)
    yield
    process.child.send_signal(signal.SIGCONT)


@contextlib.contextmanager
def answers_are(stage, *kinds):
    stage.simulator.config(faults=[{"fault": kind, "probability": 0.7 / len(kinds)} for kind in kinds])
    yield
    stage.simulator.config(faults=[])


@contextlib.contextmanager
def few_descriptors(stage):
    pid, before = stage.nodes[0].pid, resource.prlimit(stage.nodes[0].pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (32, before[1]))
    yield
    resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


@contextlib.contextmanager
def clock_set_back(stage, seconds):
    stage.faults.move_clock(stage.clock - seconds)
    yield
    stage.faults.move_clock(stage.clock)


@contextlib.contextmanager
def redis_dies(server):
    server.kill()
    yield
    server.start()


@contextlib.contextmanager
def redis_freezes(server):
    server.freeze()
    yield
    server.thaw()


@contextlib.contextmanager
def master_gone(how):
    how()
    yield


def everything_local():
    """The proxy, its disk, its clock, its descriptors and its upstream"""
    with workspace() as directory:
        stage = Embedded(directory, random.Random(1))
        disk = stage.faults.armed
        writing = ("open", "allocate", "write", "rename", "cut")
        try:
            suffer = lambda *how: TABLE.append(stage.suffer(*how))
            suffer("kill -9 of the proxy", proxy_dies(stage), failures(20))
            suffer("kill -9 of the upstream", upstream_dies(stage), failures(20))
            suffer("upstream frozen, past the deadline", stopped(stage.simulator), failures(20))
            suffer("disk full", disk("fail", writing, DISK, error=errno.ENOSPC), failures(20))
            suffer("every sync fails (EIO)", disk("fail", ["sync"], DISK, error=errno.EIO), for_seconds(1))
            suffer("clock back an hour, and ahead again", clock_set_back(stage, 3600), for_seconds(1))
            if not ALL:
                return
            suffer("upstream resets answers in the middle", answers_are(stage, "reset_after:300"), failures(20))
            suffer("upstream stalls, lies about lengths, says garbage",
                   answers_are(stage, "stall_after:400", "chunk_lie", "garbage", "short_body", "drip:1/100"),
                   failures(20))
            suffer("disk read-only", disk("fail", (*writing, "remove"), DISK, error=errno.EROFS), failures(20))
            suffer("every write and sync takes 0.3 s", disk("delay", ("write", "sync"), DISK, delay_s=0.3),
                   for_seconds(2))
            suffer("descriptors exhausted", few_descriptors(stage), failures(20))
        finally:
            stage.end()


class Shared(Stage):
    """Two proxies on one Redis."""

    def __init__(self, directory, rng, redis):
        super().__init__(rng)
        self.simulator = Simulator("--tokens", "bytes", "--prices", "table", *CLOCK)
        self.simulator.config(greedy=True, ttft_ms=20)
        self.directory, self.url, self.nodes = directory, redis.url, [None, None]
        for index in range(2):
            self.start_node(index)
        self.begin()

    def start_node(self, index):
        self.nodes[index] = Proxy(os.path.join(self.directory, f"node{index}"),
                                  f"http://127.0.0.1:{self.simulator.port}",
                                  {"store": [f'url = "{self.url}"']}, CLOCK)

    def end(self):
        for each in (*self.nodes, self.simulator):
            each.kill()


def one_redis():
    """The Redis that two proxies share dies and comes back, and freezes"""
    with workspace() as directory:
        redis = Server(directory, "redis", "--appendfsync", "always")
        stage = Shared(directory, random.Random(2), redis)
        try:
            TABLE.append(stage.suffer("kill -9 of Redis", redis_dies(redis), failures(20)))
            TABLE.append(stage.suffer("Redis frozen", redis_freezes(redis), failures(20)))
            TABLE.append(stage.suffer("kill -9 of one of two proxies", second_dies(stage), failures(20)))
        finally:
            redis.thaw()
            stage.end()
            redis.kill()


@contextlib.contextmanager
def second_dies(stage):
    stage.nodes[1].kill()
    yield
    stage.start_node(1)


def a_failover():
    """The master behind three sentinels dies, and the next one hangs"""
    if not ALL:
        print("  skipped: CHAOS=all")
        return
    with workspace() as directory:
        redis = Sentinels(directory)
        stage = Shared(directory, random.Random(3), redis)
        try:
            now = lambda load: True  # nobody takes the fault away: recovery counts from it
            TABLE.append(stage.suffer("kill -9 of the Redis master: failover", master_gone(redis.master().kill), now, 15))
        finally:
            stage.end()
            redis.kill()


def nothing_was_lost():
    """The table"""
    print(HEADER)
    for row in TABLE:
        print(row)
    for row in TABLE:
        assert row.lost == 0 and row.rows == 0, row
        assert not ALL or row.recovery <= row.most, row


if __name__ == "__main__":
    run([everything_local, one_redis, a_failover, nothing_was_lost])
