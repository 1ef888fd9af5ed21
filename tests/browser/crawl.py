"""Every page that can be reached by links, found anew each time: a page that joins the product joins these tests.

Pages of one kind (all records, all runs) are looked at a few times, not once for each row.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from html import unescape
from urllib.parse import urljoin, urlsplit

from django.urls import Resolver404, resolve

OF_A_KIND = 2
LEAVING = {"account_logout", "set_language"}
_LINK = re.compile(r'\b(?:href|hx-get)="([^"#]+)"')
Fetch = Callable[[str], str | None]
"""A path -> its HTML, None where the answer is no page (a download, a refusal, a way out)."""


def crawl(fetch: Fetch, starts: Iterable[str]) -> dict[str, str]:
    """{path: name of its address} of all pages that links lead to, in the order they are found.

    starts: looked at first and always kept, even when they are of one kind."""
    waiting, seen, found = list(starts), set(starts), {}
    kinds: Counter[str] = Counter()
    firsts = set(waiting)
    while waiting:
        path = waiting.pop(0)
        kind = kind_of(path)
        if kind is None or (kinds[kind] >= OF_A_KIND and path not in firsts):
            continue
        html = fetch(path)
        if html is None:
            continue
        kinds[kind] += 1
        if "<html" not in html:
            continue  # a fragment for htmx
        found[path] = name_of(path)
        for link in links(html, path):
            if link not in seen:
                seen.add(link)
                waiting.append(link)
    return found


def links(html: str, path: str) -> list[str]:
    """Paths of this site that a page names, without their queries."""
    urls = [urlsplit(urljoin(path, unescape(link))) for link in _LINK.findall(html)]
    return [url.path for url in urls if not url.netloc and not url.scheme and not url.path.startswith("/static/")]


def name_of(path: str) -> str:
    return str(resolve(path).url_name)


def kind_of(path: str) -> str | None:
    """What stays of an address without its row; None for what is no page of this site."""
    try:
        match = resolve(path)
    except Resolver404:
        return None
    if match.url_name in LEAVING or match.url_name is None:
        return None
    words = [str(value) for name, value in match.kwargs.items() if not isinstance(value, int) and name != "slug"]
    return " ".join([match.url_name, *words])
