#!/usr/bin/env python3
"""Hostile HTTP, case by case, asserted at a recording upstream: what is refused leaves no byte there,
what is served arrives exactly as it should."""
import json
import os
import socket

from harness import Proxy, run, workspace
from recorder import Recorder

CHAT = {"model": "deepseek-flash", "max_tokens": 10, "messages": [{"role": "user", "content": "hi"}]}
BODY = json.dumps(CHAT).encode()


class Bench:
    """The proxy under test, its key and the upstream's record."""

    def __enter__(self):
        self._space = workspace()
        directory = self._space.__enter__()
        self.upstream = Recorder()
        self.proxy = Proxy(os.path.join(directory, "data"), f"http://127.0.0.1:{self.upstream.port}")
        self.key = self.proxy.create_key("cases", rate_limits={"monthly_spending_limit": 100})
        self.secret = self.key["key"].encode()
        return self

    def __exit__(self, *what):
        self.proxy.stop()
        self.upstream.close()
        self._space.__exit__(*what)

    def talk(self, data, answers=1, timeout=15):
        """Sends raw bytes; returns (what came, whether the proxy closed): everything until the proxy
        closes, or until it has given so many answers and a moment's silence."""
        with socket.create_connection(("127.0.0.1", self.proxy.port), timeout=timeout) as s:
            try:
                s.sendall(data)
            except OSError:
                pass
            received = b""
            while True:
                enough = whole_answers(received) >= answers and b"onnection: close" not in received
                s.settimeout(0.15 if enough else timeout)
                try:
                    part = s.recv(65536)
                except ConnectionResetError:
                    return received, True
                except socket.timeout:
                    if enough:
                        return received, False
                    raise
                if not part:
                    return received, True
                received += part


def whole_answers(received):
    count = 0
    while True:
        head, found, rest = received.partition(b"\r\n\r\n")
        if not found:
            return count
        lengths = [int(line.split(b":")[1]) for line in head.split(b"\r\n")
                   if line.lower().startswith(b"content-length:")]
        if (lengths or [0])[0] > len(rest):
            return count
        received = rest[(lengths or [0])[0]:]
        count += not head.startswith(b"HTTP/1.1 1")


def post(secret, *lines, body=BODY, framing=True, host=True, auth=True, version=b"HTTP/1.1",
         target=b"/v1/chat/completions"):
    head = [b"POST " + target + b" " + version]
    head += [b"Host: proxy.test"] if host else []
    head += [b"Authorization: Bearer " + secret] if auth else []
    head += [b"Content-Type: application/json"]
    head += [b"Content-Length: %d" % len(body)] if framing else []
    return b"\r\n".join(head + list(lines)) + b"\r\n\r\n" + body


def chunked(*lines, payload=None, raw=None, secret=b""):
    if raw is None:
        payload = BODY if payload is None else payload
        raw = b"%x\r\n%s\r\n0\r\n\r\n" % (len(payload), payload)
    return post(secret, b"Transfer-Encoding: chunked", *lines, body=raw, framing=False)


def header_cases(s):
    many = [b"X-%d: y" % i for i in range(120)]
    return [
        ("31 no Host", post(s, host=False), {400}),
        ("32 two Hosts", post(s, b"Host: other.test"), {400}),
        ("33 Host with a path", post(s, b"Host: a/b@c, d", host=False), {400}),
        ("34 space before colon", post(s, b"X-A : b"), {400}),
        ("35 first header begins with space", post(s).replace(b"\r\nHost", b"\r\n Host", 1), {400}),
        ("36 obs-fold", post(s, b"X-A: b\r\n c"), {400}),
        ("36 obs-fold on Content-Length",
         post(s, b"Content-Length: \r\n %d" % len(BODY), framing=False), {400}),
        ("36 obs-fold on Transfer-Encoding",
         post(s, b"Transfer-Encoding:\r\n chunked", framing=False, body=b"0\r\n\r\n"), {400}),
        ("37 empty name", post(s, b": value"), {400}),
        ("38 no colon", post(s, b"nonsense"), {400}),
        *[(f"39 {name} in a value", post(s, b"X-A: a" + byte + b"b"), {400})
          for name, byte in (("NUL", b"\0"), ("bare CR", b"\r"), ("bare LF", b"\n"), ("VT", b"\v"),
                             ("DEL", b"\x7f"))],
        ("40 non-token name", post(s, b"X(A): b"), {400}),
        ("41 Content_Length", post(s, b"Content_Length: 3"), {400}),
        ("42 CRLF X", post(s).replace(b"\r\n\r\n", b"\r\n\rX\r\n\r\n", 1), {400}),
        ("43 more than 100 fields", post(s, *many), {431}),
        ("44 head over the limit", post(s, *[b"X-%d: " % i + b"y" * 900 for i in range(60)]), {431}),
    ]


