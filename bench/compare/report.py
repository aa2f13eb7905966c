"""What was measured as Markdown and as bars in an SVG: medians, and medians of the ratios of neighbouring
turns. Pure."""
import html
import statistics

from peers import ABOUT

COLOURS = {"ours": "#0b6e4f", "redis-exact": "#2b8c6f", "redis-leased": "#63b49a",
           "nginx": "#c8553d", "nginx-lua": "#e0917f", "nginx-lua-once": "#eab8ab",
           "haproxy": "#2b59c3", "relay": "#999999", "portkey": "#8f5fb8"}


def median(turns, key):
    return statistics.median(t[key] for t in turns)


def whole(turn):
    """The proxy's and its Redis's."""
    return turn["us"] + turn["redis_us"]


def ratio(turns, base):
    return statistics.median(whole(a) / whole(b) for a, b in zip(turns, base))


def table(found):
    """One workload: a row a peer."""
    turns, late = found["turns"], found.get("latency", {})
    base = "nginx" if "nginx" in turns else next(iter(turns))
    out = [f"{found['about']} ({found['connections']} connections):", "",
           f"| proxy | CPU µs/request | Redis µs | ÷ {ABOUT[base]} | ÷ relay | requests/s | p50 / p99 µs "
           "at full load | p50 / p99 / p99.9 µs at half of nginx's load | MiB |",
           "|---|---|---|---|---|---|---|---|---|"]
    for name, own in turns.items():
        relay = f"{ratio(own, turns['relay']):.2f}" if "relay" in turns else "–"
        redis = f"{median(own, 'redis_us'):.1f}" if any(t["redis_us"] for t in own) else "–"
        at_half = (f"{late[name]['p50']} / {late[name]['p99']} / {late[name]['p999']}"
                   if name in late else "–")
        out.append(f"| {ABOUT[name]} | {median(own, 'us'):.1f} | {redis} | "
                   f"{ratio(own, turns[base]):.2f} | {relay} | {median(own, 'rps'):,.0f} | "
                   f"{median(own, 'p50'):.0f} / {median(own, 'p99'):.0f} | {at_half} | "
                   f"{found['memory'][name] / 2**20:.0f} |")
    return "\n".join(out) + "\n"


def summary(everything):
    """README's table."""
    out = ["| workload | ours µs | nginx µs | HAProxy µs | bare relay µs | ours ÷ nginx |",
           "|---|---|---|---|---|---|"]
    for found in everything.values():
        turns = found["turns"]
        if "ours" not in turns or "nginx" not in turns:
            continue
        cell = lambda name: f"{median(turns[name], 'us'):.1f}" if name in turns else "–"  # noqa: E731
        out.append(f"| {found['about']} | {cell('ours')} | {cell('nginx')} | {cell('haproxy')} | "
                   f"{cell('relay')} | {ratio(turns['ours'], turns['nginx']):.2f} |")
    return "\n".join(out) + "\n"


def bars(everything):
    """CPU a request of each peer, a panel a workload; Redis's share paler."""
    width, row, y, body = 640, 20, 10, []
    for found in everything.values():
        turns = found["turns"]
        most = max(median(own, "us") + median(own, "redis_us") for own in turns.values())
        body.append(f'<text x="10" y="{y + 14}" font-weight="bold">{html.escape(found["about"])}</text>')
        y += 24
        for name, own in turns.items():
            us, redis = median(own, "us"), median(own, "redis_us")
            scale = (width - 260) / most
            body.append(f'<text x="150" y="{y + 14}" text-anchor="end">{html.escape(ABOUT[name])}</text>'
                        f'<rect x="160" y="{y + 3}" height="14" width="{us * scale:.1f}" '
                        f'fill="{COLOURS[name]}"/>'
                        f'<rect x="{160 + us * scale:.1f}" y="{y + 3}" height="14" '
                        f'width="{redis * scale:.1f}" fill="{COLOURS[name]}" opacity="0.4"/>'
                        f'<text x="{166 + (us + redis) * scale:.1f}" y="{y + 14}">{us + redis:.1f} µs'
                        "</text>")
            y += row
        y += 12
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {y}" width="{width}" '
            f'height="{y}" font-family="system-ui, sans-serif" font-size="12">'
            f'<rect width="{width}" height="{y}" fill="white"/>' + "".join(body) + "</svg>\n")
