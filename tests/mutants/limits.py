#!/usr/bin/env python3
"""Breaks the limits' code in one place at a time and expects their tests to notice: each check, clamp, drain,
charge and comparison is dropped or turned in a copy of policies/limits, built without optimisation and tested.

    tests/mutants/limits.py [--jobs N] [--list] [FILE[:LINE]]...

Ends with a table and non-zero if a mutant lived. A mutant that cannot be told from the original by any
caller stands in EQUIVALENT with the reason."""
import argparse
import concurrent.futures
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LIMITS = "policies/limits"
FILES = ["reserve.cpp", "settle.cpp", "meter.hpp", "passage.hpp", "shortfall.hpp", "book.cpp", "remaining.cpp",
         "lend.cpp", "lease.cpp"]
COMPILE = ["g++", "-std=c++20", "-O0", "-fno-omit-frame-pointer", "-w"]
COUNT_MIN = 80  # fewer mutants than this: the patterns no longer match the code
# (file, the line as it becomes): why. An earlier instant than the state's drains and rolls nothing in advance().
EARLIER = "an instant before the state's own changes nothing in advance()"
EQUIVALENT = {
    ("reserve.cpp", "if ((!limits.limits_money()), false)"): "a short cut: each window is asked for by itself",
    ("settle.cpp", "const std::int64_t at_ms = (at.time_since_epoch().count());"): EARLIER,
    ("settle.cpp", "const std::int64_t at_ms = (row.ended.time_since_epoch().count());"): EARLIER,
    ("remaining.cpp", "advance(present, limits, present_at((now.time_since_epoch().count())));"): EARLIER,
    ("meter.hpp", "const std::int64_t excess = (m.level - room * units_per_whole);"):
        "asked only of what does not fit: where there is room, the level is above it",
    ("lend.cpp", "most = std::min(most, (limit - used) / parts_);"): "where more is used than allowed, all is refused",
    ("lend.cpp:131", ";"): "settle() advances too, and what a window held goes with it",
}


# -- what is broken, line by line --

def arguments(text, start):
    """The arguments of the call whose '(' is at `start`, and where it ends."""
    depth, parts, begin = 0, [], start + 1
    for at in range(start, len(text)):
        c = text[at]
        if c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
            if depth == 0:
                return parts + [text[begin:at].strip()], at + 1
        elif c == "," and depth == 1:
            parts.append(text[begin:at].strip())
            begin = at + 1
    return None, start


def without_clamps(line):
    """bounded(x, m), clamp(x, ...), max(0, x) and min(x, m) become x."""
    for found in re.finditer(r"\b(bounded|std::(?:clamp|max|min)(?:<[\w:]+>)?)\(", line):
        parts, end = arguments(line, found.end() - 1)
        if not parts or len(parts) < 2:
            continue
        kept = range(1) if "bounded" in found[1] or "clamp" in found[1] else range(2)
        for k in kept:
            yield f"{found[1]} dropped, {parts[k]} kept", line[:found.start()] + f"({parts[k]})" + line[end:]


def without_checks(line):
    """if (c) becomes if (false) and if (true)."""
    found = re.match(r"(\s*(?:\}? ?else )?if )\((.*)\)( \{)?$", line)
    if found and ";" not in found[2] and "const auto" not in found[2]:
        for value in ("false", "true"):
            yield f"check is always {value}", f"{found[1]}(({found[2]}), {value}){found[3] or ''}"


def turned_comparisons(line):
    for found in re.finditer(r" (<=|>=|<|>|==|!=) ", line):
        if "template" in line or "#include" in line or "optional<" in line[found.start():found.end() + 1]:
            continue
        other = {"<=": "<", ">=": ">", "<": "<=", ">": ">=", "==": "!=", "!=": "=="}[found[1]]
        yield f"{found[1]} becomes {other}", line[:found.start(1)] + other + line[found.end(1):]


def without_terms(line):
    """One term of a sum left out, one side of && or || left out."""
    for found in re.finditer(r" ([+-]) ([\w.>:-]+(?:\([^()]*\))?)", line):
        if re.match(r"\s*(//|return \{|\.)", line) or found[2] == "1":
            continue
        yield f"{found[1]} {found[2]} dropped", line[:found.start()] + line[found.end():]
    for found in re.finditer(r" (&&|\|\|) ", line):
        yield f"{found[1]} turned", line[:found.start(1)] + ("||" if found[1] == "&&" else "&&") + line[found.end(1):]


STATEMENT = re.compile(r"\s*(drain|charge|take_out|take_from|take_out_hold|take_money|roll|spend|close|advance|keep_time|move|"
                       r"examine_\w+|end|limits::settle|limits::cancel|correct|fresh\.\w+ =|open\.extended =|held\.\w+ [+]?=|"
                       r"granted_\.value =|\+\+|--|[\w.>-]+ [+-]?= )")


def without_statement(line):
    if line.rstrip().endswith(";") and STATEMENT.match(line) and not line.lstrip().startswith("const"):
        yield "statement dropped", re.match(r"\s*", line)[0] + ";"


KINDS = [without_clamps, without_checks, turned_comparisons, without_terms, without_statement]