def framing_cases(s):
    te, cl = b"Transfer-Encoding: ", b"Content-Length: %d" % len(BODY)
    chunk = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)

    def with_te(value, *more, body=chunk):
        return post(s, te + value, *more, framing=False, body=body)
    return [
        ("45 CL then TE", post(s, cl, te + b"chunked", framing=False, body=chunk), {400}),
        ("46 TE then CL", post(s, te + b"chunked", cl, framing=False, body=chunk), {400}),
        *[(f"47 TE {v!r} with CL", post(s, te + v), {400})
          for v in (b"identity", b"gzip", b"xchunked", b"")],
        ("48 TE gzip alone", with_te(b"gzip"), {400}),
        ("49 chunked, gzip", with_te(b"chunked, gzip"), {400}),
        ("50 chunked, chunked", with_te(b"chunked, chunked"), {400}),
        ("51 two chunked lines", with_te(b"chunked", te + b"chunked"), {400}),
        ("52 identity line, chunked line", with_te(b"identity", te + b"chunked"), {400}),
        ("53 quoted", with_te(b'"chunked"'), {400}),
        *[(f"54 {v!r}", with_te(v), {400})
          for v in (b"chunked;q=1", b",chunked", b"chunked foo", b"chunked\xff")],
        ("55 TE on HTTP/1.0", post(s, te + b"chunked", framing=False, body=chunk,
                                   version=b"HTTP/1.0"), {400}),
        ("56 equal duplicate CL", post(s, cl), {400}),
        ("56 list CL", post(s, b"Content-Length: %d, %d" % (len(BODY), len(BODY)), framing=False), {400}),
        ("57 differing CL", post(s, b"Content-Length: 3"), {400}),
        *[(f"58 CL {v!r}", post(s, b"Content-Length: " + v, framing=False), {400})
          for v in (b"+5", b"-5", b"0x5", b"1_0", b"", b"5,")],
        ("59 CL 005", post(s, b"Content-Length: 00%d" % len(BODY), framing=False), {400}),
        ("60 CL 2^64", post(s, b"Content-Length: 18446744073709551616", framing=False), {400}),
    ]


def chunked_cases(s):
    def raw(data):
        return chunked(raw=data, secret=s)
    n, size = len(BODY), b"%x" % len(BODY)
    return [
        ("63 bare LF after size", raw(size + b"\n" + BODY + b"\r\n0\r\n\r\n"), {400}),
        ("64 bare LF after data", raw(size + b"\r\n" + BODY + b"\n0\r\n\r\n"), {400}),
        ("65 all LF", raw(size + b"\n" + BODY + b"\n0\n\n"), {400}),
        *[(f"66 size {v!r}", raw(v + b"\r\n" + BODY[:5] + b"\r\n0\r\n\r\n"), {400})
          for v in (b"0x5", b"+5", b"5_", b" 5", b"5 ")],
        ("67 empty size", raw(b"\r\n" + BODY + b"\r\n0\r\n\r\n"), {400}),
        ("68 17 hex digits", raw(b"0000000000000000" + size + b"\r\n" + BODY + b"\r\n0\r\n\r\n"), {400}),
        ("69 5,000 zeros", raw(b"0" * 5000 + size + b"\r\n" + BODY + b"\r\n0\r\n\r\n"), {400}),
        ("70 LF in a quoted extension", raw(size + b';a="\n"\r\n' + BODY + b"\r\n0\r\n\r\n"), {400}),
        ("70 NUL in a quoted extension", raw(size + b';a="\0"\r\n' + BODY + b"\r\n0\r\n\r\n"), {400}),
        ("71 1 MB extension", raw(size + b";a=" + b"b" * 1_000_000 + b"\r\n" + BODY + b"\r\n0\r\n\r\n"),
         {400}),
        ("72 bare ;", raw(size + b";\r\n" + BODY + b"\r\n0\r\n\r\n"), {400}),
        ("73 data too long", raw(b"%x\r\n" % (n - 1) + BODY + b"\r\n0\r\n\r\n"), {400}),
        ("73 data too short", raw(b"%x\r\n" % (n + 1) + BODY + b"\r\n0\r\n\r\n"), {400}),
        ("74 CR only", raw(size + b"\r" + BODY + b"\r0\r\r"), {400}),
        *[(f"75-77 trailer {v!r}", raw(size + b"\r\n" + BODY + b"\r\n0\r\n" + v + b"\r\n\r\n"), {400})
          for v in (b"Authorization: Bearer x", b"Host: x", b"Content-Length: 3",
                    b"Transfer-Encoding: chunked", b"Connection: close")],
        ("78 trailer over 64 KiB",
         raw(size + b"\r\n" + BODY + b"\r\n0\r\nX: " + b"y" * 70_000 + b"\r\n\r\n"), {400}),
        ("79 5,000 trailers", raw(size + b"\r\n" + BODY + b"\r\n0\r\n" + b"X: y\r\n" * 5000 + b"\r\n"),
         {400}),
    ]


