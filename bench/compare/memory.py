"""Memory by subtraction: of a connection that idles, of a request that waits for its upstream, of a key."""
import socket
import threading
import time

from processes import Peer, connect, make_keys, memory_bytes


def silent_upstream():
    """Port of a server on a thread that accepts, reads and never answers."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen(4096)
    kept = []

    def accept():
        while True:
            kept.append(listening.accept()[0])
    threading.Thread(target=accept, daemon=True).start()
    return listening.getsockname()[1]


def settled(pid):
    """Memory once it no longer changes."""
    last = memory_bytes(pid)
    for _ in range(50):
        time.sleep(0.2)  # tidy: allowed
        now = memory_bytes(pid)
        if now == last:
            break
        last = now
    return last


def request_of(secret, body):
    return (f"POST /v1/chat/completions HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {secret}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}").encode()


def of_idle_connection(peer, secret, body, count):
    """Bytes for each of `count` connections that were used once and idle now."""
    request = request_of(secret, body)

    def use():
        made = connect(peer)
        made.sendall(request)
        made.recv(65536)
        return made
    warm = [use() for _ in range(8)]
    before = settled(peer.pid)
    idle = [use() for _ in range(count)]
    grown = settled(peer.pid) - before
    for one in warm + idle:
        one.close()
    return grown / count


def of_held_request(peer, secret, body, count):
    """Bytes for each of `count` requests whose upstream says nothing: that of silent_upstream()."""
    request = request_of(secret, body)
    before = settled(peer.pid)
    held = []
    for _ in range(count):
        made = connect(peer)
        made.sendall(request)
        held.append(made)
    grown = settled(peer.pid) - before
    for one in held:
        one.close()
    return grown / count


def of_key(peer: Peer, options, count):
    """Bytes for each of `count` keys that were made and never used."""
    before = settled(peer.pid)
    make_keys(peer, options, count)
    return (settled(peer.pid) - before) / count
