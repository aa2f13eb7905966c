"""A flame graph of a proxy under load: perf's samples of its stacks, folded and drawn. Width is time."""
import html
import re
import shutil
import subprocess
import sys

from load import turn

WIDTH, ROW, SHOWN_MIN = 1200, 16, 0.002  # a frame narrower than that share is left out


def sample(peer, seconds, connections, data):
    """The stacks, outermost first, with how often each was seen."""
    if not shutil.which("perf"):
        sys.exit("perf is missing: apt-get install linux-perf")
    recording = subprocess.Popen(["perf", "record", "-q", "-e", "cpu-clock", "-F", "1999", "-g", "-p",
                                  str(peer.pid), "-o", data, "--", "sleep", str(seconds)])
    turn(peer, seconds + 1, connections)
    recording.wait()
    text = subprocess.run(["perf", "script", "-i", data, "-F", "comm,ip,sym"], capture_output=True,
                          text=True, check=True).stdout
    stacks = {}
    for block in text.split("\n\n"):
        frames = [short(line.split(None, 1)[1]) for line in block.splitlines()[1:]
                  if len(line.split(None, 1)) == 2]
        if frames:
            stack = tuple(reversed(frames))
            stacks[stack] = stacks.get(stack, 0) + 1
    return stacks


def short(name):
    """A symbol without its arguments: enough to find it."""
    name = name.replace("(anonymous namespace)::", "")
    return re.sub(r"[(<\[].*", "", name).strip() or "?"


def tree_of(stacks):
    """(count, children by name)."""
    root = [0, {}]
    for stack, count in stacks.items():
        root[0] += count
        node = root
        for name in stack:
            node = node[1].setdefault(name, [0, {}])
            node[0] += count
    return root


def depth_of(node, total):
    return 1 + max((depth_of(child, total) for child in node[1].values()
                    if child[0] >= SHOWN_MIN * total), default=0)


def colour(name):
    if name.startswith(("proxy::", "policies::")):
        return "#7fc4a4"
    return "#f2c14e" if "::" in name else "#e9967a"  # libraries; the kernel and C


def draw(stacks, title):
    root = tree_of(stacks)
    total = root[0]
    height = (depth_of(root, total) + 2) * ROW
    body = []

    def frame(name, node, x, level):
        wide = WIDTH * node[0] / total
        y = height - (level + 1) * ROW
        label = html.escape(name[:int(wide / 6.5)]) if wide > 30 else ""
        body.append(f'<g><title>{html.escape(name)}: {100 * node[0] / total:.1f} %</title>'
                    f'<rect x="{x:.1f}" y="{y}" width="{wide:.1f}" height="{ROW - 1}" '
                    f'fill="{colour(name)}"/><text x="{x + 2:.1f}" y="{y + 12}">{label}</text></g>')
        for child, below in sorted(node[1].items()):
            if below[0] >= SHOWN_MIN * total:
                frame(child, below, x, level + 1)
                x += WIDTH * below[0] / total
    frame("all", root, 0, 0)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
            f'height="{height}" font-family="system-ui, sans-serif" font-size="11">'
            f'<rect width="{WIDTH}" height="{height}" fill="white"/>'
            f'<text x="4" y="12" font-weight="bold">{html.escape(title)}</text>' + "".join(body)
            + "</svg>\n")
