"""What all faults of chaos_test.py have in common: load at a steady pace, a fault put in and taken away, and
what it cost by the books. Knows no fault."""
import asyncio
import contextlib
import dataclasses
import os
import sys
import threading
import time

from harness import Process, Proxy, Simulator, eventually
from faults import Faults
from load import Result, chat_shot, fire

START = 1795348800  # 2026-11-22T12:00:00Z: prices do not change within hours
CLOCK = ("--clock", "2026-11-22T12:00:00Z")
LIMIT = 50  # dollars
RELAY = os.path.join(os.path.dirname(__file__), "..", "support", "relay.py")


class Load:
    """Requests at a steady pace, to one node after the other, whatever becomes of them, until stopped."""

    def __init__(self, nodes, secret, rng, per_second):
        self.nodes, self.secret, self.rng, self.pause = nodes, secret, rng, 1 / per_second
        self.statuses, self.stopping = [], False
        self.thread = threading.Thread(target=lambda: asyncio.run(self.go()))
        self.thread.start()

    async def go(self):
        under_way, sent, began = set(), 0, time.monotonic()
        while not self.stopping:
            task = asyncio.create_task(self.one(self.nodes[sent % len(self.nodes)].port))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
            sent += 1
            await asyncio.sleep(max(0, began + sent * self.pause - time.monotonic()))  # tidy: allowed (the pace)
        await asyncio.gather(*under_way)

    async def one(self, port):
        shot = chat_shot(self.rng, tokens=(10, 200))
        shot.hang_up_after = None
        try:
            result = await asyncio.wait_for(fire(port, self.secret, shot), 60)
        except asyncio.TimeoutError:
            result = Result()
        whole = result.status == 200 and (not shot.body.get("stream") or b"[DONE]" in result.body)
        self.statuses.append(result.status if whole or result.status != 200 else -200)

    def served(self):
        return self.statuses.count(200)

    def failed(self):
        return len(self.statuses) - self.served()

    def stop(self):
        self.stopping = True
        self.thread.join()


@dataclasses.dataclass
class Row:
    fault: str
    sent: int
    failed: int
    lost: int   # nano-dollars billed and not charged
    above: int  # charged and not billed
    rows: int   # requests that the upstream saw and the ledger does not have
    recovery: float
    most: float  # seconds that recovery may take

    def __str__(self):
        return (f"| {self.fault} | {self.sent} | {self.failed} | {self.lost / 1e9:g} | {self.above / 1e9:.6f} "
                f"| {self.rows} | {self.recovery:.2f} |")


HEADER = ("| fault | requests | failed | money lost, $ | charged above the bill, $ | ledger rows lost | recovery, s |\n"
          "|---|---|---|---|---|---|---|")


class Stage:
    """Proxies, the upstream's books, and a key under load. Faults come one after the other; each is charged what
    changed since the last."""
    pace = 150

    def __init__(self, rng):
        self.rng, self.nodes, self.booked = rng, [], (0, 0)

    def begin(self):
        self.key = self.nodes[0].create_key(rate_limits={"monthly_spending_limit": LIMIT})
        for node in self.nodes:
            eventually(lambda: node.chat(self.key["key"], max_tokens=1)[0] == 200, "it serves")

    def settled(self):
        usage = self.nodes[0].usage(self.key["id"])
        rows = [row for node in self.nodes for row in node.ledger() if row["dispatched"]]
        return usage["held_nano_usd"] == 0 and usage["dispatched"] == len(rows) and (usage, rows)

    def answers(self, node):
        try:
            return node.chat(self.key["key"], max_tokens=1, timeout=5)[0] == 200
        except OSError:
            return False

    def suffer(self, name, fault, seen, most=3.0):
        """Load, the fault until `seen(load)`, then how long until all nodes serve again; a Row."""
        load = Load(self.nodes, self.key["key"], self.rng, self.pace)
        try:
            eventually(lambda: load.served() > 20, "load is served", 30)
            with contextlib.ExitStack() as during:
                during.enter_context(fault)
                eventually(lambda: seen(load), name, 30)
                ended = time.monotonic()
            for index in range(len(self.nodes)):
                eventually(lambda: self.answers(self.nodes[index]), "served again", 60)
            recovery = time.monotonic() - ended
            served = load.served()
            eventually(lambda: load.served() > served + 20, "load is served again", 60)
        finally:
            load.stop()
        return self.account(Row(name, len(load.statuses), load.failed(), 0, 0, 0, recovery, most))

    def account(self, row):
        usage, rows = eventually(self.settled, "all is settled and applied", 60)
        ledger = [r["request_id"] for r in rows]
        seen = [r["request_id"] for r in self.simulator.requests()]
        assert len(ledger) == len(set(ledger)), "a request stands twice in the ledger"
        assert len(seen) == len(set(seen)), "a request went upstream twice"
        bill, charged = self.simulator.bill()["total_nano"], usage["cost_nano_usd"]
        assert charged == sum(r["cost_nano_usd"] for r in rows), "roll-ups differ from rows"
        assert charged <= LIMIT * 10 ** 9
        row.lost, row.rows = max(0, bill - charged), len(set(seen) - set(ledger))
        row.above = (charged - bill) - (self.booked[1] - self.booked[0])
        self.booked = bill, charged
        print(row, flush=True)
        return row


class Embedded(Stage):
    """One proxy whose system calls and clock can be made to fail, and a relay before its upstream."""
    settings = {"server": ["threads = 1"], "store": ["journal_segment_bytes = 65536"],
                "upstream": ["first_byte_timeout_s = 1", "idle_timeout_s = 1"]}

    def __init__(self, directory, rng):
        super().__init__(rng)
        self.directory, self.faults = directory, Faults(directory)
        self.simulator = Simulator("--tokens", "bytes", "--prices", "table", *CLOCK)
        self.clock = START - time.time()
        self.faults.move_clock(self.clock)
        self.simulator.config(greedy=True, ttft_ms=20)
        self.relay_port = 0
        self.start_relay()
        self.start_proxy()
        self.begin()

    def start_relay(self):
        self.relay = Process([sys.executable, RELAY, str(self.relay_port), str(self.simulator.port)],
                             r"relay on (\d+)")
        self.relay_port = int(self.relay.match.group(1))

    def start_proxy(self):
        self.nodes[:] = [Proxy(os.path.join(self.directory, "data"), f"http://127.0.0.1:{self.relay_port}",
                               self.settings, env=self.faults.env)]
        self.faults.tell_ports(self.nodes[0].admin_port, self.relay_port)

    def end(self):
        self.faults.disarm()
        for each in (*self.nodes, self.relay, self.simulator):
            each.kill()
