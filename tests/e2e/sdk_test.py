#!/usr/bin/env python3
"""The unmodified openai and @anthropic-ai/sdk packages through the proxy, against the simulator."""
import os
import subprocess

from harness import node_packages, run, stack

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sdk")


def install():
    """The packages, and beside them the program that uses them."""
    place = node_packages(HERE, "sdk-tests")
    script = os.path.join(place, "sdk.mjs")
    if os.path.lexists(script):
        os.remove(script)
    with open(os.path.join(HERE, "sdk.mjs"), encoding="utf-8") as file, \
            open(script, "w", encoding="utf-8") as copy:
        copy.write(file.read())
    return place


def sdks_work_unmodified():
    """chat, streams, tools, models, FIM, Responses, Anthropic, files, typed errors, retry-after"""
    place = install()
    with stack() as (simulator, proxy):
        keys = {
            "SUB_KEY": proxy.create_key("full"),
            "NARROW_KEY": proxy.create_key("narrow", models=["deepseek-flash"]),
            "SLOW_KEY": proxy.create_key("slow", rate_limits={"requests_per_minute": 60,
                                                              "burst_requests": 1}),
            "SPENT_KEY": proxy.create_key("spent", rate_limits={"monthly_spending_limit": 0}),
            "EXPIRED_KEY": proxy.create_key("expired", expires_at="2020-01-01T00:00:00Z"),
        }
        env = {**os.environ, **{name: key["key"] for name, key in keys.items()},
               "PROXY_URL": f"http://127.0.0.1:{proxy.port}",
               "SIM_URL": f"http://127.0.0.1:{simulator.port}"}
        done = subprocess.run(["node", "sdk.mjs"], cwd=place, env=env, capture_output=True, text=True,
                              timeout=180)
        print(done.stdout, end="")
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("ok ") == 12, "not every check ran"


if __name__ == "__main__":
    run([sdks_work_unmodified])
