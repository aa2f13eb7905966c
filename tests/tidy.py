#!/usr/bin/env python3
"""Keeps the tree tidy: reads every tracked file and fails on what the rules of the house forbid.

Checked: policies/ stays pure, dependencies run one way, the simulator shares no code with the proxy,
files and functions stay within their bounds, every file opens by saying what it owns, no leftovers, no
local name that hides another file's.
"""
import os
import re
import subprocess
import sys

ROOT = os.environ.get("SOURCE_DIR") or os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70
LINE_LENGTH_MAX = 100
TOP_LEVEL = {"CMakeLists.txt", "CMakePresets.json", "README.md", "CHANGELOG.md", "LICENSE",
             "proxy", "policies", "bench", "tests", "deploy"}
IMPURE = re.compile(r'#include\s*[<"](boost/|hiredis|sqlite3|spdlog|fmt/|toml|openssl|sys/|unistd|'
                    r'thread|mutex|condition_variable|fstream|iostream|filesystem|random|proxy/)')
CLOCK = re.compile(r'\b(system_clock|steady_clock|high_resolution_clock)::now|\bstd::time\(|\bgetenv\(')
LEFTOVER = re.compile(r'\b(TODO|FIXME|XXX|HACK)\b')
REGISTRY = re.compile(r'https?://[^\s"\']*(' + '|'.join(
    ["npm" + "js", "py" + "pi", "crates" + r"\.io", "deb" + r"\.debian", "maven"]) + ')')


def tracked():
    out = subprocess.run(["git", "-C", ROOT, "ls-files"], capture_output=True, text=True)
    if out.returncode == 0 and out.stdout:
        return [p for p in out.stdout.splitlines() if os.path.isfile(os.path.join(ROOT, p))]
    found = []
    for base, folders, files in os.walk(ROOT):
        folders[:] = [f for f in folders if f not in {".git", "build", "node_modules"}]
        found += [os.path.relpath(os.path.join(base, f), ROOT) for f in files]
    return found


def functions(lines):
    """Yields (first line, length) of brace-balanced bodies that begin at the end of a signature."""
    opener = re.compile(r'^(?!\s*(namespace|struct|class|enum|union|extern|//|#|template\b.*;))'
                        r'[\w:<>~\s,&*\[\]().="\'+-]*\)[^;{}=]*\{\s*$')
    depth, start, base = 0, None, 0
    for number, line in enumerate(lines, 1):
        code = re.sub(r'"(\\.|[^"\\])*"|\'(\\.|[^\'\\])*\'|//.*', '', line)
        if start is None and opener.match(code) and not re.match(
                r'\s*(if|for|while|switch|else|do|catch|\})', code):
            start, base = number, depth
        depth += code.count('{') - code.count('}')
        if start is not None and depth <= base:
            yield start, number - start + 1
            start = None


def check_cpp(path, text, lines, report):
    if len(lines) > FILE_LINES_MAX:
        report(path, 1, f"{len(lines)} lines; at most {FILE_LINES_MAX}: find the missing concept")
    if not text.startswith("//"):
        report(path, 1, "a file opens with a comment: what it owns, what it refuses to know")
    for number, line in enumerate(lines, 1):
        if len(line) > LINE_LENGTH_MAX and 'R"' not in line:
            report(path, number, f"{len(line)} columns; at most {LINE_LENGTH_MAX}")
        if LEFTOVER.search(line):
            report(path, number, "leftover marker")
        if path.startswith("policies/"):
            if IMPURE.search(line) or CLOCK.search(line):
                report(path, number, "policies/ is pure: no I/O, thread, clock or library")
        if path.startswith("bench/simulator/") and re.search(r'#include "(policies|proxy)/', line):
            if '"proxy/pch.hpp"' not in line:
                report(path, number, "the simulator shares no code with the proxy")
        if path.startswith("proxy/") and re.search(r'#include "(bench|tests)/', line):
            report(path, number, "dependencies run one way: main -> proxy -> policies -> std")
    if path.startswith("tests/"):
        for number, line in enumerate(lines, 1):
            if re.search(r'\bsleep_for\b|\busleep\(|\bsleep\(', line) and "tidy: allowed" not in line:
                report(path, number, "tests do not sleep")
    for start, length in functions(lines):
        if length > FUNCTION_LINES_MAX and not re.search(r'\b(TEST_CASE|SECTION)', lines[start - 1]):
            report(path, start, f"a function of {length} lines; at most {FUNCTION_LINES_MAX}")


def named(lines):
    """Functions and constants that begin at the margin."""
    opener = re.compile(r'^(?!\s|//|#|\}|using|return|struct|class|enum|namespace|template|typedef|static_assert)'
                        r'[\w:<>,&*\s\[\]]*?[\s&*>](\w+)\(')
    constant = re.compile(r'^(?:inline )?const(?:expr|init)? [^(]*?\b(\w+)\s*(?:=|\{)')
    for number, line in enumerate(lines, 1):
        found = opener.match(line) or constant.match(line)
        if found and f"::{found.group(1)}(" not in line:
            yield found.group(1), number


def check_hidden(files, report):
    """Sources of a part are compiled together: what is local to one must not hide, for the next, what the
    part declares."""
    declared, local = {}, []
    for path, lines in files.items():
        part, inside = os.path.dirname(path), False
        own = []
        for line in lines:
            inside = (inside or line == "namespace {") and line != "} // namespace"
            own.append(inside)
        for name, number in named(lines):
            if own[number - 1]:
                local.append((part, name, path, number))
            else:
                declared.setdefault((part, name), path)
    for part, name, path, number in local:
        if (part, name) in declared:
            report(path, number, f"'{name}' hides that of {declared[part, name]} where both are compiled together")


def main():
    problems = []

    def report(path, number, what):
        problems.append(f"{path}:{number}: {what}")

    count = 0
    parts = {}
    for path in tracked():
        top = path.split("/")[0]
        if not top.startswith(".") and top not in TOP_LEVEL:
            report(path, 1, f"the top level is fixed; '{top}' does not belong there")
        if os.path.splitext(path)[1] in {".png", ".svg", ".ico", ".woff2", ".bin"} or "/seeds/" in path:
            continue
        with open(os.path.join(ROOT, path), encoding="utf-8", errors="replace") as file:
            text = file.read()
        count += 1
        lines = text.splitlines()
        for number, line in enumerate(lines, 1):
            if REGISTRY.search(line):
                report(path, number, "names a package registry's host")
            if "../shared" in line and path != "tests/tidy.py":
                report(path, number, "nothing may depend on ../shared")
        if path.endswith((".cpp", ".hpp")):
            check_cpp(path, text, lines, report)
            if path.startswith(("policies/", "proxy/", "bench/simulator/")) and not path.endswith("main.cpp"):
                parts[path] = lines
    check_hidden(parts, report)
    for problem in problems:
        print(problem)
    print(f"{count} files read, {len(problems)} problems")
    return 1 if problems or count < 20 else 0


if __name__ == "__main__":
    sys.exit(main())
