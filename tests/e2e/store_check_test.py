#!/usr/bin/env python3
"""`deepseek-proxy store check` on Redis servers that are set well and badly."""
import os
import shutil
import subprocess

from harness import BUILD, Process, free_port, run, workspace

GOOD = ("--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction")


def check(directory, port, *lines):
    config = os.path.join(directory, "check.toml")
    with open(config, "w", encoding="utf-8") as file:
        file.write(f'[store]\npath = "{directory}"\n' + (f'url = "redis://127.0.0.1:{port}"\n' if port else "")
                   + "".join(line + "\n" for line in lines))
    return subprocess.run([os.path.join(BUILD, "deepseek-proxy"), "store", "check", "--config", config],
                          capture_output=True, text=True, timeout=60)


def with_redis(options, judge, *lines):
    with workspace() as directory:
        for _ in range(5):
            port = free_port()
            try:
                redis = Process([shutil.which("redis-server"), "--port", str(port), "--bind", "127.0.0.1",
                                 "--save", "", "--dir", directory, *options], r"Ready to accept connections")
                break
            except RuntimeError:
                continue
        try:
            judge(check(directory, port, *lines), port)
        finally:
            redis.kill()


def a_sound_one_passes():
    """appendonly, synced always, nothing evicted: ok in every line but the missing replica"""
    def judge(done, _):
        assert done.returncode == 0, (done.stdout, done.stderr)
        words = [line.split()[0] for line in done.stdout.splitlines()]
        assert words == ["ok", "ok", "ok", "note", "ok"], done.stdout
    with_redis(GOOD, judge)


def each_fault_is_named_with_what_to_do():
    """no log, lazy log, eviction: a problem that names the setting and the command, and status 1"""
    faults = {"appendonly": ("--appendonly", "no"),
              "appendfsync": ("--appendonly", "yes", "--appendfsync", "no"),
              "maxmemory-policy": (*GOOD, "--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru")}
    for setting, options in faults.items():
        def judge(done, _):
            assert done.returncode == 1, done.stdout
            problems = [line for line in done.stdout.splitlines() if line.startswith("problem")]
            assert len(problems) == 1 and problems[0].split()[1] == setting + ":", done.stdout
            assert f"-> CONFIG SET {setting}" in done.stdout, done.stdout
        with_redis(options, judge)


def what_a_user_may_not_ask_is_told():
    """no CONFIG: a note; no scripts: a problem; no entry: a failure without the password"""
    def judge(done, _):
        assert done.returncode == 1, done.stdout
        assert "settings: cannot be read" in done.stdout and "problem scripts: cannot be run" in done.stdout, done.stdout
    acl = ("--user", "default", "on", "nopass", "~*", "+@all", "-config", "-eval", "-evalsha")
    with_redis((*GOOD, *acl), judge)

    def refused(done, _):
        assert done.returncode == 1 and "secret-of-redis" not in done.stderr + done.stdout, done
        assert "WRONGPASS" in done.stderr or "password" in done.stderr, done.stderr
    os.environ["REDIS_SECRET"] = "secret-of-redis"
    with_redis((*GOOD, "--requirepass", "another"), refused, 'password = "env:REDIS_SECRET"')


def none_and_embedded():
    """nobody listens: a failure that names the address; the embedded store has nothing to set wrongly"""
    with workspace() as directory:
        done = check(directory, free_port())
        assert done.returncode == 1 and "127.0.0.1" in done.stderr, done
        done = check(directory, None)
        assert done.returncode == 0 and directory in done.stdout, done


run([a_sound_one_passes, each_fault_is_named_with_what_to_do, what_a_user_may_not_ask_is_told, none_and_embedded])
