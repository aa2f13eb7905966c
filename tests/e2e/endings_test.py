#!/usr/bin/env python3
"""What ends while a request is under way: its key, its client's patience, the proxy itself."""
import json
import os
import resource
import signal
import socket
import threading

from harness import Proxy, Simulator, eventually, request, run, workspace
from recorder import Recorder
from stream_test import GatedUpstream, open_stream


def head(path, key, length, kind="application/json"):
    return (f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key['key']}\r\n"
            f"Content-Type: {kind}\r\nContent-Length: {length}\r\n\r\n").encode()


def answer_of(s):
    data = b""
    while b"\r\n\r\n" not in data:
        more = s.recv(65536)
        if not more:
            break
        data += more
    return data


def held_nothing(proxy, key):
    usage = proxy.usage(key["id"])
    return usage["held_nano_usd"] == 0 and usage


def a_key_revoked_while_its_body_arrives_sends_nothing():
    """The head was let in, the key ended, the body came: refused, and nothing went upstream"""
    with workspace() as directory:
        upstream = Recorder()
        proxy = Proxy(os.path.join(directory, "data"), f"http://127.0.0.1:{upstream.port}")
        try:
            key = proxy.create_key(rate_limits={"monthly_spending_limit": 1})
            body = json.dumps({"model": "deepseek-flash", "max_tokens": 5,
                               "messages": [{"role": "user", "content": "hi"}]}).encode()
            with socket.create_connection(("127.0.0.1", proxy.port), 20) as s:
                s.sendall(head("/v1/chat/completions", key, len(body)) + body[:10])
                eventually(lambda: proxy.metric("connections") == 1, "the connection is served")
                proxy.admin("POST", f"/v1/keys/{key['id']}/deactivate")
                s.sendall(body[10:])
                answer = answer_of(s)
            assert answer.startswith(b"HTTP/1.1 401"), answer
            assert upstream.count() == 0 and b"chat" not in upstream.bytes()
            eventually(lambda: held_nothing(proxy, key), "the hold is given back")
        finally:
            proxy.stop()
            upstream.close()


def an_upload_is_bounded():
    """Declared larger than allowed: 413 and not a byte upstream; one that stalls is given up"""
    with workspace() as directory:
        upstream = Recorder()
        settings = {"server": ["body_bytes_max = 65536", "body_bytes_per_second_min = 1048576"]}
        proxy = Proxy(os.path.join(directory, "data"), f"http://127.0.0.1:{upstream.port}", settings)
        try:
            key = proxy.create_key()
            form = "multipart/form-data; boundary=x"
            with socket.create_connection(("127.0.0.1", proxy.port), 20) as s:
                s.sendall(head("/v1/files", key, 65537, form))
                assert answer_of(s).startswith(b"HTTP/1.1 413")
            assert not upstream.bytes()
            with socket.create_connection(("127.0.0.1", proxy.port), 20) as s:
                s.sendall(head("/v1/files", key, 60000, form) + b"x" * 1000)
                assert not answer_of(s).startswith(b"HTTP/1.1 200")
            eventually(lambda: proxy.metric("connections") == 0, "the stalled upload is given up")
        finally:
            proxy.stop()
            upstream.close()


def a_stop_waits_for_answers_and_settles_the_rest():
    """SIGTERM: an answer under way is finished; one that takes too long is cut and charged"""
    with workspace() as directory:
        for patience, finished in ((30, True), (0, False)):
            upstream = GatedUpstream()
            data, url = os.path.join(directory, f"data{patience}"), f"http://127.0.0.1:{upstream.port}"
            proxy = Proxy(data, url, {"server": [f"drain_timeout_s = {patience}"]})
            key = proxy.create_key(rate_limits={"monthly_spending_limit": 1})
            with open_stream(proxy, key["key"]) as s:
                assert upstream.ready.acquire(timeout=10)
                answer_of(s)
                proxy.child.send_signal(signal.SIGTERM)
                if finished:
                    refused = lambda: socket.socket().connect_ex(("127.0.0.1", proxy.port)) != 0
                    eventually(refused, "no new connection is taken")
                    usage = {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}
                    last = json.dumps({"model": "deepseek-flash", "choices": [], "usage": usage})
                    upstream.chunk(b"data: " + last.encode() + b"\n\n")
                    upstream.chunk(b"data: [DONE]\n\n")
                    upstream.client.sendall(b"0\r\n\r\n")
                    received = b""
                    while b"[DONE]" not in received:
                        received += s.recv(65536)
                assert proxy.stop() == 0, proxy.text()
            upstream.close()
            check_after_stop(data, url, key, "complete" if finished else None)


def check_after_stop(data, url, key, ending):
    proxy = Proxy(data, url)
    try:
        row, = eventually(lambda: [r for r in proxy.ledger() if r["dispatched"]], "the row is there")
        assert row["ending"] == ending if ending else row["ending"] != "complete", row
        usage = eventually(lambda: held_nothing(proxy, key), "nothing stays held")
        assert usage["cost_nano_usd"] == row["cost_nano_usd"] > 0, (usage, row)
        if ending:
            assert row["output_tokens"] == 4, row
    finally:
        proxy.stop()


