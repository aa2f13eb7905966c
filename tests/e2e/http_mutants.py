"""Byte streams for one client connection: good requests and cases of http_cases, changed in framing, fields,
request line and single bytes, pipelined and cut into writes. Everything follows from the seed."""
import dataclasses
import json
import random

from http_cases import refused_rows

FRAGMENTS = [b"\r\n", b"\n", b"\r", b"\r\n ", b"\r\n\t", b" ", b"\t", b":", b",", b";", b"\0", b"\x0b", b"\x7f", b"\xff",
             b"%", b"%0a", b"%2f", b"/", b"?", b"*", b"_", b"-", b'"', b"\\", b"0", b"5", b"chunked", b"close",
             b"keep-alive", b"HTTP/1.0", b"HTTP/1.1", b"GET ", b"POST ", b"http://proxy.test", b"\r\n\r\n", b"0\r\n\r\n",
             b"1\r\nx\r\n", b"\r\nHost: a", b"\r\nContent-Length: 0", b"\r\nTransfer-Encoding: chunked", b"=", b"{", b"}",
             b"\r\nX: y\r\n\r\nGET /v1/models HTTP/1.1\r\nHost: h\r\n\r\n", b"Content-Length", b"Transfer-Encoding"]
LINES = [b"Content-Length: 0", b"Content-Length: 5", b"Content-Length: 00", b"Content-Length:", b"Content-Length: 5, 5",
         b"Content-Length: +5", b"Content-Length:5 ", b"content-length: 99999", b"Content_Length: 5", b"Content-Length : 5",
         b"Transfer-Encoding: chunked", b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding:\tchunked",
         b"Transfer-Encoding: CHUNKED", b"Transfer-Encoding: identity", b"Transfer-Encoding: chunked ",
         b"Transfer-Encoding: \x0bchunked", b"Transfer-Encoding : chunked", b"Transfer_Encoding: chunked", b"transfer-encoding:",
         b"Transfer-Encoding: chunked\r\n\tx", b" Transfer-Encoding: chunked", b"X: y\r\n Transfer-Encoding: chunked",
         b"X: y\rTransfer-Encoding: chunked", b"X: y\nTransfer-Encoding: chunked", b"Connection: close",
         b"Connection: keep-alive", b"Connection: Content-Length", b"Connection: Transfer-Encoding, close",
         b"Connection: Host, X-Kept", b"Connection: ,", b"Connection: a b", b"Keep-Alive: timeout=1", b"TE: trailers",
         b"Trailer: Content-Length", b"Upgrade: h2c", b"Upgrade: websocket", b"Connection: upgrade", b"Host: other.test",
         b"Host:", b"Authorization: Bearer sk-ds-x", b"x-api-key: sk-ds-x", b"Expect: 100-continue", b"Expect: 100",
         b"Content-Encoding: gzip", b"Content-Type: text/plain", b"X-Kept: " + b"y" * 300, b"X-Kept: a\xffb", b"X-Kept:\t",
         b"X-Forwarded-For: 6.6.6.6", b"Cookie: a=b", b"X-HTTP-Method-Override: DELETE", b"X-Original-URL: /v1/files",
         b": empty", b"nonsense", b"X(A): b", b"Idempotency-Key: k1", b"Origin: https://a.test", b"Referer: x",
         b"x-request-id: mine", b"Accept-Encoding: gzip", b"Proxy-Connection: keep-alive", b"HTTP2-Settings: AAA"]
FIRST_LINES = [b"POST  %s HTTP/1.1", b"POST %s HTTP/1.0", b"POST %s  HTTP/1.1", b"POST %s HTTP/1.1 ", b"POST %s HTTP/2.0",
               b"POST\t%s HTTP/1.1", b" POST %s HTTP/1.1", b"POST %s", b"post %s HTTP/1.1", b"GET %s HTTP/1.1",
               b"HEAD %s HTTP/1.1", b"OPTIONS %s HTTP/1.1", b"DELETE %s HTTP/1.1", b"POST http://proxy.test%s HTTP/1.1",
               b"POST http://evil.test%s HTTP/1.1", b"POST %s?a=b HTTP/1.1", b"POST %s?a=%%2e%%2e/ HTTP/1.1",
               b"POST %s#x HTTP/1.1", b"POST /..%s HTTP/1.1", b"POST /%s HTTP/1.1", b"POST %s/ HTTP/1.1",
               b"CONNECT %s HTTP/1.1", b"POST %s HTTP/1.1\r\nX: y\r\n", b"\r\nPOST %s HTTP/1.1", b"\r\n\r\nPOST %s HTTP/1.1",
               b"POST %s\x0bHTTP/1.1", b"POST %s%%00 HTTP/1.1", b"POST * HTTP/1.1", b"PRI * HTTP/2.0"]
