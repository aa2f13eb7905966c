"""The peers by name: how each is started for a workload. Names are those of `bench/run --peers`."""
import os

from load import script
from processes import Peer, make_keys
from workloads import stream_of

EVENTS = 200
EVENT_EVERY_US = 1000  # far below what any of the proxies can pass on: no two share a read


def upstream(stage, workload):
    """Its port."""
    if workload.upstream == "burst":
        return stage.nginx("upstream-stream.conf", files={"answer": "".join(stream_of(EVENTS))})[1]
    if workload.upstream == "events":
        path = os.path.join(stage.directory, "events")
        with open(path, "w", encoding="utf-8") as file:
            file.write("".join(stream_of(EVENTS)))
        return stage.bench("deepseek-bench-events", path, EVENT_EVERY_US)[1]
    return stage.nginx("upstream.conf", tls=workload.upstream == "tls")[1]


def scheme(workload):
    return "https" if workload.upstream == "tls" else "http"


def ours(stage, workload, port, threads, name="ours", store=""):
    sections = {"store": store}
    if workload.upstream == "tls":
        sections["upstream"] = f'ca_file = "{stage.certificate()}"'
    if workload.client_tls:
        sections["server"] = (f'tls_cert = "{stage.certificate()}"\n'
                              f'tls_key = "{stage.certificate()}.key"')
    made = stage.ours(f"{scheme(workload)}://127.0.0.1:{port}", workload.threads or threads, sections)
    made.name = name
    return made


def on_redis(coordination):
    def start(stage, workload, port, threads):
        redis, at = stage.redis()
        store = f'kind = "redis"\nurl = "redis://127.0.0.1:{at}"'
        if coordination == "leased":
            store += '\ncoordination = "leased"'
        made = ours(stage, workload, port, threads, f"redis-{coordination}", store)
        made.redis = redis
        return made
    return start


def nginx(stage, workload, port, _):
    return Peer("nginx", *stage.nginx("nginx-plain.conf", tls=workload.client_tls, UPSTREAM=port,
                                      SCHEME=scheme(workload)), tls=workload.client_tls)


def nginx_lua(settles):
    """`settles`: it asks Redis twice a request, as ours does, for what was not used comes back."""
    def start(stage, _, port, __):
        redis, at = stage.redis()
        return Peer("nginx-lua" if settles else "nginx-lua-once",
                    *stage.nginx("nginx-lua.conf", UPSTREAM=port, REDIS=at, SETTLE=int(settles)),
                    redis=redis)
    return start


def portkey(stage, _, port, __):
    return Peer("portkey", *stage.portkey(), headers=(
        ("x-portkey-provider", "deepseek"),
        ("x-portkey-custom-host", f"http://127.0.0.1:{port}")))


PEERS = {
    "ours": ours,
    "redis-exact": on_redis("exact"),
    "redis-leased": on_redis("leased"),
    "nginx": nginx,
    "nginx-lua": nginx_lua(True),
    "nginx-lua-once": nginx_lua(False),
    "haproxy": lambda stage, _, port, __: Peer("haproxy", *stage.haproxy(port)),
    "relay": lambda stage, _, port, __: Peer("relay", *stage.bench("deepseek-bench-floor", port)),
    "portkey": portkey,
}
ABOUT = {
    "ours": "ours", "redis-exact": "ours, limits in Redis", "redis-leased": "ours, leases of Redis",
    "nginx": "nginx", "nginx-lua": "nginx + Lua + Redis",
    "nginx-lua-once": "nginx + Lua + Redis, without settling", "haproxy": "HAProxy",
    "relay": "bare relay", "portkey": "Portkey",
}


def secrets_for(peer, workload):
    if not peer.enforces:
        return ["none"]
    if workload.refused in (0, 1):
        return make_keys(peer, workload.key, workload.keys)
    served = make_keys(peer, workload.key, 1)
    return served + make_keys(peer, ("--rpm", "0"), 1) * round(1 / (1 - workload.refused) - 1)


def start_all(stage, workload, names, threads):
    """The peers, ready to be measured."""
    port = upstream(stage, workload)
    found = []
    for name in names:
        peer = PEERS[name](stage, workload, port, threads)
        peer.secrets = secrets_for(peer, workload)
        peer.script = script(stage.directory, name, peer.secrets, workload.body, peer.headers)
        found.append(peer)
    return found
