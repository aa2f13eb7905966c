"""Hostile requests by number: what is sent, and with which status it is refused. Each table holds one
kind; together with the tests marked @case they are all 120 (http_cases_test checks that none is missing).
Unless a row says `stays`, a refusal also closes the connection: nobody can tell where the next begins."""
import dataclasses
import json

CHAT = {"model": "deepseek-flash", "max_tokens": 10, "messages": [{"role": "user", "content": "hi"}]}
BODY = json.dumps(CHAT).encode()
CASES_MAX = 120
COVERED = {}  # number -> what asserts it


@dataclasses.dataclass
class Row:
    number: int
    what: str
    data: bytes
    statuses: set
    stays: bool = False  # the framing is beyond doubt: the connection may go on


def row(number, what, data, *statuses, stays=False):
    return Row(number, what, data, set(statuses) or {400}, stays)


def case(*numbers):
    """Marks a test as the one that asserts these cases."""
    def mark(test):
        for number in numbers:
            COVERED.setdefault(number, []).append(test.__name__)
        return test
    return mark


def post(secret, *lines, body=BODY, framing=True, host=True, auth=True, version=b"HTTP/1.1",
         target=b"/v1/chat/completions"):
    head = [b"POST " + target + b" " + version]
    head += [b"Host: proxy.test"] if host else []
    head += [b"Authorization: Bearer " + secret] if auth else []
    head += [b"Content-Type: application/json"]
    head += [b"Content-Length: %d" % len(body)] if framing else []
    return b"\r\n".join(head + list(lines)) + b"\r\n\r\n" + body


def get(secret, *lines, target=b"/v1/models", method=b"GET"):
    head = [method + b" " + target + b" HTTP/1.1", b"Host: proxy.test",
            b"Authorization: Bearer " + secret, *lines]
    return b"\r\n".join(head) + b"\r\n\r\n"


def chunks(payload):
    return b"%x\r\n%s\r\n0\r\n\r\n" % (len(payload), payload)


def chunked(*lines, raw=None, secret=b""):
    return post(secret, b"Transfer-Encoding: chunked", *lines, framing=False,
                body=chunks(BODY) if raw is None else raw)


def first_line(s, line):
    """A chat request whose first line is as given."""
    return line + post(s)[post(s).index(b"\r\n"):]