CHAT, UPLOAD, MODELS = b"/v1/chat/completions", b"/v1/files", b"/v1/models"


@dataclasses.dataclass
class Message:
    """A request in parts, so that each can be changed apart."""
    first: bytes
    path: bytes
    lines: list
    payload: bytes
    framing: bytes = b""  # the line that frames the body
    body: bytes = b""     # as it goes over the wire

    def wire(self):
        lines = [self.first % self.path if b"%s" in self.first else self.first, *self.lines]
        return b"\r\n".join(lines) + b"\r\n\r\n" + self.body


def payload_of(path, rng, number):
    if path == CHAT:
        return json.dumps({"model": "deepseek-flash", "max_tokens": 10,
                           "messages": [{"role": "user", "content": f"{number} " + "x" * rng.choice((0, 0, 9, 700))}]
                           }).encode()
    return b"" if path == MODELS else b"--x\r\n" + bytes(rng.choices(b"ab\r\n0\xff", k=rng.choice((3, 90, 900)))) + b"--x--"


def chunk(rng, payload):
    """The payload in chunks, spelt in some allowed way."""
    out, at = [], 0
    while at < len(payload):
        size = rng.choice((1, 7, 64, 4096))
        piece = payload[at:at + size]
        digits = rng.choice((b"%x", b"%X", b"0%x", b"00000%x")) % len(piece)
        out += [digits, rng.choice((b"", b"", b";a", b";a=b", b';a="b;\\""')), b"\r\n", piece, b"\r\n"]
        at += size
    return b"".join(out) + rng.choice((b"0", b"000", b"0;x=y")) + b"\r\n" + rng.choice((b"", b"", b"X-T: y\r\n")) + b"\r\n"


def good(rng, secret, number):
    path = rng.choice((CHAT, CHAT, CHAT, UPLOAD, MODELS))
    payload = payload_of(path, rng, number)
    lines = [b"Host: proxy.test", b"Authorization: Bearer " + secret, b"X-Kept: %d" % number]
    if path == UPLOAD:
        lines.append(b"Content-Type: multipart/form-data; boundary=x")
    message = Message(b"GET %s HTTP/1.1" if path == MODELS else b"POST %s HTTP/1.1", path, lines, payload)
    if path != MODELS:
        frame(rng, message, rng.random() < 0.5)
    return message


def frame(rng, message, chunked):
    message.body = chunk(rng, message.payload) if chunked else message.payload
    message.framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % len(message.payload)
    message.lines.insert(rng.randint(0, len(message.lines)), message.framing)


def change_framing(rng, m):
    size = len(m.payload)
    how = rng.randrange(9)
    if how == 0 and m.framing in m.lines:  # a length that lies
        m.lines[m.lines.index(m.framing)] = b"Content-Length: %d" % max(0, size + rng.choice((-1, 1, -5, 5, 1000, -size)))
    elif how == 1:  # framed both ways, either body
        m.lines.insert(rng.randint(0, len(m.lines)), b"Content-Length: %d" % rng.choice((size, 0, len(m.body), 3)))
        m.lines.insert(rng.randint(0, len(m.lines)), b"Transfer-Encoding: chunked")
        m.body = rng.choice((m.payload, chunk(rng, m.payload)))
    elif how == 2 and m.framing in m.lines:
        m.lines.remove(m.framing)
    elif how == 3 and m.framing in m.lines:
        m.lines[m.lines.index(m.framing)] = rng.choice([line for line in LINES if b"ncoding" in line or b"ength" in line])
    elif how == 4:
        m.lines.insert(rng.randint(0, len(m.lines)), m.framing or b"Content-Length: 0")
    elif how == 5:
        m.body += rng.choice((b"\r\n", b"0\r\n\r\n", b"x", b"\r\n\r\n\r\n", b"GET "))
    elif how == 6:
        m.body = m.body[:rng.randint(0, len(m.body))]
    else:  # within the body's framing
        bites = [b"\r\n", b"\n", b";", b"0\r\n", b"0\r\n\r\n", b"g", b" ", b"-", b"0x", b"\t", b"f" * 17, b";a=\"\n\"",
                 b"\r\nContent-Length: 5\r\n", b"Host: x\r\n", b"\r", b"+1", b"\0"]
        at = rng.choice([i for i in range(len(m.body) + 1) if i == 0 or m.body[i - 1:i] in b"\r\n;0"])
        m.body = m.body[:at] + rng.choice(bites) + m.body[at + rng.choice((0, 0, 1, 2)):]


