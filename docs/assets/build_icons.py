"""Puts the Lucide icons that pages use into one sprite of <symbol>s: build_icons.py ICON_FOLDER OUTPUT.svg"""

from __future__ import annotations

import re
import sys
from pathlib import Path

NAMES = [
    "equal",
    "equal-not",
    "plus",
    "minus",
    "arrow-right",
    "store",
    "book-open-check",
    "receipt-text",
    "file-text",
    "package",
    "users-round",
    "credit-card",
    "circle-check",
    "triangle-alert",
    "circle-slash",
    "circle-dashed",
    "loader",
    "hourglass",
    "circle-x",
    "circle-pause",
    "circle-alert",
    "info",
    "percent",
    "git-compare",
    "copy",
    "lock",
    "tag",
    "calendar",
    "truck",
    "wallet",
    "languages",
    "key-round",
    "octagon-pause",
    "refresh-cw",
    "rotate-cw",
    "undo-2",
    "external-link",
    "link",
    "download",
    "upload",
    "search",
    "list-filter",
    "x",
    "check",
    "ellipsis",
    "eye",
    "sparkles",
    "trash-2",
    "pencil",
    "plug",
    "unplug",
    "layout-dashboard",
    "inbox",
    "activity",
    "scale",
    "boxes",
    "sliders-horizontal",
    "arrow-left-right",
    "heart-pulse",
    "users",
    "circle-user",
    "menu",
    "chevron-down",
    "chevron-left",
    "chevron-right",
    "chevrons-up-down",
    "arrow-down",
    "log-out",
    "bell",
]
"""Stroke, width and colour come from the style sheet, so a symbol holds nothing but its shapes."""


def symbol(name: str, svg: str) -> str:
    """One icon's shapes as a <symbol>."""
    shapes = re.search(r"<svg[^>]*>(.*)</svg>", svg, re.DOTALL)
    if shapes is None:
        raise ValueError(f"{name}.svg holds no <svg> element.")
    body = re.sub(r"\s+", " ", shapes.group(1)).replace("> <", "><").replace(" />", "/>").strip()
    return f'<symbol id="{name}" viewBox="0 0 24 24">{body}</symbol>'


def main(folder: str, output: str) -> None:
    symbols = [symbol(name, (Path(folder) / f"{name}.svg").read_text(encoding="utf-8")) for name in NAMES]
    notice = "<!-- Lucide, ISC licence, a part from Feather, MIT licence: see licences/lucide.txt -->"
    sprite = "\n".join(['<svg xmlns="http://www.w3.org/2000/svg">', notice, *symbols, "</svg>", ""])
    Path(output).write_text(sprite, encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    main(sys.argv[1], sys.argv[2])