def request_line_rows(s):
    path = b"/v1/chat/completions"

    def line(number, what, text, *statuses):
        return row(number, what, first_line(s, text), *statuses)
    return [
        row(1, "bare LF", post(s).replace(b"\r\n", b"\n")),
        row(1, "bare LF after the request line", post(s).replace(b"\r\n", b"\n", 1)),
        line(2, "two spaces", b"POST  " + path + b" HTTP/1.1"),
        line(2, "two spaces before the version", b"POST " + path + b"  HTTP/1.1"),
        line(3, "tab separator", b"POST\t" + path + b" HTTP/1.1"),
        line(3, "tab before the version", b"POST " + path + b"\tHTTP/1.1"),
        line(4, "leading space", b" POST " + path + b" HTTP/1.1"),
        line(5, "space after the version", b"POST " + path + b" HTTP/1.1 "),
        row(6, "HTTP/0.9", b"GET " + path + b"\r\n\r\n"),
        row(6, "HTTP/0.9 named", first_line(s, b"GET " + path + b" HTTP/0.9"), 505),
        *[line(7, version.decode(), b"POST " + path + b" " + version, 400, 505)
          for version in (b"HTTP/1.2", b"HTTP/2.0", b"HTTP/1.10", b"http/1.1", b"HTTP/01.1", b"HTTP/1.1.1",
                          b"HTTP/", b"HTTP/1", b"HTTPS/1.1", b"XHTTP/1.1")],
        row(8, "the HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, 505),
        line(9, "G@T", b"G@T " + path + b" HTTP/1.1"),
        *[row(10, method.decode(), first_line(s, method + b" " + path + b" HTTP/1.1"), 405, 501, stays=True)
          for method in (b"post", b"Post", b"BREW", b"PUT", b"OPTIONS")],
        line(11, "a target without a slash", b"POST v1/chat/completions HTTP/1.1"),
        *[line(12, f"{bytes([c])!r} in the target", b"POST " + path + b"?a=" + bytes([c]) + b" HTTP/1.1")
          for c in b'#\\"<>^{|}`\x80\xff'],
        *[line(13, f"{bytes([c])!r} in the target", b"POST " + path + bytes([c]) + b" HTTP/1.1")
          for c in b"\0\x01\x0b\x1f\x7f\r"],
        line(14, "an oversized target", b"POST " + path + b"?" + b"a" * 9000 + b" HTTP/1.1", 414),
    ]


def target_rows(s):
    def line(number, text, *statuses, stays=False, method=b"POST"):
        return row(number, text.decode("latin-1"), first_line(s, method + b" " + text + b" HTTP/1.1"),
                   *statuses, stays=stays)

    def absent(number, *targets):
        return [line(number, t, 400, 404, stays=True) for t in targets]
    chat = b"/v1/chat/completions"
    return [
        line(16, b"http://other.test" + chat), line(16, b"http://proxy.test:81" + chat),
        line(16, b"ftp://proxy.test" + chat), line(16, b"http://" + chat), line(16, b"http:" + chat),
        line(18, b"http://user@proxy.test" + chat), line(18, b"http://user:pw@proxy.test" + chat),
        line(19, b"proxy.test:443", 400, 405, method=b"CONNECT"),
        line(19, chat, 405, method=b"CONNECT"),
        line(20, chat, 405, method=b"TRACE"),
        row(21, "GET *", b"GET * HTTP/1.1\r\nHost: proxy.test\r\n\r\n"),
        line(21, b"*"),
        *absent(22, b"/v1/../v1/chat/completions", b"/v1/chat/../chat/completions", b"/v1/./chat/completions",
                b"/v1/chat/completions/..", b"/v1/models/..", b"/v1/files/../models"),
        *absent(23, b"/v1/%2e%2e/v1/chat/completions", b"/v1/.%2e/v1/chat/completions",
                b"/v1/%2E./chat/completions"),
        *absent(24, b"/v1%2fchat/completions", b"/v1/chat%2Fcompletions", b"/v1/chat%5ccompletions"),
        *absent(25, b"//v1/chat/completions", b"/v1//chat/completions", b"/v1/chat/completions/"),
        line(26, chat + b"%00"), line(26, chat + b"%0d%0aX:%20y"), line(26, chat + b"?a=%0a"),
        line(27, chat + b"%zz"), line(27, chat + b"?%"), line(27, chat + b"?a=%4"),
        *absent(28, b"/v1/%252e%252e/chat/completions", b"/v1/chat/completions%2500"),
        *absent(29, chat + b";params", b"/v1;a=b/chat/completions"),
    ]


def header_rows(s):
    many = [b"X-%d: y" % i for i in range(120)]
    return [
        row(31, "no Host", post(s, host=False)),
        row(32, "two Hosts", post(s, b"Host: other.test")),
        row(33, "Host with a path", post(s, b"Host: a/b@c, d", host=False)),
        row(34, "space before colon", post(s, b"X-A : b")),
        row(35, "first header begins with space", post(s).replace(b"\r\nHost", b"\r\n Host", 1)),
        row(36, "obs-fold", post(s, b"X-A: b\r\n c")),
        row(36, "obs-fold on Content-Length",
            post(s, b"Content-Length: \r\n %d" % len(BODY), framing=False)),
        row(36, "obs-fold on Transfer-Encoding",
            post(s, b"Transfer-Encoding:\r\n chunked", framing=False, body=b"0\r\n\r\n")),
        row(37, "empty name", post(s, b": value")),
        row(38, "no colon", post(s, b"nonsense")),
        *[row(39, f"{name} in a value", post(s, b"X-A: a" + byte + b"b"))
          for name, byte in (("NUL", b"\0"), ("bare CR", b"\r"), ("bare LF", b"\n"), ("VT", b"\v"),
                             ("DEL", b"\x7f"))],
        row(40, "non-token name", post(s, b"X(A): b")),
        row(41, "Content_Length", post(s, b"Content_Length: 3")),
        row(42, "CRLF X", post(s).replace(b"\r\n\r\n", b"\r\n\rX\r\n\r\n", 1)),
        row(43, "more than 100 fields", post(s, *many), 431),
        row(44, "head over the limit", post(s, *[b"X-%d: " % i + b"y" * 900 for i in range(60)]), 431),
    ]


def framing_rows(s):
    te, cl = b"Transfer-Encoding: ", b"Content-Length: %d" % len(BODY)
    chunk = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)

    def with_te(value, *more, body=chunk):
        return post(s, te + value, *more, framing=False, body=body)
    return [
        row(45, "CL then TE", post(s, cl, te + b"chunked", framing=False, body=chunk)),
        row(46, "TE then CL", post(s, te + b"chunked", cl, framing=False, body=chunk)),
        *[row(47, f"TE {v!r} with CL", post(s, te + v))
          for v in (b"identity", b"gzip", b"xchunked", b"")],
        row(48, "TE gzip alone", with_te(b"gzip")),
        row(49, "chunked, gzip", with_te(b"chunked, gzip")),
        row(50, "chunked, chunked", with_te(b"chunked, chunked")),
        row(51, "two chunked lines", with_te(b"chunked", te + b"chunked")),
        row(52, "identity line, chunked line", with_te(b"identity", te + b"chunked")),
        row(53, "quoted", with_te(b'"chunked"')),
        *[row(54, f"{v!r}", with_te(v))
          for v in (b"chunked;q=1", b",chunked", b"chunked foo", b"chunked\xff")],
        row(55, "TE on HTTP/1.0", post(s, te + b"chunked", framing=False, body=chunk,
                                       version=b"HTTP/1.0")),
        row(56, "equal duplicate CL", post(s, cl)),
        row(56, "list CL", post(s, b"Content-Length: %d, %d" % (len(BODY), len(BODY)), framing=False)),
        row(57, "differing CL", post(s, b"Content-Length: 3")),
        *[row(58, f"CL {v!r}", post(s, b"Content-Length: " + v, framing=False))
          for v in (b"+5", b"-5", b"0x5", b"1_0", b"", b"5,")],
        row(59, "CL 005", post(s, b"Content-Length: 00%d" % len(BODY), framing=False)),
        row(60, "CL 2^64", post(s, b"Content-Length: 18446744073709551616", framing=False)),
    ]


