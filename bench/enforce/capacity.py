"""How many requests a second this machine can offer before deepseek-bench would give no verdict: the
generator and the upstream, with no gateway between them."""
import shutil
import tempfile

from . import load
from .load import Load, Shot
from .theory import quantile
from .upstream import Upstream

RATES = (500, 1000, 2000, 4000, 6000, 8000, 12000, 16000, 24000)
SECONDS = 3
LATE_S = 0.1


def offer(upstream, rate):
    offers = Load(load.program(), [upstream.url], "/v1/chat/completions",
                  {"Authorization": "Bearer {secret}"}, LATE_S)
    body = {"model": "deepseek-flash", "max_tokens": 5,
            "messages": [{"role": "user", "content": "hi"}]}
    return offers.fire([Shot(i / rate, body, "any") for i in range(rate * SECONDS)], patience_s=20)


def main():
    directory = tempfile.mkdtemp(prefix="deepseek-bench-")
    upstream = Upstream(directory)
    best = 0
    print("| requests/s offered | late p50 / p99 / most, ms | answered | schedule |\n|---|---|---|---|")
    try:
        for rate in RATES:
            volley = offer(upstream, rate)
            late = [1000 * x for x in volley.lateness()]
            answered = volley.statuses().get(200, 0) / len(volley.shots)
            kept = not volley.behind(LATE_S)
            print(f"| {rate:,} | {quantile(late, 0.5):.1f} / {quantile(late, 0.99):.1f} / "
                  f"{max(late, default=0):.1f} | {answered:.1%} | {'kept' if kept else 'fell behind'} |",
                  flush=True)
            if not kept:
                break
            best = rate
    finally:
        upstream.stop()
        shutil.rmtree(directory, ignore_errors=True)
    print(f"\nThis machine offers {best:,} requests/s on schedule, with the upstream beside it.")
    return 0
