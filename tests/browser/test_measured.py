"""Every page of a shop with 200 orders: what it weighs, how long the service takes, and whether everybody can use it.

Pages are found by following links, and by the table of addresses; nobody has to add a new page here.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cache

import pytest
import requests
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.crawl import crawl, kind_of, links
from tests.connector.management.demo_process import DemoProcess, csrf_token, wait_until
from tests.tenants.web.test_every_address import FOR_VISITORS, OF_WORKSPACES

pytestmark = pytest.mark.browser

ORDERS = 200
MOST_BYTES = 150_000
"""All a page needs on a first visit, as it travels."""
MOST_HTML = 20_000
MOST_SECONDS = 0.6
SLOW_SECONDS = {"setup_rehearsal": 5.0, "setup_orders": 2.0, "setup_mappings": 2.0}
"""Pages that ask the shop something before they answer."""
TIMES = 5
THEMES = ("light", "dark")
SIZES = ({"width": 1280, "height": 900}, {"width": 390, "height": 844})
WIDTHS = (1280, 1024, 640, 390, 320)
TOO_NARROW = """[...document.querySelectorAll('select')].filter(one => one.checkVisibility() && one.offsetWidth < 80)
    .map(one => one.name)"""
"""A choice whose words are cut off says nothing, though axe finds no fault with it."""
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
SLUG = "maison-dupont"


@dataclass(frozen=True, slots=True)
class Measure:
    path: str
    name: str
    seconds: float
    html: int
    all_bytes: int
    requests: int


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoProcess]:
    with DemoProcess(tmp_path_factory.mktemp("measured") / "state", orders=ORDERS) as running:
        wait_until(lambda: running.runs() == ["finished"], 240, "the first sync is through")
        yield running


@pytest.fixture(scope="module")
def session(demo: DemoProcess) -> requests.Session:
    return demo.sign_in()


@pytest.fixture(scope="module")
def paths(demo: DemoProcess, session: requests.Session) -> dict[str, str]:
    """Every page an owner can look at, {path: name of its address}."""

    @cache
    def fetch(path: str) -> str | None:
        answer = session.get(f"{demo.url}{path}", timeout=30)
        is_page = answer.ok and answer.headers.get("Content-Type", "").startswith("text/html")
        is_there = answer.url == f"{demo.url}{path}"
        return answer.text if is_page and is_there else None

    starts = [f"/t/{SLUG}/", *_records(demo, session)]
    plain = [
        "/" + one.route.replace("<slug:slug>", SLUG)
        for one in OF_WORKSPACES
        if one.values == ("slug",) and one.name not in FOR_VISITORS
    ]
    found = crawl(fetch, [*starts, *plain])
    assert len(found) > 20, found
    return found


def _records(demo: DemoProcess, session: requests.Session) -> list[str]:
    """A record of every kind that there is."""
    found = []
    for source in ("order", "refund", "product"):
        for state in ("synced", "skipped", "waiting", "attention"):
            page = session.get(f"{demo.url}/t/{SLUG}/records/?state={state}&source={source}", timeout=30).text
            path = next((link for link in links(page, f"/t/{SLUG}/records/") if kind_of(link) == "record"), None)
            found += [path] if path else []
    return found


@pytest.fixture(scope="module")
def context(chromium: Browser, demo: DemoProcess, session: requests.Session) -> Iterator[BrowserContext]:
    context = chromium.new_context(viewport=SIZES[0], base_url=demo.url, reduced_motion="reduce")
    context.set_default_timeout(30_000)
    cookies = [{"name": one.name, "value": one.value, "url": demo.url} for one in session.cookies]
    context.add_cookies(cookies)  # type: ignore[arg-type]
    yield context
    context.close()


def test_pages_are_light_and_quick(
    demo: DemoProcess,
    session: requests.Session,
    context: BrowserContext,
    paths: dict[str, str],
    pytestconfig: pytest.Config,
) -> None:
    page = context.new_page()
    measures = [_measure(page, demo, session, path, name) for path, name in paths.items()]
    page.close()
    _say(pytestconfig, _table(measures))
    assert [one for one in measures if one.all_bytes > MOST_BYTES or one.html > MOST_HTML] == []
    assert [one for one in measures if one.seconds > SLOW_SECONDS.get(one.name, MOST_SECONDS)] == []


def _measure(page: Page, demo: DemoProcess, session: requests.Session, path: str, name: str) -> Measure:
    times = []
    for _time in range(TIMES):
        started = time.perf_counter()
        answer = session.get(f"{demo.url}{path}", timeout=30)
        times.append(time.perf_counter() - started)
        assert answer.status_code == 200, path
    html, others = _weigh(page, path)
    return Measure(path, name, statistics.median(times), html, html + sum(others), 1 + len(others))


def _weigh(page: Page, path: str) -> tuple[int, list[int]]:
    """Bytes of the page and of each other answer as they travelled, headers included; nothing comes from a cache."""
    client = page.context.new_cdp_session(page)
    client.send("Network.enable")
    client.send("Network.setCacheDisabled", {"cacheDisabled": True})
    kinds: dict[str, str] = {}
    sizes: dict[str, int] = {}
    client.on("Network.responseReceived", lambda event: kinds.update({event["requestId"]: event["type"]}))
    client.on("Network.loadingFinished", lambda event: sizes.update({event["requestId"]: event["encodedDataLength"]}))
    page.goto(path, wait_until="networkidle")
    client.detach()
    html = sum(size for one, size in sizes.items() if kinds[one] == "Document")
    return html, [size for one, size in sizes.items() if kinds[one] != "Document"]


def _table(measures: list[Measure]) -> str:
    rows = [f"\n{'page':<28}{'ms':>7}{'HTML kB':>9}{'all kB':>8}{'requests':>9}"]
    rows += [
        f"{one.name:<28}{one.seconds * 1000:>7.0f}{one.html / 1000:>9.1f}{one.all_bytes / 1000:>8.1f}{one.requests:>9}"
        for one in sorted(measures, key=lambda one: one.name)
    ]
    heaviest, slowest = max(one.all_bytes for one in measures), max(one.seconds for one in measures)
    rows.append(f"{len(measures)} pages; heaviest {heaviest / 1000:.1f} kB, slowest {slowest * 1000:.0f} ms")
    return "\n".join(rows)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_pages_suit_everybody(
    language: str, demo: DemoProcess, session: requests.Session, context: BrowserContext, paths: dict[str, str]
) -> None:
    """No finding of axe in either theme, on a laptop and a phone; nothing scrolls sideways at any width people have."""
    token = csrf_token(session.get(f"{demo.url}/t/{SLUG}/more/", timeout=30).text)
    session.post(f"{demo.url}/language/", {"csrfmiddlewaretoken": token, "language": language}, timeout=30)
    page, axe, found = context.new_page(), Axe(), []
    for path, name in paths.items():
        page.set_viewport_size(SIZES[0])  # type: ignore[arg-type]
        page.goto(path)
        if page.locator("html").get_attribute("lang") != language:
            found.append(f"{name} is not in {language}")
        for size in SIZES:
            page.set_viewport_size(size)  # type: ignore[arg-type]
            for theme in THEMES:
                page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
                results = axe.run(page, options=RULES)
                where = f"{name} {path} {language} {size['width']} {theme}"
                found += [f"{where}: {one['id']} {one['nodes'][0]['html']}" for one in results.response["violations"]]
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            found += [f"{name} {path} {language} {width}: {wide} px too wide"] if wide > 0 else []
            narrow = page.evaluate(TOO_NARROW)
            found += [f"{name} {path} {language} {width}: the choice {one} cannot be read" for one in narrow]
    page.close()
    assert found == []


def _say(config: pytest.Config, text: str) -> None:
    capture = config.pluginmanager.get_plugin("capturemanager")
    with capture.global_and_fixture_disabled() if capture is not None else nullcontext():
        print(text)
