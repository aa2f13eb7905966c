#!/usr/bin/env python3
"""What a request costs, counted in instructions of our own code and in allocations: exact on any machine,
however busy, so that a slow path or a forgotten allocation is seen when it comes in.

The counts stand in instructions.json by compiler and kind of build: both decide what is inlined.
RECORD_INSTRUCTIONS=1 writes them anew: for a change that is worth its cost. A build that is not in there is held to
no count. What libraries do is not counted: they choose their code by the processor. What watches (access log, spans,
alerts, analytics) is held against the same request without it, by any compiler."""
import json
import os
import re
import shutil
import subprocess

from callgrind import collector, profile
from harness import BUILD, run

HERE = os.path.dirname(os.path.abspath(__file__))
COUNTS = os.path.join(HERE, "instructions.json")
FEW, MANY = 50, 200  # requests of the two runs: what start and warming up cost goes out with the difference
TOLERANCE = 0.03
OURS = re.compile(r"(policies|proxy)::")
NOT_A_REQUESTS = re.compile(r"proxy::io::reactor::")  # the loop's turns depend on time
ALLOCATES = {"malloc", "calloc", "realloc"}
WATCHED_MOST = 1.03  # times what a request takes of the data thread with nothing that watches


def own_instructions(thread):
    return sum(cost for name, cost in thread.cost.items() if OURS.match(name) and not NOT_A_REQUESTS.match(name))


def allocations(thread):
    return sum(count for name, count in thread.calls.items()
               if name in ALLOCATES or name.startswith("operator new"))


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


def build():
    """g++ 12.2.0 RelWithDebInfo unity"""
    with open(os.path.join(BUILD, "CMakeCache.txt"), encoding="utf-8") as file:
        cache = dict(re.findall(r"^(\w+):\w+=(.*)$", file.read(), re.M))
    version = subprocess.run([cache["CMAKE_CXX_COMPILER"], "-dumpfullversion"], capture_output=True, text=True,
                             check=True).stdout.strip()
    return f"g++ {version} {cache['CMAKE_BUILD_TYPE']}" + (" unity" if cache["DEEPSEEK_UNITY"] == "ON" else "")


def recorded():
    with open(COUNTS, encoding="utf-8") as file:
        return json.load(file)


def a_warm_request_takes_as_many_instructions_as_it_did_and_no_memory():
    """Instructions of our own code a request within 3 % of the recorded, and no allocation once warm."""
    found, known = {}, recorded()
    for name, (body, answer) in CASES.items():
        few, many = (profile(count, lambda _, body=body: body, answer).data for count in (FEW, MANY))
        found[name] = round((own_instructions(many) - own_instructions(few)) / (MANY - FEW))
        allocated = (allocations(many) - allocations(few)) / (MANY - FEW)
        assert found[name] > 1000, f"{name}: nothing was counted"
        # A segment of the journal or a page of random ids now and then: far from one a request.
        assert allocated < 0.1, f"{name}: {allocated:.2f} allocations a request"
        print(f"     {name}: {found[name]} instructions, {allocated:.3f} allocations a request")
    if os.environ.get("RECORD_INSTRUCTIONS"):
        known[build()] = found
        with open(COUNTS, "w", encoding="utf-8") as file:
            json.dump(dict(sorted(known.items())), file, indent=1)
            file.write("\n")
    expected = known.get(build())
    if expected is None:
        print(f"     no counts are recorded for {build()}: RECORD_INSTRUCTIONS=1 does")
        return
    for name, count in found.items():
        low, high = expected[name] * (1 - TOLERANCE), expected[name] * (1 + TOLERANCE)
        assert low <= count <= high, (
            f"{name}: {count} instructions a request, recorded are {expected[name]} ± 3 %. If that is "
            "worth it (or it became cheaper), record it: RECORD_INSTRUCTIONS=1")


def what_watches_costs_little():
    """With access log, spans, alerts and analytics a request takes at most 3 % more of the data thread than without"""
    took = {}
    with collector() as url:
        hook = f'receiver = [{{name = "hook", kind = "webhook", url = "{url}"}}]'
        for name, settings in {
                "nothing watches": {"insight": ["enabled = false"]},
                "all watches": {"log": ['access = "/dev/null"'], "trace": [f'url = "{url}"'], "alerts": [hook]}}.items():
            few, many = (profile(count, lambda _: chat(900), settings=settings) for count in (FEW, MANY))
            took[name] = (many.data_instructions() - few.data_instructions()) / (MANY - FEW)
            telling = (many.telling_instructions() - few.telling_instructions()) / (MANY - FEW)
            print(f"     {name}: {took[name]:.0f} instructions of the data thread, {telling:.0f} of those that tell")
    assert took["all watches"] <= WATCHED_MOST * took["nothing watches"], took


if __name__ == "__main__":
    assert shutil.which("valgrind"), "valgrind is missing: deploy/packages/test has it"
    assert os.path.exists(os.path.join(BUILD, "deepseek-proxy"))
    run([a_warm_request_takes_as_many_instructions_as_it_did_and_no_memory, what_watches_costs_little])
