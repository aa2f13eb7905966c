#!/usr/bin/env python3
"""What a request costs, counted in instructions of our own code and in allocations: exact on any machine,
however busy, so that a slow path or a forgotten allocation is seen when it comes in.

The counts stand in instructions.json by compiler version. RECORD_INSTRUCTIONS=1 writes them anew: for a
change that is worth its cost. A compiler that is not in there is held to no count."""
import collections
import glob
import http.client
import json
import os
import re
import shutil
import subprocess

from harness import BUILD, Proxy, run, workspace
from recorder import Recorder

HERE = os.path.dirname(os.path.abspath(__file__))
COUNTS = os.path.join(HERE, "instructions.json")
FEW, MANY = 50, 200  # requests of the two runs: what start and warming up cost goes out with the difference
TOLERANCE = 0.03
OURS = re.compile(r"(policies|proxy)::")
NOT_A_REQUESTS = re.compile(r"proxy::io::reactor::")  # the loop's turns depend on time
ALLOCATES = {"malloc", "calloc", "realloc"}


class Counted(Proxy):
    patience = 120


class Profile:
    """The data thread's: instructions by function, calls of functions."""

    def __init__(self, paths):
        found = [self._read(path) for path in paths]
        self.cost, self.calls = max(found, key=lambda one: sum(
            cost for name, cost in one[0].items() if name.startswith("proxy::session::")))

    @staticmethod
    def _read(path):
        """(exclusive cost, calls) by name, of one thread. The format is Valgrind's manual's."""
        names, cost, calls = {}, collections.Counter(), collections.Counter()
        function, called, inclusive = "", "", False

        def name_of(text):
            number, _, name = text.partition(" ")
            if name:
                names[number] = name
            return names[number]
        with open(path, encoding="utf-8") as file:
            for line in file:
                key, _, value = line.rstrip("\n").partition("=")
                if key == "fn":
                    function = name_of(value)
                elif key == "cfn":
                    called = name_of(value)
                elif key == "calls":
                    calls[called] += int(value.split()[0])
                    inclusive = True  # the next line's cost is the called one's
                elif line[:1] in "0123456789+-*" and len(line.split()) == 2:
                    if not inclusive:
                        cost[function] += int(line.split()[1])
                    inclusive = False
        return cost, calls

    def instructions(self):
        return sum(cost for name, cost in self.cost.items()
                   if OURS.match(name) and not NOT_A_REQUESTS.match(name))

    def allocations(self):
        return sum(count for name, count in self.calls.items()
                   if name in ALLOCATES or name.startswith("operator new"))


def profile(requests, body, answer):
    with workspace() as directory:
        out = os.path.join(directory, "callgrind")
        Counted.prefix = ("valgrind", "--tool=callgrind", "--separate-threads=yes",
                          f"--callgrind-out-file={out}")
        upstream = Recorder(answer)
        proxy = Counted(os.path.join(directory, "data"), f"http://127.0.0.1:{upstream.port}",
                        {"server": ["threads = 1"]})
        try:
            limits = {"requests_per_minute": 10**9, "tokens_per_minute": 10**9,
                      "monthly_spending_limit": 900_000, "concurrent_requests": 1000}
            secret = proxy.create_key(rate_limits=limits)["key"]
            client = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=120)
            for _ in range(requests):
                client.request("POST", "/v1/chat/completions", body,
                               {"Authorization": "Bearer " + secret,
                                "Content-Type": "application/json"})
                response = client.getresponse()
                assert response.status == 200 and response.read(), response.status
            client.close()
        finally:
            proxy.stop()
        return Profile(glob.glob(out + "*"))


def sse(events):
    """An answer as the API streams it, in one chunk."""
    event = ('data: {"id":"x","object":"chat.completion.chunk","created":1,"model":"deepseek-flash",'
             '"choices":[{"index":0,"delta":{"content":"word "},"finish_reason":null}],"usage":null}\n\n')
    last = ('data: {"id":"x","object":"chat.completion.chunk","created":1,"model":"deepseek-flash",'
            '"choices":[],"usage":{"prompt_tokens":16,"completion_tokens":50,"total_tokens":66,'
            '"prompt_cache_hit_tokens":0,"prompt_cache_miss_tokens":16}}\n\ndata: [DONE]\n\n')
    text = (event * events + last).encode()
    return (b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"%x\r\n%s\r\n0\r\n\r\n" % (len(text), text))


def chat(prompt_bytes, **fields):
    return json.dumps({"model": "deepseek-flash", "max_tokens": 256, **fields, "messages": [
        {"role": "system", "content": "You are a helpful assistant."},
        {"role": "user", "content": "a prompt " * (prompt_bytes // 9)}]}).encode()


CASES = {"chat": (chat(900), None), "20 kB prompt": (chat(20_000), None),
         "50 events": (chat(900, stream=True), sse(50))}


def compiler():
    return subprocess.run(["g++", "-dumpfullversion"], capture_output=True, text=True,
                          check=True).stdout.strip()


def recorded():
    with open(COUNTS, encoding="utf-8") as file:
        return json.load(file)


def a_warm_request_takes_as_many_instructions_as_it_did_and_no_memory():
    """Instructions of our own code a request within 3 % of the recorded, and no allocation once warm."""
    found, known = {}, recorded()
    for name, (body, answer) in CASES.items():
        few, many = (profile(count, body, answer) for count in (FEW, MANY))
        found[name] = round((many.instructions() - few.instructions()) / (MANY - FEW))
        allocations = (many.allocations() - few.allocations()) / (MANY - FEW)
        assert many.cost and found[name] > 1000, f"{name}: nothing was counted"
        # A segment of the journal or a page of random ids now and then: far from one a request.
        assert allocations < 0.1, f"{name}: {allocations:.2f} allocations a request"
        print(f"     {name}: {found[name]} instructions, {allocations:.3f} allocations a request")
    if os.environ.get("RECORD_INSTRUCTIONS"):
        known[compiler()] = found
        with open(COUNTS, "w", encoding="utf-8") as file:
            json.dump(known, file, indent=1)
            file.write("\n")
    expected = known.get(compiler())
    if expected is None:
        print(f"     no counts are recorded for g++ {compiler()}: RECORD_INSTRUCTIONS=1 does")
        return
    for name, count in found.items():
        low, high = expected[name] * (1 - TOLERANCE), expected[name] * (1 + TOLERANCE)
        assert low <= count <= high, (
            f"{name}: {count} instructions a request, recorded are {expected[name]} ± 3 %. If that is "
            "worth it (or it became cheaper), record it: RECORD_INSTRUCTIONS=1")


if __name__ == "__main__":
    assert shutil.which("valgrind"), "valgrind is missing: deploy/packages/test has it"
    assert os.path.exists(os.path.join(BUILD, "deepseek-proxy"))
    run([a_warm_request_takes_as_many_instructions_as_it_did_and_no_memory])
