#!/usr/bin/env python3
"""What deploy/docs tells an operator to type is typed: blocks that begin with `sh run`."""
import os
import re
import subprocess

from harness import BUILD, Proxy, Simulator, run, workspace

DOCS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "deploy", "docs")
BLOCK = re.compile(r"^```sh run\n(.*?)^```", re.S | re.M)


def commands_work():
    """every runnable block, in order, against a running proxy; the paths are a directory's"""
    count = 0
    for name in sorted(os.listdir(DOCS)):
        if not name.endswith(".md"):
            continue
        with open(os.path.join(DOCS, name), encoding="utf-8") as file:
            blocks = BLOCK.findall(file.read())
        if not blocks:
            continue
        with workspace() as directory:
            simulator = Simulator()
            proxy = Proxy(os.path.join(directory, "lib"), f"http://127.0.0.1:{simulator.port}",
                          {"admin": ["key = none"]})
            try:
                for block in blocks:
                    script = (block.replace("/etc/deepseek-proxy/config.toml", proxy.config)
                              .replace("/var/lib/deepseek-proxy", proxy.directory))
                    done = subprocess.run(["bash", "-euc", script], capture_output=True, text=True, timeout=120,
                                          env={**os.environ, "PATH": BUILD + ":" + os.environ["PATH"],
                                               "TEST_REAL_KEY": "x"}, check=False)
                    assert done.returncode == 0, (name, script, done.stdout, done.stderr)
                    count += 1
            finally:
                proxy.stop()
                simulator.kill()
    assert count >= 4, count


def links_lead_somewhere():
    """every relative link of the documents names a file that is there"""
    root = os.path.join(DOCS, "..", "..")
    for folder, names in ((DOCS, os.listdir(DOCS)), (root, ["README.md"]), (os.path.join(root, ".github"), ["SECURITY.md"])):
        for name in names:
            if not name.endswith(".md"):
                continue
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", file.read()):
                    assert os.path.exists(os.path.join(folder, target)), (name, target)


if __name__ == "__main__":
    run([commands_work, links_lead_somewhere])
