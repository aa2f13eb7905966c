"""Puts results of `enforce --json` side by side: Markdown, HTML, and the curves as SVG. Measures
nothing."""
import html
import json

from . import svg
from .report import by_experiment, cells
from .target import Wrong
from .verdict import EXIT_HELD


def read(path):
    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
    except (OSError, ValueError) as error:
        raise Wrong(f"{path}: {error}") from error
    if found.get("format") != "deepseek-bench enforce 1":
        raise Wrong(f"{path}: not a result of deepseek-bench enforce --json")
    return found


def grid(results):
    """Header and rows of texts: an experiment a row, a gateway a column."""
    sides = [by_experiment(found) for found in results]
    names = list(dict.fromkeys(name for side in sides for name in side))
    rows = []
    for name in names:
        row = [name]
        for side in sides:
            verdict, text = cells(name, side[name]) if name in side else ("–", "")
            row.append(f"{verdict}: {text}" if text else verdict)
        rows.append(row)
    return ["experiment"] + [found["target"] for found in results], rows


def markdown(results):
    header, rows = grid(results)
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    for found in results:
        limits = found["limits"]
        lines.append(f"\n{found['target']}: measured {found['began']} on {found['machine']}, "
                     f"{len(found['seeds'])} seeds, windows of {limits['window_s']:g} s. {found['note']}")
    return "\n".join(lines).rstrip() + "\n"


STYLE = """body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem}
table{border-collapse:collapse}td,th{border:1px solid #ccc;padding:.4rem .6rem;text-align:left;
vertical-align:top}.bad{background:#fde8e8}.good{background:#e8f6ec}svg{max-width:100%;height:auto}"""


def page(results):
    header, rows = grid(results)
    cells_of = lambda row: "".join(  # noqa: E731: two lines of markup
        f'<td class="{"bad" if c.startswith("PASSED") else "good" if c.startswith("held") else ""}">'
        f"{html.escape(c)}</td>" for c in row)
    head = "".join(f"<th>{html.escape(c)}</th>" for c in header)
    body = "\n".join(f"<tr>{cells_of(row)}</tr>" for row in rows)
    return (f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>Limits, judged by the '
            f"bill</title><style>{STYLE}</style>\n<h1>Limits, judged by the upstream's bill</h1>\n"
            f"<table><tr>{head}</tr>\n{body}</table>\n{svg.draw(results)}\n</html>\n")


def main(paths, out):
    results = [read(path) for path in paths]
    for suffix, text in (("md", markdown(results)), ("html", page(results)), ("svg", svg.draw(results))):
        with open(f"{out}.{suffix}", "w", encoding="utf-8") as file:
            file.write(text)
    print(markdown(results))
    print(f"Written: {out}.md, {out}.html, {out}.svg")
    return EXIT_HELD
