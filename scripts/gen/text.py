# SPDX-License-Identifier: MIT
"""How generated C looks: heads, line breaks, expressions. Used by the other generators."""

import textwrap

WIDTH = 100


def head(*sentences):
    return [
        "/* SPDX-License-Identifier: MIT */",
        "/* Generated from lib/abi by scripts/gen/abi.py: edit the tables instead.",
        *[f" * {sentence}" for sentence in sentences[:-1]],
        f" * {sentences[-1]} */",
    ]


def signature(start, parameters, empty="void", brackets="()"):
    """A declaration or a call without its end, broken to the width."""
    indent = " " * (len(start) - len(start.lstrip()) + 4)
    lines = [start + brackets[0]]
    for i, parameter in enumerate(parameters or [empty]):
        end = ", " if i + 1 < len(parameters) else brackets[1]
        piece = parameter.replace("* ", "*") + end
        if len(lines[-1]) + len(piece.rstrip()) > WIDTH - 2:
            lines[-1] = lines[-1].rstrip()
            lines.append(indent)
        lines[-1] += piece
    return "\n".join(lines)


def macro(start, parts):
    """A definition of parts that are joined by ` | `, broken to the width."""
    lines = [start]
    for i, part in enumerate(parts):
        piece = part + (" | " if i + 1 < len(parts) else "")
        if len(lines[-1]) + len(piece) > WIDTH - 3:
            lines[-1] = lines[-1].rstrip() + " \\"
            lines.append("    ")
        lines[-1] += piece
    return "\n".join(lines)


def fill(start, items, end):
    """Items with commas between them, broken to the width."""
    return textwrap.wrap(", ".join(items) + end, WIDTH - 1, initial_indent=start,
                         subsequent_indent=" " * len(start))


def by_family(calls):
    """(family, its calls), families in the order of their first call."""
    families = {}
    for call in calls:
        families.setdefault(call.family, []).append(call)
    return families.items()


def rights_parts(names):
    """Rights as parts of a C expression; `-NAME` takes one away from the group before it."""
    parts = []
    for name in names:
        if name.startswith("-"):
            parts[-1] = f"({parts[-1]} & ~TS_RIGHT_{name[1:]})"
        else:
            parts.append("TS_RIGHT_" + name)
    return parts or ["TS_RIGHT_NONE"]


def rights_expression(names):
    return " | ".join(rights_parts(names))