def json_cases(s):
    def body(text):
        data = text if isinstance(text, bytes) else text.encode()
        return post(s, body=data)
    ok = '"model":"deepseek-flash","messages":[{"role":"user","content":"hi"}]'
    twins = ["model", "stream", "messages", "tools", "n", "max_tokens", "max_completion_tokens"]
    values = {"model": '"deepseek-flash"', "stream": "false", "messages": "[]", "tools": "[]", "n": "1",
              "max_tokens": "5", "max_completion_tokens": "5"}
    return [
        *[(f"113 second {t}", body("{%s,\"%s\":%s,\"%s\":%s}" % (ok, t, values[t], t, values[t])), {400})
          for t in twins],
        *[(f"113 case-folded {t}", body("{%s,\"%s\":%s,\"%s\":%s}" % (ok, t, values[t], t.upper(),
                                                                     values[t])), {400}) for t in twins],
        ("114 escaped second name", body('{%s,"mod\\u0065l":"deepseek-v4-pro"}' % ok), {400}),
        *[(f"115 max_tokens {v}", body('{%s,"max_tokens":%s}' % (ok, v)), {400})
          for v in ("1e3", "-1", "1.5", '"5"', "9223372036854775808")],
        ("116 nesting", body("{%s,\"x\":%s1%s}" % (ok, "[" * 3000, "]" * 3000)), {400}),
        ("117 invalid UTF-8", body(b'{"model":"deepseek-flash","messages":[{"role":"user",'
                                   b'"content":"\xff\xfe"}]}'), {400}),
        ("118 bytes after the document", body("{%s} {}" % ok), {400}),
        ("119 a BOM", body(b"\xef\xbb\xbf{" + ok.encode() + b"}"), {400}),
        *[(f"120 {v}", body(v), {400}) for v in ("[]", '"x"', "1", "null", "")],
    ]


def authentication_cases(s):
    return [
        ("80 two Authorization", post(s, b"Authorization: Bearer " + s), {400}),
        ("81 keys that disagree", post(s, b"x-api-key: sk-ds-other"), {400}),
        ("87 key in the query", post(s, target=b"/v1/chat/completions?api_key=" + s, auth=False), {401}),
        ("no key", post(s, auth=False), {401}),
        ("unknown key", post(s[:-9] + b"000000000", ), {401}),
        ("the real key", post(b"sk-real-upstream-key"), {401}),
    ]


def refused_cases_leave_no_trace():
    """Cases 31-60, 63-81, 87, 113-120: refused, closed where the framing is in doubt, nothing upstream"""
    with Bench() as bench:
        cases = (header_cases(bench.secret) + framing_cases(bench.secret) + chunked_cases(bench.secret)
                 + json_cases(bench.secret) + authentication_cases(bench.secret))
        framing_is_clear = {"113", "114", "115", "116", "117", "118", "119", "120", "no", "unknown",
                            "the", "81", "87"}
        wrong = []
        for name, data, statuses in cases:
            received, closed = bench.talk(data)
            status = int(received[9:12]) if received.startswith(b"HTTP/1.1 ") else 0
            if status not in statuses:
                wrong.append((name, "status", status, received[:200]))
            if name.split()[0] not in framing_is_clear and not (
                    closed and b"connection: close" in received.lower()):
                wrong.append((name, "not closed", received[:300]))
            if received.count(b"HTTP/1.1 ") > 1:
                wrong.append((name, "answered twice", received))
            if bench.upstream.bytes():
                wrong.append((name, "reached the upstream", bench.upstream.bytes()[:300]))
                bench.upstream.received.clear()
        assert not wrong, "\n".join(map(str, wrong))
        usage = bench.proxy.usage(bench.key["id"])
        assert usage["dispatched"] == 0 and usage["cost_nano_usd"] == 0, usage
        assert usage["held_nano_usd"] == 0, usage
        print(f"  {len(cases)} cases")