def change_fields(rng, m):
    how = rng.randrange(7)
    at = rng.randrange(len(m.lines))
    if how <= 2:
        m.lines.insert(rng.choice((0, at, len(m.lines))), rng.choice(LINES))
    elif how == 3:
        m.lines.insert(rng.randint(0, len(m.lines)), m.lines[at])
    elif how == 4:
        m.lines.pop(at)
    elif how == 5:
        m.lines[at] = m.lines[at].replace(b": ", rng.choice((b":", b" : ", b":\t", b":\r\n ", b": \0", b":  ")), 1)
    else:
        m.lines[at] = rng.choice((bytes.upper, bytes.lower, lambda line: line + b"\r", lambda line: b" " + line,
                                  lambda line: line + b"\r\n\t", lambda line: line[1:]))(m.lines[at])


def change_first_line(rng, m):
    m.first = rng.choice(FIRST_LINES)
    if rng.random() < 0.2:
        m.path = rng.choice((CHAT, UPLOAD, MODELS, b"/v1/nothing", b"/v1/keys", b"/anthropic/v1/messages"))


def change_bytes(rng, data):
    head = max(1, data.find(b"\r\n\r\n") + 8)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(min(len(data), head) if rng.random() < 0.7 else len(data)) if data else 0
        how = rng.randrange(4)
        if how == 0:
            data = data[:at] + rng.choice(FRAGMENTS) + data[at:]
        elif how == 1:
            data = data[:at] + data[at + rng.randint(1, 4):]
        elif how == 2:
            data = data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))] if at < len(data) else []) + data[at + 1:]
        else:
            line = data[:at].rfind(b"\r\n")
            data = data[:at] + data[line:line + rng.randint(4, 60)] + data[at:] if line >= 0 else data
    return data


@dataclasses.dataclass
class Stream:
    data: bytes
    cuts: list  # where one write ends and the next begins


class Generator:
    def __init__(self, seed, secret):
        self.rng, self.secret = random.Random(seed), secret
        self.rows = [each.data for each in refused_rows(secret) if len(each.data) < 20_000 and
                     not each.data.startswith(b"POST /v1/responses")]
        self.number = 0

    def message(self, bad):
        rng = self.rng
        self.number += 1
        if bad and rng.random() < 0.2:
            data = rng.choice(self.rows)
            return change_bytes(rng, data) if rng.random() < 0.5 else data
        m = good(rng, self.secret, self.number)
        if bad:
            for change in rng.choices((change_framing, change_fields, change_first_line), (5, 4, 2), k=rng.choice((1, 1, 2, 3))):
                change(rng, m)
        data = m.wire()
        return change_bytes(rng, data) if bad and rng.random() < 0.25 else data

    def stream(self):
        rng = self.rng
        count = rng.choice((1, 1, 1, 2, 2, 3, 5))
        bad = {rng.randrange(count) for _ in range(rng.choice((1, 1, 1, 2)))}
        data = b"".join(self.message(i in bad) for i in range(count))
        cuts = sorted(rng.sample(range(1, len(data)), min(len(data) - 1, rng.choice((0, 0, 1, 2, 5))))) if len(data) > 1 else []
        return Stream(data, cuts)
