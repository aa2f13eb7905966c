"""Child processes of a measurement: started in a group of their own, their output kept in files,
ended by their own id. Knows nothing of gateways."""
import os
import shlex
import signal
import socket
import subprocess
import time


class Failed(Exception):
    """Something of the target's or of this machine's did not work; said in words."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Child:
    def __init__(self, command, directory, name, env=None):
        self.command = command
        self.log = os.path.join(directory, name + ".log")
        with open(self.log, "ab") as out:
            words = command if isinstance(command, list) else shlex.split(command)
            try:
                self.process = subprocess.Popen(
                    words, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                    cwd=directory, env={**os.environ, **(env or {})}, start_new_session=True)
            except OSError as error:
                raise Failed(f"{words[0]}: {error.strerror}") from error

    def signal(self, which):
        """To the whole group: a gateway may have workers."""
        try:
            os.killpg(self.process.pid, which)
        except ProcessLookupError:
            pass

    def kill(self):
        self.signal(signal.SIGKILL)
        self.process.wait()

    def stop(self, seconds=10):
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                pass
        self.kill()

    def tail(self, lines=12):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return "".join(file.readlines()[-lines:])

    def wait_for_line(self, pattern, seconds=15):
        """The match of `pattern` in what it printed."""
        def look():
            with open(self.log, encoding="utf-8", errors="replace") as file:
                return pattern.search(file.read())
        return self.wait_until(look, seconds)

    def wait_until(self, ready, seconds):
        """Polls until `ready()` is true while the process lives."""
        until = time.monotonic() + seconds
        while True:
            found = ready()
            if found:
                return found
            if self.process.poll() is not None or time.monotonic() > until:
                raise Failed(f"did not become ready: {self.command}\n{self.tail()}")
            time.sleep(0.01)  # tidy: allowed


def listens(host, port):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, port)) == 0


def poll(condition, seconds, step=0.05):
    """The first true value of `condition()`, or its last when the time is over."""
    until = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > until:
            return value
        time.sleep(step)  # tidy: allowed
