"""A server that answers as it is told and remembers what it was asked."""
import http.server
import json
import threading


class RecordingServer:
    """`answers`: (status, headers, body) in order; the last one again and again."""

    def __init__(self, *answers):
        self.requests = []  # (method, target, headers, JSON body)
        self._answers = list(answers)
        recorder = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                recorder.requests.append((self.command, self.path, dict(self.headers.items()),
                                          json.loads(body) if body else None))
                status, headers, told = recorder.next_answer()
                data = told if isinstance(told, bytes) else json.dumps(told).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def next_answer(self):
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]

    def close(self):
        self._server.shutdown()
        self._server.server_close()


def refusal(status, code, message, **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return status, named, {"error": {"message": message, "type": "x", "param": "name", "code": code}}
