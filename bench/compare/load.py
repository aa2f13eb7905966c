"""One turn of load on one proxy by wrk, and what it cost."""
import os
import re
import subprocess
import sys

from processes import cpu_seconds


def script(directory, name, secret, body):
    path = os.path.join(directory, name + ".lua")
    with open(path, "w", encoding="utf-8") as file:
        file.write('wrk.method = "POST"\n'
                   f'wrk.headers["Authorization"] = "Bearer {secret}"\n'
                   'wrk.headers["Content-Type"] = "application/json"\n'
                   f"wrk.body = [[{body}]]\n"
                   'wrk.path = "/v1/chat/completions"\n'
                   'function done(s, l, r)\n'
                   '  io.write(string.format("RESULT %d %d %d %d %d\\n", s.requests, s.errors.status,'
                   ' s.errors.read + s.errors.timeout + s.errors.connect, l:percentile(50),'
                   ' l:percentile(99)))\nend\n')
    return path


def turn(pid, port, lua, seconds, connections, refused=False):
    """CPU microseconds a request (of the process `pid`), requests/s, latency in microseconds."""
    before = cpu_seconds(pid)
    out = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", lua,
                          f"http://127.0.0.1:{port}"], capture_output=True, text=True,
                         check=False).stdout
    used = cpu_seconds(pid) - before
    requests, bad, broken, p50, p99 = map(int, re.search(r"RESULT (.*)", out).group(1).split())
    if broken or bad != (requests if refused else 0):
        sys.exit(f"{bad} error answers and {broken} broken connections of {requests}\n{out}")
    return {"us": used * 1e6 / requests, "rps": requests / seconds, "p50": p50, "p99": p99}