def a_stop_under_load_loses_nothing():
    """SIGTERM in mid-load: what the upstream saw is what the ledger has, and nothing is held"""
    from kill_test import check_books, quiet
    from load import chat_shot, fire_all, seeded
    rng = seeded(5)
    with workspace() as directory:
        simulator = Simulator("--tokens", "bytes", "--prices", "table")
        try:
            simulator.config(greedy=True, ttft_ms=5)
            data, url = os.path.join(directory, "data"), f"http://127.0.0.1:{simulator.port}"
            settings = {"server": ["drain_timeout_s = 0"]}
            proxy = Proxy(data, url, settings)
            key = proxy.create_key(rate_limits={"monthly_spending_limit": 2})
            for goal in (30, 120, 200):
                shots = [chat_shot(rng, tokens=(10, 400)) for _ in range(300)]
                before = len(simulator.requests())
                load = threading.Thread(target=fire_all, args=(proxy.port, key["key"], shots, 100))
                load.start()
                eventually(lambda: len(simulator.requests()) >= before + goal, "the load is under way")
                assert proxy.stop() == 0, proxy.text()
                load.join()
                quiet(simulator)
                proxy = Proxy(data, url, settings)
                check_books(simulator, proxy, key)
            proxy.stop()
        finally:
            simulator.kill()


def no_descriptors_left():
    """More clients than `ulimit -n`: some are turned away, the CPU rests, and it serves again"""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    with workspace() as directory:
        upstream = Recorder()
        resource.setrlimit(resource.RLIMIT_NOFILE, (80, limits[1]))
        try:
            settings = {"server": ["threads = 1", "idle_timeout_s = 600"]}
            proxy = Proxy(os.path.join(directory, "data"), f"http://127.0.0.1:{upstream.port}", settings)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        try:
            key = proxy.create_key()
            crowd = [socket.create_connection(("127.0.0.1", proxy.port), 20) for _ in range(120)]
            eventually(lambda: "descriptors are exhausted" in proxy.text(), "it is told")
            used = cpu_ticks(proxy.pid)
            for _ in range(3):  # several pauses of the listener pass between these lines
                count = proxy.text().count("descriptors are exhausted")
                crowd += [socket.create_connection(("127.0.0.1", proxy.port), 20)]
                eventually(lambda: proxy.text().count("descriptors are exhausted") > count, "told again")
            assert cpu_ticks(proxy.pid) - used < 20, "the listener spins"
            for s in crowd:
                s.close()
            eventually(lambda: served(proxy, key), "it serves again")
        finally:
            proxy.stop()
            upstream.close()


def served(proxy, key):
    try:
        return proxy.chat(key["key"])[0] == 200
    except OSError:
        return False


def cpu_ticks(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def bytes_behind_an_answer_reach_nobody():
    """An upstream that says more than its answer: the connection is not used again"""
    from recorder import ANSWER
    surplus = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nstolen"
    answer = (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
              % len(ANSWER) + ANSWER + surplus)
    with workspace() as directory:
        upstream = Recorder(answer)
        proxy = Proxy(os.path.join(directory, "data"), f"http://127.0.0.1:{upstream.port}",
                      {"server": ["threads = 1"]})
        try:
            key = proxy.create_key()
            for _ in range(5):
                status, _, data = request(proxy.port, "POST", "/v1/chat/completions",
                                          {"model": "deepseek-flash", "messages": []},
                                          {"Authorization": "Bearer " + key["key"]})
                assert status == 200 and data == ANSWER, data
        finally:
            proxy.stop()
            upstream.close()


def a_clock_set_right_locks_nobody():
    """The clock was a day ahead, the key at its rate: after a restart it waits a minute, not a day"""
    with workspace() as directory:
        upstream = Recorder()
        data, url = os.path.join(directory, "data"), f"http://127.0.0.1:{upstream.port}"
        try:
            ahead = Proxy(data, url, options=("--clock", "2026-11-24T12:00:00Z"))
            key = ahead.create_key(rate_limits={"requests_per_minute": 5})
            while ahead.chat(key["key"])[0] == 200:
                pass
            ahead.stop()
            late = Proxy(data, url, options=("--clock", "2026-11-23T12:00:00Z"))
            status, head, _ = late.chat(key["key"])
            late.stop()
            assert status == 429 and int(head["retry-after"]) <= 60, (status, head)
        finally:
            upstream.close()


def a_pipelined_request_behind_an_upload_is_read_whole():
    """A chunked upload under a large head, the next request in the same bytes: both arrive whole"""
    with workspace() as directory:
        upstream = Recorder()
        proxy = Proxy(os.path.join(directory, "data"), f"http://127.0.0.1:{upstream.port}")
        try:
            key = proxy.create_key()
            filler = b"".join(b"X-Filler-%d: %s\r\n" % (i, b"f" * 4000) for i in range(6))
            begin = (b"POST /v1/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
                     + key["key"].encode() + b"\r\nTransfer-Encoding: chunked\r\n"
                     b"Content-Type: multipart/form-data; boundary=x\r\n" + filler + b"\r\n")
            body = b"x" * 3000
            chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
            chat = json.dumps({"model": "deepseek-flash", "max_tokens": 5,
                               "messages": [{"role": "user", "content": "y" * 4000}]}).encode()
            second = head("/v1/chat/completions", key, len(chat)) + chat
            with socket.create_connection(("127.0.0.1", proxy.port), 20) as s:
                s.sendall(begin + chunked + second)
                eventually(lambda: upstream.count() == 2, "both went upstream")
            assert upstream.requests[0][1] == body and filler[:4000] in upstream.requests[0][0]
            assert upstream.requests[1][1] == chat, upstream.requests[1][1][:200]
        finally:
            proxy.stop()
            upstream.close()


if __name__ == "__main__":
    run([a_key_revoked_while_its_body_arrives_sends_nothing, an_upload_is_bounded,
         a_stop_waits_for_answers_and_settles_the_rest, a_stop_under_load_loses_nothing,
         no_descriptors_left, bytes_behind_an_answer_reach_nobody,
         a_clock_set_right_locks_nobody, a_pipelined_request_behind_an_upload_is_read_whole])
