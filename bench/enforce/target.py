"""A gateway as its TOML file describes it; deploy/docs/enforcement.md explains every entry. Reads and
checks, and names what is wrong; starts nothing."""
import dataclasses
import os
import re
import tomllib

from .template import names_in

ALGORITHMS = ("bucket", "fixed", "sliding")
TOP = {"name": str, "urls": list, "url": str, "path": str, "model": str, "headers": dict,
       "settled_s": (int, float), "spread_s": (int, float), "free_s": (int, float),
       "serving_s": (int, float), "upstream": str, "gateway": dict, "keys": dict, "declared": dict,
       "limits": dict, "note": str}
GATEWAY = {"nodes": int, "ports": list, "shared_ports": list, "services": list, "start": str,
           "kill": str, "stop": str, "restart": str, "env": dict, "files": dict,
           "templates": str}
CALL = {"url": str, "method": str, "headers": dict, "body": dict, "command": str, "secret": str,
        "id": str, "pointer": str, "per_dollar": (int, float)}
KEYS = {"create": dict, "revoke": dict, "narrow": dict, "spend": dict, "ready": list, "any": str}
DECLARED = {"requests": str, "tokens": str, "window_s": (int, float), "revoked_s": (int, float),
            "cuts": bool, "serving_s": (int, float), "usable_money": (int, float),
            "usable_requests": (int, float), "usable_tokens": (int, float)}
# What an experiment sets, by the names that a template for making keys may use.
SETTABLE = {"rpm": {"rpm"}, "tpm": {"tpm"}, "money": {"usd", "nano_usd", "units"},
            "concurrent": {"concurrent"}}


class Wrong(Exception):
    """The description is not usable; the message says where and why."""


def check(table, known, where):
    for name, value in table.items():
        if name not in known:
            raise Wrong(f"{where}{name}: unknown; one of {', '.join(sorted(known))}")
        kinds = known[name] if isinstance(known[name], tuple) else (known[name],)
        if not isinstance(value, kinds) or isinstance(value, bool) != (bool in kinds):
            raise Wrong(f"{where}{name}: expected {' or '.join(k.__name__ for k in kinds)}")


@dataclasses.dataclass
class Target:
    name: str
    urls: list
    path: str = "/v1/chat/completions"
    model: str = "deepseek-flash"
    headers: dict = dataclasses.field(
        default_factory=lambda: {"Authorization": "Bearer {secret}"})
    upstream: str = "127.0.0.1:0"  # where the gateway expects the upstream, if it can't be told
    settled_s: float = 10          # after this long the books are final
    spread_s: float = 0            # a new key is known to every node
    free_s: float = 1              # slots of the gone are free again
    serving_s: float = 60          # how long a start may take
    gateway: dict = dataclasses.field(default_factory=dict)
    keys: dict = dataclasses.field(default_factory=dict)
    declared: dict = dataclasses.field(default_factory=dict)
    limits: dict = dataclasses.field(default_factory=dict)  # of ready keys: rpm, burst_requests, …
    note: str = ""

    @property
    def nodes(self):
        return self.gateway.get("nodes", 1) if self.gateway.get("start") else len(self.urls)

    def can_limit(self, what):
        """Whether a key with that limit can be had: made, or ready with the limit stated."""
        if "create" in self.keys:
            return bool(SETTABLE[what] & names_in(self.keys["create"]))
        return what in self.limits

    def lacks(self, *needs):
        """The first thing of `needs` that the description does not offer, in words; or empty."""
        for need in needs:
            if need in SETTABLE:
                if not self.can_limit(need):
                    return f"no key with a limit on {need}"
            elif need == "kill":
                if not self.gateway.get("start") and not self.gateway.get("kill"):
                    return "no [gateway] start or kill"
            elif need not in self.keys:
                return f"no [keys.{need}]"
        return ""

    def algorithm(self, what):
        return self.declared.get(what, "bucket")

    def sets_burst(self, what):
        return "burst_" + what in names_in(self.keys.get("create", {}))


def parse(document, where):
    check(document, TOP, "")
    fields = dict(document)
    if ("url" in fields) == ("urls" in fields):
        raise Wrong("url: one of url and urls (a list, one each node) is needed")
    fields["urls"] = fields.pop("urls", None) or [fields.pop("url")]
    fields.setdefault("name", os.path.splitext(os.path.basename(where))[0])
    target = Target(**fields)
    check(target.gateway, GATEWAY, "gateway.")
    check(target.keys, KEYS, "keys.")
    check(target.declared, DECLARED, "declared.")
    for name in ("create", "revoke", "narrow", "spend"):
        call = target.keys.get(name)
        if call is not None:
            check(call, CALL, f"keys.{name}.")
            if ("url" in call) == ("command" in call):
                raise Wrong(f"keys.{name}: one of url and command is needed")
    if not {"create", "ready", "any"} & set(target.keys):
        raise Wrong("keys: one of create, ready (a list of secrets) and any (a pattern) is needed")
    for what in ("requests", "tokens"):
        if target.algorithm(what) not in ALGORITHMS:
            raise Wrong(f"declared.{what}: one of {', '.join(ALGORITHMS)}")
    return target


def templates(path, folder):
    """The files of a folder beside the description, by name."""
    place, found = os.path.join(os.path.dirname(path), folder), {}
    try:
        for name in sorted(os.listdir(place)):
            with open(os.path.join(place, name), encoding="utf-8") as file:
                found[name] = file.read()
    except OSError as error:
        raise Wrong(f"{path}: gateway.templates: {place}: {error.strerror}") from error
    return found


def read(path, nodes=None):
    try:
        with open(path, "rb") as file:
            document = tomllib.load(file)
    except OSError as error:
        raise Wrong(f"{path}: {error.strerror}") from error
    except tomllib.TOMLDecodeError as error:
        raise Wrong(f"{path}: {error}") from error
    try:
        target = parse(document, path)
    except Wrong as problem:
        raise Wrong(f"{path}: {problem}") from problem
    if "templates" in target.gateway:
        target.gateway["files"] = {**templates(path, target.gateway["templates"]),
                                   **target.gateway.get("files", {})}
    if nodes:
        if not target.gateway.get("start"):
            raise Wrong("--nodes: only for targets that deepseek-bench starts")
        target.gateway["nodes"] = nodes
        target.name = re.sub(r"\d+ nodes?", f"{nodes} node{'s' * (nodes > 1)}", target.name)
    return target
