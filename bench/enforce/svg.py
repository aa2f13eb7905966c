"""The curves of several results as one SVG text: what was admitted, or billed, over time, against the
bound. One panel an experiment, one colour a gateway. Pure."""
import html

from .report import by_experiment

WIDTH, HEIGHT = 420, 240
LEFT, RIGHT, TOP, BOTTOM = 56, 12, 30, 34
COLOURS = ("#0b6e4f", "#c8553d", "#2b59c3", "#8f5fb8", "#b8860b", "#444444")


def round_up(value):
    """The next 1, 2 or 5 times a power of ten."""
    power = 1.0
    while power < value:
        power *= 10
    while power / 10 >= value:
        power /= 10
    return next(power * share for share in (0.1, 0.2, 0.5, 1) if power * share >= value)


def curves(results):
    """{experiment: [(gateway, colour, series)]} of the first seed that has a curve."""
    out = {}
    for found, colour in zip(results, COLOURS * len(results)):
        for name, trials in by_experiment(found).items():
            series = next((t["series"] for t in trials if t["series"].get("found")), None)
            if series:
                out.setdefault(name, []).append((found["target"], colour, series))
    return out


def line(points, x_of, y_of, style):
    path = " ".join(f"{x_of(x):.1f},{y_of(y):.1f}" for x, y in points)
    return f'<polyline points="{path}" fill="none" {style}/>'


def panel(name, sides, x, y):
    points = [p for _, _, s in sides for p in s["found"] + s["bound"]]
    x_most, y_most = round_up(max(p[0] for p in points)), round_up(max(p[1] for p in points))
    x_of = lambda v: x + LEFT + v / x_most * (WIDTH - LEFT - RIGHT)  # noqa: E731
    y_of = lambda v: y + HEIGHT - BOTTOM - v / y_most * (HEIGHT - TOP - BOTTOM)  # noqa: E731
    out = [f'<text x="{x + LEFT}" y="{y + 18}" font-weight="bold">{html.escape(name)}</text>']
    for share in (0, 0.5, 1):
        at_y, at_x = y_of(y_most * share), x_of(x_most * share)
        out.append(f'<line x1="{x_of(0):.1f}" x2="{x_of(x_most):.1f}" y1="{at_y:.1f}" y2="{at_y:.1f}" '
                   'stroke="#ddd"/>')
        out.append(f'<text x="{x + LEFT - 6}" y="{at_y + 4:.1f}" text-anchor="end" fill="#666">'
                   f"{y_most * share:g}</text>")
        out.append(f'<text x="{at_x:.1f}" y="{y + HEIGHT - 16}" text-anchor="middle" fill="#666">'
                   f"{x_most * share:g}{' s' if share == 1 else ''}</text>")
    out.append(f'<text x="{x + WIDTH - RIGHT}" y="{y + 18}" text-anchor="end" fill="#666">'
               f"{html.escape(sides[0][2]['unit'])}</text>")
    for _, colour, series in sides:
        out.append(line(series["bound"], x_of, y_of, f'stroke="{colour}" stroke-dasharray="5 4"'))
        out.append(line(series["found"], x_of, y_of, f'stroke="{colour}" stroke-width="2"'))
    return "\n".join(out)


def draw(results):
    panels = curves(results)
    columns = min(2, max(1, len(panels)))
    rows = -(-len(panels) // columns)
    width, height = columns * WIDTH, rows * HEIGHT + 24 + 18 * len(results)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
           f'width="{width}" height="{height}" font-family="system-ui, sans-serif" font-size="12">',
           f'<rect width="{width}" height="{height}" fill="white"/>']
    for number, (name, sides) in enumerate(panels.items()):
        out.append(panel(name, sides, number % columns * WIDTH, number // columns * HEIGHT))
    for number, (found, colour) in enumerate(zip(results, COLOURS * len(results))):
        y = rows * HEIGHT + 18 * (number + 1)
        out.append(f'<rect x="{LEFT}" y="{y - 9}" width="10" height="10" fill="{colour}"/>'
                   f'<text x="{LEFT + 16}" y="{y}">{html.escape(found["target"])} '
                   "(dashed: its declared bound)</text>")
    return "\n".join(out) + "\n</svg>\n"