def chunked_rows(s):
    def raw(data):
        return chunked(raw=data, secret=s)
    n, size = len(BODY), b"%x" % len(BODY)
    return [
        row(63, "bare LF after size", raw(size + b"\n" + BODY + b"\r\n0\r\n\r\n")),
        row(64, "bare LF after data", raw(size + b"\r\n" + BODY + b"\n0\r\n\r\n")),
        row(65, "all LF", raw(size + b"\n" + BODY + b"\n0\n\n")),
        *[row(66, f"size {v!r}", raw(v + b"\r\n" + BODY[:5] + b"\r\n0\r\n\r\n"))
          for v in (b"0x5", b"+5", b"5_", b" 5", b"5 ")],
        row(67, "empty size", raw(b"\r\n" + BODY + b"\r\n0\r\n\r\n")),
        row(68, "17 hex digits", raw(b"0000000000000000" + size + b"\r\n" + BODY + b"\r\n0\r\n\r\n")),
        row(69, "5,000 zeros", raw(b"0" * 5000 + size + b"\r\n" + BODY + b"\r\n0\r\n\r\n")),
        row(70, "LF in a quoted extension", raw(size + b';a="\n"\r\n' + BODY + b"\r\n0\r\n\r\n")),
        row(70, "NUL in a quoted extension", raw(size + b';a="\0"\r\n' + BODY + b"\r\n0\r\n\r\n")),
        row(71, "1 MB extension", raw(size + b";a=" + b"b" * 1_000_000 + b"\r\n" + BODY + b"\r\n0\r\n\r\n")),
        row(72, "bare ;", raw(size + b";\r\n" + BODY + b"\r\n0\r\n\r\n")),
        row(73, "data too long", raw(b"%x\r\n" % (n - 1) + BODY + b"\r\n0\r\n\r\n")),
        row(73, "data too short", raw(b"%x\r\n" % (n + 1) + BODY + b"\r\n0\r\n\r\n")),
        row(74, "CR only", raw(size + b"\r" + BODY + b"\r0\r\r")),
        *[row(number, f"trailer {v!r}", raw(size + b"\r\n" + BODY + b"\r\n0\r\n" + v + b"\r\n\r\n"))
          for number, v in ((75, b"Authorization: Bearer x"), (75, b"Host: x"), (76, b"Content-Length: 3"),
                            (76, b"Transfer-Encoding: chunked"), (77, b"Connection: close"))],
        row(78, "trailer over 64 KiB",
            raw(size + b"\r\n" + BODY + b"\r\n0\r\nX: " + b"y" * 70_000 + b"\r\n\r\n")),
        row(79, "5,000 trailers", raw(size + b"\r\n" + BODY + b"\r\n0\r\n" + b"X: y\r\n" * 5000 + b"\r\n")),
    ]


