"""What the content policy and the design ask of every template: no inline style or script, and icons that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
PAGES = sorted(path for path in (ROOT / "templates").rglob("*.html") if "emails" not in path.parts)
SPRITE = set(re.findall(r'<symbol id="([^"]+)"', (ROOT / "static" / "icons.svg").read_text(encoding="utf-8")))
FORBIDDEN = re.compile(
    r"\sstyle=|<style|\shx-on|\son[a-z]+=\"|javascript:|src=\"data:|href=\"https?://|<script(?![^>]*src=)"
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT / "templates")))
def test_a_template_has_nothing_inline_and_nothing_from_elsewhere(page: Path) -> None:
    assert FORBIDDEN.findall(page.read_text(encoding="utf-8")) == []


def test_every_icon_is_in_the_sprite() -> None:
    named: set[str] = set()
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        named |= set(re.findall(r'{% icon "([^"]+)"', text)) | set(re.findall(r'symbol="([^"]+)"', text))
    for module in (ROOT / "sync" / "web").rglob("*.py"):
        text = module.read_text(encoding="utf-8")
        named |= set(re.findall(r'(?:Reason|Kind)\(\s*"([a-z0-9-]+)"', text))
        named |= set(re.findall(r'(?:Badge|Pulse)\(\s*"[a-z]*",\s*"([a-z0-9-]+)"', text))
    assert named <= SPRITE, f"run docs/assets/build_icons.py with {sorted(named - SPRITE)} added"


def test_pages_stay_within_their_weight() -> None:
    """Uncompressed ceilings that keep the compressed page near 90 kB (design, Definition of done)."""
    assert (ROOT / "static" / "fonts" / "inter-books.woff2").stat().st_size < 40_000
    assert (ROOT / "static" / "app.css").stat().st_size < 60_000
    assert sum(path.stat().st_size for path in (ROOT / "static" / "js").glob("*.js")) < 12_000
