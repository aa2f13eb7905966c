"""Redis servers, sentinels and clusters for tests: processes on ports of the loopback, and just enough
of the protocol to set them up."""
import contextlib
import os
import shutil
import signal
import socket

from harness import Process, eventually, free_port

SLOTS = 16384


class RedisError(Exception):
    pass


class Connection:
    """One connection; a reply is a str, an int, None or a list."""

    def __init__(self, port, timeout=10):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.file = self.socket.makefile("rb")

    def close(self):
        self.file.close()
        self.socket.close()

    def send(self, *words):
        out = b"*%d\r\n" % len(words)
        for word in words:
            word = word if isinstance(word, bytes) else str(word).encode()
            out += b"$%d\r\n%s\r\n" % (len(word), word)
        self.socket.sendall(out)

    def read(self):
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("the connection ended")
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest.decode()
        if kind == b"-":
            return RedisError(rest.decode())
        if kind == b":":
            return int(rest)
        count = int(rest)
        if count < 0:
            return None
        if kind == b"$":
            return self.file.read(count + 2)[:-2].decode("utf-8", "surrogateescape")
        return [self.read() for _ in range(count)]

    def ask(self, *words):
        self.send(*words)
        answer = self.read()
        if isinstance(answer, RedisError):
            raise answer
        return answer


class Server:
    """A redis-server (or a sentinel) in a directory of its own; it keeps what it acknowledged."""

    def __init__(self, directory, name, *options, sentinel_of=None):
        self.directory = os.path.join(directory, name)
        os.makedirs(self.directory)
        self.options, self.sentinel_of = options, sentinel_of
        for _ in range(5):
            self.port = free_port()
            if "--cluster-enabled" in options and self.port > 55000:
                continue  # its bus is 10,000 higher
            with contextlib.suppress(RuntimeError):
                self.start()
                return
        raise RuntimeError("redis-server did not start")

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}"

    def start(self):
        program = shutil.which("redis-server")
        if self.sentinel_of is not None:
            config = os.path.join(self.directory, "sentinel.conf")
            if not os.path.exists(config):
                with open(config, "w", encoding="utf-8") as file:
                    file.write(f"sentinel monitor shared 127.0.0.1 {self.sentinel_of} 2\n"
                               "sentinel down-after-milliseconds shared 1000\n"
                               "sentinel failover-timeout shared 6000\n")
            self.process = Process([program, config, "--sentinel", "--port", str(self.port), "--bind", "127.0.0.1",
                                    "--dir", self.directory], r"Sentinel ID is")
        else:
            self.process = Process([program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
                                    "--appendonly", "yes", "--dir", self.directory, *self.options],
                                   r"Ready to accept connections")

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}"

    def names(self):
        return sorted(self.ask("KEYS", "ds:*"))

    def ask(self, *words):
        connection = Connection(self.port)
        try:
            return connection.ask(*words)
        finally:
            connection.close()

    def kill(self):
        self.process.kill()

    def freeze(self):
        self.process.child.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.child.send_signal(signal.SIGCONT)


class Sentinels:
    """A master, two replicas and three sentinels that watch them."""

    def __init__(self, directory):
        self.servers = [Server(directory, "redis0")]
        self.servers += [Server(directory, f"redis{i}", "--replicaof", f"127.0.0.1 {self.servers[0].port}")
                         for i in (1, 2)]
        eventually(lambda: self.servers[0].ask("INFO", "replication").count("state=online") == 2, "replicas follow")
        self.sentinels = [Server(directory, f"sentinel{i}", sentinel_of=self.servers[0].port) for i in range(3)]
        for sentinel in self.sentinels:
            eventually(lambda: self.knows_all(sentinel), "the sentinels know each other and the replicas", 60)

    @staticmethod
    def knows_all(sentinel):
        about = sentinel.ask("SENTINEL", "master", "shared")
        known = dict(zip(about[::2], about[1::2]))
        return known["num-other-sentinels"] == "2" and known["num-slaves"] == "2"

    @property
    def url(self):
        return "redis+sentinel://" + ",".join(f"127.0.0.1:{s.port}" for s in self.sentinels) + "/shared"

    def master(self):
        port = int(self.sentinels[0].ask("SENTINEL", "get-master-addr-by-name", "shared")[1])
        return next(s for s in self.servers if s.port == port)

    def kill(self):
        for each in self.sentinels + self.servers:
            each.kill()


class Shards:
    """Three masters that share the slots, joined without any tool."""

    def __init__(self, directory):
        self.servers = [Server(directory, f"shard{i}", "--cluster-enabled", "yes", "--cluster-node-timeout", "3000")
                        for i in range(3)]
        self.ids = [s.ask("CLUSTER", "MYID") for s in self.servers]
        step = -(-SLOTS // len(self.servers))
        for index, server in enumerate(self.servers):
            server.ask("CLUSTER", "ADDSLOTSRANGE", index * step, min(SLOTS, (index + 1) * step) - 1)
            server.ask("CONFIG", "SET", "cluster-require-full-coverage", "no")
            server.ask("CLUSTER", "SET-CONFIG-EPOCH", index + 1)
        for server in self.servers[1:]:
            server.ask("CLUSTER", "MEET", "127.0.0.1", self.servers[0].port)
        for server in self.servers:
            eventually(lambda: "cluster_state:ok" in server.ask("CLUSTER", "INFO") and
                       len(server.ask("CLUSTER", "SLOTS")) == 3, "the cluster is well", 60)

    @property
    def url(self):
        return "redis+cluster://" + ",".join(f"127.0.0.1:{s.port}" for s in self.servers[:2])

    def names(self):
        return sorted(name for server in self.servers for name in server.names())

    def owner(self, slot):
        """Who says so itself: what a server knows of others may be old."""
        def claimants():
            return [i for i, s in enumerate(self.servers) if any(
                first <= slot <= last and node[1] == s.port for first, last, node, *_ in s.ask("CLUSTER", "SLOTS"))]
        eventually(lambda: len(claimants()) == 1, f"one serves slot {slot}", 30)
        return claimants()[0]

    def slot(self, key):
        return self.servers[0].ask("CLUSTER", "KEYSLOT", key)

    def move(self, slot, to):
        """One slot to another master while it is in use, key by key, as a resharding does."""
        source = self.owner(slot)
        if source == to:
            return
        self.servers[to].ask("CLUSTER", "SETSLOT", slot, "IMPORTING", self.ids[source])
        self.servers[source].ask("CLUSTER", "SETSLOT", slot, "MIGRATING", self.ids[to])
        while keys := self.servers[source].ask("CLUSTER", "GETKEYSINSLOT", slot, 10):
            self.servers[source].ask("MIGRATE", "127.0.0.1", self.servers[to].port, "", 0, 5000, "KEYS", *keys)
        for index in (to, source, 3 - to - source):
            self.servers[index].ask("CLUSTER", "SETSLOT", slot, "NODE", self.ids[to])

    def kill(self):
        for each in self.servers:
            each.kill()