def hidden_requests_are_seen():
    """61: a request behind Content-Length 0 is its own request, with its own key"""
    with Bench() as bench:
        hidden = post(b"sk-ds-nobody")
        received, _ = bench.talk(post(bench.secret, b"Content-Length: 0", framing=False, body=b"") + hidden, 2)
        statuses = [part[:3] for part in received.split(b"HTTP/1.1 ")[1:]]
        assert statuses == [b"400", b"401"], received
        assert bench.upstream.bytes() == b""
        received, _ = bench.talk(post(bench.secret) + post(b"sk-ds-nobody") + post(bench.secret), 3)
        statuses = [part[:3] for part in received.split(b"HTTP/1.1 ")[1:]]
        assert statuses == [b"200", b"401", b"200"], statuses
        assert bench.upstream.count() == 2


def served_requests_arrive_clean():
    """62, 69-72, 82-86, 114: what is served arrives with our key, our framing and no hop-by-hop field"""
    with Bench() as bench:
        hop = [b"Connection: Authorization, X-Forwarded-For, X-Named", b"X-Named: gone",
               b"Keep-Alive: timeout=5", b"TE: trailers", b"Proxy-Authorization: Basic x",
               b"Proxy-Connection: keep-alive", b"Upgrade: h2c", b"X-Forwarded-For: 6.6.6.6",
               b"Forwarded: for=6.6.6.6", b"X-Real-IP: 6.6.6.6", b"X-Kept: kept", b"Cookie: a=b"]
        received, _ = bench.talk(post(bench.secret, *hop))
        assert received.startswith(b"HTTP/1.1 200"), received[:300]
        head, body = bench.upstream.last()
        names = [line.split(b":")[0].lower() for line in head.split(b"\r\n")[1:] if line]
        assert b"Bearer sk-real-upstream-key" in head and bench.secret not in head
        for gone in (b"x-named", b"keep-alive", b"te", b"proxy-authorization", b"proxy-connection",
                     b"upgrade", b"cookie", b"forwarded", b"x-real-ip"):
            assert gone not in names, (gone, head)
        assert b"6.6.6.6" not in head and names.count(b"authorization") == 1, head
        assert b"x-kept" in names and body == BODY
        received, _ = bench.talk(chunked(secret=bench.secret))
        assert received.startswith(b"HTTP/1.1 200"), received[:300]
        head, body = bench.upstream.last()
        assert body == BODY and b"transfer-encoding" not in head.lower(), head
        small = b"".join(b"1;ext=\"v\"\r\n" + bytes([b]) + b"\r\n" for b in BODY) + b"0\r\nX-T: y\r\n\r\n"
        received, _ = bench.talk(chunked(raw=small, secret=bench.secret))
        assert received.startswith(b"HTTP/1.1 200"), received[:300]
        assert bench.upstream.last()[1] == BODY and b"X-T" not in bench.upstream.last()[0]
        data = b'{"mod\\u0065l":"deepseek-flash","max_tokens":5,"messages":[]}'
        received, _ = bench.talk(post(bench.secret, body=data))
        assert received.startswith(b"HTTP/1.1 200"), received[:300]
        assert bench.upstream.last()[1] == data


def the_real_key_is_never_told():
    """Neither answers nor logs show the real key, a sub-key or the admin key"""
    with Bench() as bench:
        bench.talk(post(bench.secret))
        bench.talk(post(bench.secret, target=b"/v1/chat/completions?k=" + bench.secret))
        for secret in (b"sk-real-upstream-key", bench.secret, b"test-admin-key"):
            assert secret.decode() not in bench.proxy.text()


if __name__ == "__main__":
    run([refused_cases_leave_no_trace, hidden_requests_are_seen, served_requests_arrive_clean,
         the_real_key_is_never_told])