def json_rows(s):
    ok = {"/v1/chat/completions": '"model":"deepseek-flash","messages":[{"role":"user","content":"hi"}]',
          "/beta/completions": '"model":"deepseek-flash","prompt":"hi"',
          "/v1/responses": '"model":"deepseek-flash","input":"hi"',
          "/anthropic/v1/messages": '"model":"deepseek-flash","messages":[]'}
    chat, fim, responses, anthropic = ok
    values = {"model": '"deepseek-flash"', "stream": "false", "messages": "[]", "tools": "[]",
              "prompt": '"x"', "input": '"x"'}
    acted_on = {chat: ["model", "stream", "messages", "tools", "n", "max_tokens", "max_completion_tokens"],
                fim: ["model", "stream", "prompt", "n", "best_of", "max_tokens"],
                responses: ["model", "stream", "input", "tools", "max_output_tokens"],
                anthropic: ["model", "stream", "messages", "tools", "max_tokens"]}

    def body(number, what, text, path=chat):
        data = text if isinstance(text, bytes) else text.encode()
        return row(number, f"{what} ({path})", post(s, body=data, target=path.encode()), stays=True)

    def twins(spell):
        for path, names in acted_on.items():
            for name in names:
                value = values.get(name, "1")
                yield body(113, f"{name} and {spell(name)}",
                           f'{{{ok[path]},"{name}":{value},"{spell(name)}":{value}}}', path)
    return [
        *twins(str), *twins(str.upper), *twins(str.capitalize),
        *[body(114, f"{name} spelt with an escape",
               f'{{{ok[chat]},"{name}":{values.get(name, "1")},"{escaped(name)}":{values.get(name, "1")}}}')
          for name in acted_on[chat]],
        *[body(115, f"{cap} {v}", f'{{{ok[path]},"{cap}":{v}}}', path)
          for path, cap in ((chat, "max_tokens"), (chat, "max_completion_tokens"), (fim, "max_tokens"),
                            (responses, "max_output_tokens"), (anthropic, "max_tokens"))
          for v in ("1e3", "-1", "1.5", '"5"', "9223372036854775808")],
        body(116, "nesting", "{%s,\"x\":%s1%s}" % (ok[chat], "[" * 3000, "]" * 3000)),
        body(117, "invalid UTF-8", b'{"model":"deepseek-flash","messages":[{"role":"user",'
             b'"content":"\xff\xfe"}]}'),
        body(117, "a lone surrogate in UTF-8", b'{"model":"deepseek-flash","messages":"\xed\xa0\x80"}'),
        *[body(118, f"{rest!r} after the document", "{%s}%s" % (ok[chat], rest))
          for rest in (" {}", "}", "x", ",", "\0")],
        body(119, "a BOM", b"\xef\xbb\xbf{" + ok[chat].encode() + b"}"),
        *[body(120, repr(v), v) for v in ("[]", '"x"', "1", "null", "", " ", "true")],
    ]


def escaped(name):
    return f"{name[:-1]}\\u{ord(name[-1]):04x}"


def authentication_rows(s):
    query = b"/v1/chat/completions?api_key=" + s
    return [
        row(80, "two Authorization", post(s, b"Authorization: Bearer " + s)),
        row(80, "two Authorization, one of them bad", post(s, b"Authorization: Bearer sk-ds-x")),
        row(81, "keys that disagree", post(s, b"x-api-key: sk-ds-other"), stays=True),
        row(87, "key in the query", post(s, target=query, auth=False), 401, stays=True),
        row(87, "key in the query and in its place", post(s, target=query), 401, stays=True),
    ]


def refused_rows(s):
    """Every case that is one request which must be refused."""
    return (request_line_rows(s) + target_rows(s) + header_rows(s) + framing_rows(s) + chunked_rows(s)
            + json_rows(s) + authentication_rows(s))
