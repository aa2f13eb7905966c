"""The judge: deepseek-simulator with flat prices, one token a prompt byte, and answers as long as
they may be. Its rows say what arrived when and what it costs; nothing else is believed."""
import http.client
import json
import os
import re
import time

from .places import BUILD
from .processes import Child, Failed

PROMPT_NANO, OUTPUT_NANO = 150, 600  # nano-dollars a token: 0.15 and 0.60 USD per million


class Upstream:
    key = "sk-upstream-of-deepseek-bench"  # any is accepted: a gateway wants one

    def __init__(self, directory, listen="127.0.0.1:0"):
        self.child = Child([os.path.join(BUILD, "deepseek-simulator"), "--listen", listen, "--any-key",
                            "--tokens", "bytes", "--prices", "flat", "--greedy"], directory, "upstream")
        pattern = re.compile(r"listening on http://([\d.]+):(\d+)")
        match = self.child.wait_for_line(pattern)
        self.host, self.port = match.group(1), int(match.group(2))
        self.first = 0  # rows up to here belong to trials that are over

    @property
    def url(self):
        return f"http://{self.host}:{self.port}"

    def _control(self, method, path, body=None):
        connection = http.client.HTTPConnection(self.host, self.port, timeout=60)
        try:
            connection.request(method, "/__sim/" + path, body and json.dumps(body))
            answer = connection.getresponse()
            data = answer.read()
        finally:
            connection.close()
        if answer.status != 200:
            raise Failed(f"upstream: {path}: {data[:200]}")
        return json.loads(data)

    def configure(self, **settings):
        self._control("POST", "config", {"flash_concurrency": 100_000, "pro_concurrency": 100_000,
                                         "faults": [], "ttft_ms": 0, "token_delay_ms": 0,
                                         "chunk_tokens": 0, **settings})

    def begin(self):
        """What is looked at from here on begins with the next request."""
        self.first += len(self.rows())

    def rows(self):
        """All requests since begin(), in order of arrival."""
        found = []
        while True:
            page = self._control("GET", f"requests?after={self.first + len(found)}")
            if not page:
                return found
            found += page

    def quiet(self, seconds=60):
        """The rows once none is in flight and no more of them come."""
        until, before = time.monotonic() + seconds, None
        while time.monotonic() < until:
            rows = self.rows()
            now = (len(rows), sum(r["done"] for r in rows))
            if now == before and now[0] == now[1]:
                return rows
            before = now
            time.sleep(0.2)  # tidy: allowed
        raise Failed(f"requests were in flight upstream {seconds} s after the last one was offered")

    def stop(self):
        self.child.stop()


def bill(rows):
    return sum(r["cost_nano"] for r in rows if r["billed"])


def cost(prompt_tokens, output_tokens):
    return prompt_tokens * PROMPT_NANO + output_tokens * OUTPUT_NANO