def mutants():
    for name in FILES:
        with open(os.path.join(ROOT, LIMITS, name), encoding="utf-8") as file:
            lines = file.read().split("\n")
        for number, line in enumerate(lines):
            code = line.split("//")[0].rstrip()
            if not code or code.lstrip().startswith(("#", "inline constexpr", "static_assert", "case ", "using ")):
                continue
            seen = set()
            for kind in KINDS:
                for what, broken in kind(code):
                    if broken == code or broken in seen:
                        continue
                    seen.add(broken)
                    yield name, number + 1, what, broken, lines[:number] + [broken] + lines[number + 1:]


# -- building and testing --

class Workshop:
    """Objects of the unbroken code, and the sources each is made of."""

    def __init__(self, folder):
        self.folder = folder
        shutil.copytree(os.path.join(ROOT, "policies"), os.path.join(folder, "policies"))
        shutil.copytree(os.path.join(ROOT, "tests", LIMITS), os.path.join(folder, "tests", LIMITS))
        shutil.copytree(os.path.join(ROOT, "tests/support"), os.path.join(folder, "tests/support"))
        sources = glob.glob(f"{folder}/{LIMITS}/*.cpp") + glob.glob(f"{folder}/tests/{LIMITS}/*.cpp")
        self.sources = sources + [f"{folder}/tests/support/catch_main.cpp"]
        self.objects, self.needs = {}, {}

    def build(self, pool):
        for source, needs in zip(self.sources, pool.map(self.compile_first, self.sources)):
            self.needs[source] = needs
        whole = subprocess.run([self.link(self.folder, self.objects)], capture_output=True, text=True, check=False)
        assert whole.returncode == 0, whole.stdout[-3000:]  # or every mutant would seem to be noticed

    def compile_first(self, source):
        out = source[:-4] + ".o"
        subprocess.run([*COMPILE, "-MMD", f"-I{self.folder}", "-c", source, "-o", out], check=True)
        self.objects[source] = out
        with open(source[:-4] + ".d", encoding="utf-8") as file:
            return {os.path.basename(path) for path in file.read().split()}

    def link(self, folder, objects):
        program = os.path.join(folder, "tests.out")
        done = subprocess.run(["g++", "-fuse-ld=mold", *objects.values(), "-o", program], capture_output=True, text=True,
                              check=False)
        assert done.returncode == 0, done.stderr
        return program

    def judge(self, mutant):
        """(mutant, "killed" | "lived" | "does not compile")"""
        name, _, _, _, lines = mutant
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            shutil.copytree(os.path.join(self.folder, "policies"), os.path.join(folder, "policies"),
                            ignore=shutil.ignore_patterns("*.o", "*.d"))
            with open(os.path.join(folder, LIMITS, name), "w", encoding="utf-8") as file:
                file.write("\n".join(lines))
            objects = dict(self.objects)
            for source in self.sources:
                # Tests keep their own copy of inline functions: those are judged through the library.
                if name not in self.needs[source] or f"/tests/{LIMITS}/" in source:
                    continue
                out = os.path.join(folder, os.path.basename(source) + ".o")
                broken = os.path.join(folder, os.path.relpath(source, self.folder))
                done = subprocess.run([*COMPILE, f"-I{folder}", "-c", broken, "-o", out], capture_output=True, check=False)
                if done.returncode:
                    return mutant, "does not compile"
                objects[source] = out
            ordered = {s: objects[s] for s in sorted(objects, key=lambda s: f"/tests/{LIMITS}/" in s)}
            program = self.link(folder, ordered)  # the library first: its inline functions win
            try:
                done = subprocess.run([program, "--abort"], capture_output=True, timeout=240, check=False)
            except subprocess.TimeoutExpired:
                return mutant, "killed"
            return mutant, "lived" if done.returncode == 0 else "killed"


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--jobs", type=int, default=2)
    options.add_argument("--list", action="store_true")
    options.add_argument("places", nargs="*")
    options = options.parse_args()
    all_mutants = [m for m in mutants() if not options.places or {m[0], f"{m[0]}:{m[1]}"} & {*options.places}]
    assert options.places or len(all_mutants) >= COUNT_MIN, f"only {len(all_mutants)} mutants"
    if options.list:
        for name, number, what, broken, _ in all_mutants:
            print(f"{name}:{number}: {what}: {broken.strip()}")
        return 0
    counts, lived = {}, []
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        workshop = Workshop(folder)
        workshop.build(pool)
        for (name, number, what, broken, _), verdict in pool.map(workshop.judge, all_mutants):
            known = {(name, broken.strip()), (f"{name}:{number}", broken.strip())}
            if verdict == "lived" and known & EQUIVALENT.keys():
                verdict = "equivalent"
            counts.setdefault(name, {}).setdefault(verdict, 0)
            counts[name][verdict] += 1
            if verdict == "lived":
                lived.append(f"{LIMITS}/{name}:{number}: {what}: {broken.strip()}")
                print(lived[-1], flush=True)
    print(f"\n{'file':<16} {'killed':>8} {'lived':>8} {'equivalent':>10} {'no code':>8}")
    for name, found in counts.items():
        print(f"{name:<16} {found.get('killed', 0):>8} {found.get('lived', 0):>8} {found.get('equivalent', 0):>10} "
              f"{found.get('does not compile', 0):>8}")
    return 1 if lived else 0


if __name__ == "__main__":
    sys.exit(main())
