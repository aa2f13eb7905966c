"""Faults inside the proxy: the library of tests/support/faults.cpp counts its system calls, and at the n-th
of a kind makes it die, fail or wait. What it is to do stands in a page of memory shared with this program."""
import contextlib
import ctypes
import errno
import mmap
import os
import struct

from harness import BUILD

LIBRARY = os.path.abspath(os.path.join(BUILD, "libfaults.so"))
HEAD = struct.Struct("=IIIiIIIIIIIIq")  # control in faults.cpp, up to the counts
ACTIONS = {"none": 0, "die before": 1, "die after": 2, "fail": 3, "delay": 4}
DISK = ("segment", "folder", "database", "wal", "file")


def names():
    said = ctypes.CDLL(LIBRARY).faults_names
    said.restype = ctypes.c_char_p
    return [group.split() for group in said().decode().split(",")]


class Faults:
    """One page: given to a proxy with `env`, it says what happens in that proxy and what it has done so far."""

    def __init__(self, directory):
        self.calls, self.targets = names()
        self.path = os.path.join(directory, "faults.page")
        size = HEAD.size + 8 * len(self.calls) * len(self.targets)
        with open(self.path, "w+b") as file:
            file.truncate(size)
            self.page = mmap.mmap(file.fileno(), size)
        self.ports = [0, 0, 0]  # admin, upstream, store

    @property
    def env(self):
        return {"LD_PRELOAD": LIBRARY, "FAULTS_CONTROL": self.path}

    def tell_ports(self, admin=None, upstream=None, store=None):
        """By which the kinds of connections are told apart; what else there is are clients'."""
        self.ports = [new or old for new, old in zip((admin, upstream, store), self.ports)]
        struct.pack_into("=III", self.page, 32, *self.ports)

    def arm(self, action, calls, targets, skip=0, error=errno.EIO, delay_s=0.0):
        """From the passage after `skip` others on, at all of `calls` to all of `targets`."""
        self.disarm()
        bits = [sum(1 << known.index(each) for each in given)
                for known, given in ((self.calls, calls), (self.targets, targets))]
        struct.pack_into("=IIiIIII", self.page, 4, *bits, error, int(delay_s * 1e6), skip, 0, 0)
        struct.pack_into("=I", self.page, 0, ACTIONS[action])

    def disarm(self):
        struct.pack_into("=I", self.page, 0, 0)

    def hits(self):
        return struct.unpack_from("=I", self.page, 28)[0]

    def move_clock(self, seconds):
        """The proxy's clock, from the machine's."""
        struct.pack_into("=q", self.page, 48, int(seconds * 1e9))

    def counts(self):
        """(call, target) -> how often it was passed."""
        all_of_them = struct.unpack_from(f"={len(self.calls) * len(self.targets)}Q", self.page, HEAD.size)
        return {(call, target): all_of_them[i * len(self.targets) + j] for i, call in enumerate(self.calls)
                for j, target in enumerate(self.targets) if all_of_them[i * len(self.targets) + j]}

    @contextlib.contextmanager
    def armed(self, *how, **more):
        self.arm(*how, **more)
        try:
            yield
        finally:
            self.disarm()
