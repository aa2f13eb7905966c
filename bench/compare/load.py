"""One turn of load on one proxy: closed-loop by wrk for its cost, open-loop for its latency."""
import collections
import os
import re
import subprocess
import sys

from processes import BUILD, cpu_seconds


def script(directory, name, secrets, body, headers=()):
    """A wrk script that sends `body` with each of the secrets in turn."""
    path = os.path.join(directory, name + ".lua")
    with open(path, "w", encoding="utf-8") as file:
        file.write('wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\n'
                   f"wrk.body = [[{body}]]\nwrk.path = \"/v1/chat/completions\"\n")
        for name_, value in headers:
            file.write(f'wrk.headers["{name_}"] = "{value}"\n')
        file.write(f'wrk.headers["Authorization"] = "Bearer {secrets[0]}"\n')
        if len(secrets) > 1:
            file.write("local secrets = {" + ",".join(f'"{s}"' for s in secrets) + "}\n"
                       "local at = 0\nlocal requests = {}\n"
                       "function init() for i, s in ipairs(secrets) do\n"
                       '  wrk.headers["Authorization"] = "Bearer " .. s\n'
                       "  requests[i] = wrk.format() end end\n"
                       "function request() at = at % #requests + 1 return requests[at] end\n")
        file.write('function done(s, l, r)\n'
                   '  io.write(string.format("RESULT %d %d %d %d %d %d\\n", s.requests,'
                   ' s.errors.status, s.errors.read + s.errors.timeout + s.errors.connect,'
                   ' l:percentile(50), l:percentile(99), l:percentile(99.9)))\nend\n')
    return path


def turn(peer, seconds, connections, refused=0.0):
    """CPU microseconds a request (the proxy's, and its Redis's apart), requests/s, latency in us."""
    before = cpu_seconds(peer.pid), cpu_seconds(peer.redis) if peer.redis else 0
    out = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s",
                          "-s", peer.script, peer.url], capture_output=True, text=True,
                         check=False).stdout
    used = cpu_seconds(peer.pid) - before[0]
    redis = cpu_seconds(peer.redis) - before[1] if peer.redis else 0
    found = re.search(r"RESULT (.*)", out)
    if not found:
        sys.exit(f"wrk said nothing of {peer.name}: {out}")
    requests, bad, broken, p50, p99, p999 = map(int, found.group(1).split())
    expected = refused if peer.enforces else 0
    if broken or not requests or abs(bad / requests - expected) > (0.02 if 0 < expected < 1 else 0):
        sys.exit(f"{peer.name}: {bad} error answers and {broken} broken connections of {requests}\n"
                 f"{out}")
    return {"us": used * 1e6 / requests, "redis_us": redis * 1e6 / requests,
            "rps": requests / seconds, "p50": p50, "p99": p99, "p999": p999}


def latency(peer, secret, body, rate, seconds):
    """Latencies in us, from each request's appointed time, with `rate` of them a second."""
    head = ("POST /v1/chat/completions HTTP/1.1\r\nHost: bench\r\n"
            f"Authorization: Bearer {secret}\r\nContent-Type: application/json\r\n"
            + "".join(f"{name}: {value}\r\n" for name, value in peer.headers)
            + f"Content-Length: {len(body)}\r\n\r\n")
    request = (head + body).encode()
    shots = [f"target 127.0.0.1 {peer.port}\n".encode()]
    for number in range(int(rate * seconds)):
        shots.append(f"shot {int(number * 1e6 / rate)} 0 -1 {len(request)}\n".encode())
        shots.append(request + b"\n")
    out = subprocess.run([os.path.join(BUILD, "deepseek-bench-load"), "5000", "0", "blocks"],
                         input=b"".join(shots), capture_output=True, check=True).stdout.decode()
    taken, late, bad = [], 0, collections.Counter()
    for line in out.splitlines()[1:]:
        shot, sent, _, end, status, _, how = line.split()
        intended = int(int(shot) * 1e6 / rate)
        late += int(sent) > intended + 5000
        if how == "done" and status == "200":
            taken.append(int(end) - intended)
        else:
            bad[f"{how} {status}"] += 1
    if len(taken) < 0.99 * rate * seconds:
        sys.exit(f"{peer.name}: {int(rate * seconds)} requests were not answered well: {dict(bad)}")
    taken.sort()
    at = lambda share: taken[min(len(taken) - 1, int(share * len(taken)))]  # noqa: E731
    return {"rate": rate, "p50": at(.5), "p99": at(.99), "p999": at(.999),
            "late": late / len(taken)}
