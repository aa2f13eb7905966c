"""A webhook's receiver for tests: keeps each call as it came, answers as it is told to."""
import http.server
import json
import threading


class Hook:
    def __init__(self, port=0):
        self.calls = []  # (headers in lower case, body)
        self.status = 200
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                hook.calls.append(({k.lower(): v for k, v in self.headers.items()}, body))
                self.send_response(hook.status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        http.server.ThreadingHTTPServer.allow_reuse_address = True
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/hook"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def events(self):
        return [json.loads(body) for _, body in self.calls]

    def rules(self, kind="alert.fired"):
        return [e["alert"]["rule"] for e in self.events() if e["type"] == kind]

    def close(self):
        self._server.shutdown()
        self._server.server_close()
