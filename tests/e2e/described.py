"""Holds answers of the admin plane against openapi.json: status, content type, headers and body must be
described there, to the last field. Knows which operations it has seen answered."""
import json
import os
import re

import jsonschema

PLACE = os.path.join(os.path.dirname(__file__), "..", "..", "proxy", "admin", "web", "openapi.json")
ANYWHERE = {400, 404, 405, 408, 413, 431}  # of what is no request, no path or no method of the API
LINES_MAX = 20  # of a stream of rows


class Description:
    def __init__(self):
        with open(PLACE, encoding="utf-8") as file:
            self.document = json.load(file)
        self.seen = set()  # (operationId, status)
        self._validators = {}
        self._paths = [(re.compile(re.sub(r"\\\{[^/]+\\\}", "[^/]+", re.escape(path)) + "$"), path)
                       for path in self.document["paths"]]

    def operation(self, method, target):
        path = target.split("?")[0]
        for pattern, name in sorted(self._paths, key=lambda each: "{" in each[1]):
            if pattern.match(path):
                return self.document["paths"][name].get({"HEAD": "get"}.get(method, method.lower()))
        return None

    def resolve(self, node):
        while "$ref" in node:
            found = self.document
            for part in node["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            node = found
        return node

    def validator(self, schema):
        text = json.dumps(schema)
        if text not in self._validators:
            whole = {**schema, "components": self.document["components"]}
            self._validators[text] = jsonschema.Draft202012Validator(
                whole, format_checker=jsonschema.FormatChecker())
        return self._validators[text]

    def check(self, method, target, status, headers, data):
        what = f"{method} {target} -> {status}"
        operation = self.operation(method, target)
        if operation is None or str(status) not in operation["responses"]:
            assert status in ANYWHERE, what + ": is not in openapi.json"
            self.conforms({"$ref": "#/components/schemas/Error"}, json.loads(data), what) if data else None
            return
        described = self.resolve(operation["responses"][str(status)])
        for name in described.get("headers", {}):
            assert name.lower() in headers, f"{what}: openapi.json promises {name}"
        kind = headers.get("content-type", "")
        assert kind in described["content"], f"{what}: {kind!r} is not among {list(described['content'])}"
        self.seen.add((operation["operationId"], status))
        if method == "HEAD":
            return
        schema = described["content"][kind]["schema"]
        if kind == "application/x-ndjson":
            for line in data.splitlines()[:LINES_MAX]:
                self.conforms(schema, json.loads(line), what)
        else:
            self.conforms(schema, json.loads(data) if kind == "application/json" else data.decode(), what)

    def conforms(self, schema, value, what):
        for error in self.validator(schema).iter_errors(value):
            place = "/".join(str(part) for part in error.absolute_path)
            raise AssertionError(f"{what}: {place}: {error.message[:300]}")


admin_plane = Description()
