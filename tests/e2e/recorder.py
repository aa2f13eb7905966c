"""A fake upstream that stores every byte it receives and answers each complete request with one fixed
chat completion: the witness of what the proxy let through."""
import json
import re
import socket
import threading

ANSWER = json.dumps({
    "id": "x", "object": "chat.completion", "created": 1, "model": "deepseek-flash",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "ok"},
                 "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7,
              "prompt_cache_hit_tokens": 0, "prompt_cache_miss_tokens": 5}}).encode()


class Recorder:
    def __init__(self, answer=None):
        self.received = []  # one bytes object a connection
        self.requests = []  # (head, body) of complete ones
        self.arrived_on = []  # the connection of each of them, an index into `received`
        self.clients = []  # the connections themselves
        self.answer = answer or (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                                 b"Content-Length: %d\r\n\r\n" % len(ANSWER) + ANSWER)
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with self._lock:
            index = len(self.received)
            self.received.append(b"")
            self.clients.append(client)
        pending = b""
        with client:
            while True:
                try:
                    data = client.recv(65536)
                except OSError:
                    return
                if not data:
                    return
                with self._lock:
                    self.received[index] += data
                pending += data
                while True:
                    request, pending = split_request(pending)
                    if request is None:
                        break
                    with self._lock:
                        self.requests.append(request)
                        self.arrived_on.append(index)
                    try:
                        client.sendall(self.answer(request) if callable(self.answer) else self.answer)
                    except OSError:
                        return

    def bytes(self):
        with self._lock:
            return b"".join(self.received)

    def count(self):
        with self._lock:
            return len(self.requests)

    def last(self):
        with self._lock:
            return self.requests[-1]

    def close(self):
        self._listener.close()


def split_request(data):
    """((head, body), rest) of the first complete request; strict: the proxy writes simple framing."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None, data
    head, rest = data[:end + 4], data[end + 4:]
    lengths = re.findall(rb"\r\ncontent-length: *(\d+)\r\n", head, re.I)
    chunked = re.findall(rb"\r\ntransfer-encoding: *chunked\r\n", head, re.I)
    assert len(lengths) + len(chunked) <= 1, ("ambiguous framing went upstream", head)
    if chunked:
        return split_chunked(head, rest, data)
    length = int(lengths[0]) if lengths else 0
    if len(rest) < length:
        return None, data
    return (head, rest[:length]), rest[length:]


def split_chunked(head, rest, data):
    body = b""
    while True:
        line, found, after = rest.partition(b"\r\n")
        if not found:
            return None, data
        size = int(line, 16)
        if len(after) < size + 2:
            return None, data
        body, rest = body + after[:size], after[size + 2:]
        if size == 0:
            return (head, body), rest
