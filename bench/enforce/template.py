"""Fills {names} in the texts and JSON bodies of a target's description. Pure."""
import re

NAME = re.compile(r"\{([a-z][a-z_0-9]*)\}")


class Missing(Exception):
    """A text names something that is not known."""


def fill(text, values, lenient=False):
    """`lenient`: what is not known stays as it is (configuration files have braces of their own)."""
    def value(match):
        if match.group(1) in values:
            return str(values[match.group(1)])
        if lenient:
            return match.group(0)
        raise Missing(f"{{{match.group(1)}}} in {text!r}")
    return NAME.sub(value, text)


def fill_json(node, values):
    """A string that is one {name} becomes the value itself; a member whose name is not known is left
    out, so that a limit no experiment asked for is not set."""
    if isinstance(node, dict):
        filled = {key: fill_json(child, values) for key, child in node.items()
                  if not (isinstance(child, str) and (m := NAME.fullmatch(child)) and
                          values.get(m.group(1)) is None)}
        return filled
    if isinstance(node, list):
        return [fill_json(child, values) for child in node]
    if isinstance(node, str):
        whole = NAME.fullmatch(node)
        return values[whole.group(1)] if whole else fill(node, values)
    return node


def names_in(node):
    """All {names} that occur anywhere in a description."""
    if isinstance(node, dict):
        return set().union(*(names_in(child) for child in node.values()), set())
    if isinstance(node, list):
        return set().union(*(names_in(child) for child in node), set())
    return set(NAME.findall(node)) if isinstance(node, str) else set()


def at_pointer(document, pointer):
    """RFC 6901; raises Missing where there is nothing."""
    node = document
    for part in pointer.split("/")[1:]:
        part = part.replace("~1", "/").replace("~0", "~")
        try:
            node = node[int(part)] if isinstance(node, list) else node[part]
        except (KeyError, IndexError, ValueError, TypeError) as error:
            raise Missing(f"nothing at {pointer} in {str(document)[:200]}") from error
    return node
