"""Cuts Inter down to what French and English pages need: subset_font.py InterVariable.woff2 OUTPUT.woff2

Needs fontTools and brotli. Ready-made "latin" subsets lack U+202F, the arrows and ≠, hence our own.
"""

from __future__ import annotations

import sys

from fontTools import subset, ttLib
from fontTools.varLib import instancer

RANGES = (
    "20-7E,A0-17F,2C6,2DC,2009-2015,2018-201E,2020,2022,2026,202F,2030,2039-203A,20AC,2116,2122,2190-2194,2212,2248,"
    "2260,2264-2265,394"
)
FEATURES = ["kern", "calt", "ccmp", "locl", "mark", "tnum", "case", "zero", "cv05", "ss03", "frac"]
WEIGHTS = (400, 700)
OPTICAL_SIZE = 14


def code_points(ranges: str) -> list[int]:
    points: list[int] = []
    for part in ranges.split(","):
        first, _, last = part.partition("-")
        points.extend(range(int(first, 16), int(last or first, 16) + 1))
    return points


def main(source: str, output: str) -> None:
    font = ttLib.TTFont(source)
    options = subset.Options(
        layout_features=FEATURES,
        flavor="woff2",
        hinting=False,
        desubroutinize=True,
        name_IDs=[0, 1, 2, 3, 4, 5, 6, 13, 14],
    )
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=code_points(RANGES))
    subsetter.subset(font)
    font = instancer.instantiateVariableFont(font, {"wght": WEIGHTS, "opsz": OPTICAL_SIZE})
    font.flavor = "woff2"
    font.save(output)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    main(sys.argv[1], sys.argv[2])
