"""Crowds: an upstream that answers any number of connections with the same bytes, or without end, from one
thread; and clients that send what they like and read nothing."""
import json
import selectors
import socket
import threading


class Crowded:
    """Answers the first bytes of each connection with `answer`, then with `more` again and again where it is
    given, as fast as it is taken; reads what comes and forgets it, unless it is deaf."""

    def __init__(self, answer=b"", more=b"", deaf=False):
        self.answer, self.more, self.deaf, self.asked, self._silent = answer, more, deaf, 0, []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self._listener.setblocking(False)
        self.port = self._listener.getsockname()[1]
        self._poll = selectors.DefaultSelector()
        self._poll.register(self._listener, selectors.EVENT_READ)
        self._wake = socket.socketpair()
        self._poll.register(self._wake[0], selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while True:
            for key, events in self._poll.select():
                if key.fileobj is self._wake[0]:
                    return
                if key.fileobj is self._listener:
                    self._accept()
                else:
                    self._go_on(key.fileobj, key.data, events)

    def _accept(self):
        try:
            while True:
                client, _ = self._listener.accept()
                client.setblocking(False)
                self._poll.register(client, selectors.EVENT_READ, {"left": b"", "asked": False})
        except BlockingIOError:
            pass

    def _go_on(self, client, state, events):
        try:
            if events & selectors.EVENT_READ:
                if not client.recv(65536):
                    raise ConnectionError
                if not state["asked"]:
                    self.asked += 1
                    state.update(asked=True, left=self.answer or self.more)
            while state["left"]:
                sent = client.send(state["left"])
                state["left"] = state["left"][sent:] or self.more
        except BlockingIOError:
            pass
        except OSError:
            self._poll.unregister(client)
            client.close()
            return
        wanted = (0 if self.deaf and state["asked"] else selectors.EVENT_READ) | (
            selectors.EVENT_WRITE if state["left"] else 0)
        if wanted:
            self._poll.modify(client, wanted, state)
        else:
            self._poll.unregister(client)
            self._silent.append(client)  # and stays open

    def close(self):
        self._wake[1].send(b"x")
        self._thread.join()
        for key in list(self._poll.get_map().values()):
            key.fileobj.close()
        for client in self._silent:
            client.close()


def post(secret, body, more=b"", path="/v1/chat/completions", framing=True):
    length = b"Content-Length: %d\r\n" % len(body) if framing else b""
    return (b"POST " + path.encode() + b" HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + secret.encode()
            + b"\r\n" + length + more + b"\r\n" + body)


def chat(content="hi", **fields):
    return json.dumps({"model": "deepseek-flash", "max_tokens": 10,
                       "messages": [{"role": "user", "content": content}], **fields}).encode()


def crowd(port, count, data, receive_buffer=None, source=None):
    """So many connections that have sent `data`, as far as it is taken, and read nothing."""
    made = []
    for _ in range(count):
        s = socket.socket()
        if receive_buffer:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        s.settimeout(30)
        if source:
            s.bind((source, 0))
        s.connect(("127.0.0.1", port))
        s.setblocking(False)
        left = data
        try:
            while left:
                left = left[s.send(left):]
        except BlockingIOError:
            pass
        made.append(s)
    return made
