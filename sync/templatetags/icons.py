"""Icons of the sprite, drawn by reference."""

from __future__ import annotations

from django import template
from django.templatetags.static import static
from django.utils.html import format_html

register = template.Library()


@register.simple_tag
def icon(name: str, extra: str = "s") -> str:
    """One icon; words beside it say what it means. `extra`: classes, "s" is the small size, "" the large one."""
    return format_html(
        '<svg class="i {}" aria-hidden="true"><use href="{}#{}"/></svg>', extra, static("icons.svg"), name
    )
