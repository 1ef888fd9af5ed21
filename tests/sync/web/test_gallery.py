"""Every mail the product can send: whole in each language, fit for mail programs, and its text part as complete."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

import pytest
from django.conf import settings
from django.http import Http404
from django.test import RequestFactory
from django.urls import path
from django.utils import translation

from sync.digests import figures_of_period
from sync.models import Report
from sync.web import gallery
from sync.web.gallery import FIGURES, LANGUAGES, Mail, specimens
from sync.web.report_words import SAMPLE, read_by, words_of
from sync.web.views.gallery import mail, mails
from tests.factories import busy_month, workspace

NAMES = [one.name for one in specimens()]
every_mail = pytest.mark.parametrize("name", NAMES)
every_language = pytest.mark.parametrize("language", LANGUAGES)


class Reader(HTMLParser):
    """What a person reads and where its links lead; each element must be closed in its turn."""

    VOID = frozenset({"br", "img", "meta", "link", "hr", "input"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.texts: list[str] = []
        self.links: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.hidden_from = 0
        """How deep the outermost element is that nobody sees: the preheader."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append((tag, found))
        if tag == "a":
            self.links.append(found.get("href") or "")
        if tag not in self.VOID:
            self.open.append(tag)
            if "display:none" in (found.get("style") or "") and not self.hidden_from:
                self.hidden_from = len(self.open)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag
            if len(self.open) < self.hidden_from:
                self.hidden_from = 0

    def handle_data(self, data: str) -> None:
        if "body" in self.open and "style" not in self.open and not self.hidden_from:
            self.texts.append(data)

    @property
    def said(self) -> str:
        return " ".join(" ".join(self.texts).split())


def render(name: str, language: str) -> tuple[Mail, Reader]:
    found = gallery.find_specimen(name)
    assert found is not None
    shown = found.render(language)
    reader = Reader()
    reader.feed(shown.html)
    return shown, reader


@pytest.fixture(autouse=True)
def _in_some_other_language() -> Iterator[None]:
    """Who renders a mail must not depend on the language that happens to be active."""
    with translation.override("de"):
        yield


@every_language
@every_mail
def test_the_html_is_fit_for_mail_programs(name: str, language: str) -> None:
    shown, reader = render(name, language)
    assert reader.open == []
    assert dict(reader.tags[0][1])["lang"] == language
    assert "max-width:600px" in shown.html
    assert "prefers-color-scheme" in shown.html
    assert len(shown.html.encode()) < 102_000, "longer mails are cut off by the largest mail service"
    for tag, attributes in reader.tags:
        assert tag not in ("script", "form", "iframe", "object", "link"), "blocked or distrusted everywhere"
        assert "src" not in attributes, "nothing is fetched: nobody is counted by opening a mail"
        assert tag != "img" or attributes.get("alt")
        if tag == "table" and attributes.get("role") != "presentation":
            assert ("th", "scope") in {(one, "scope") for one, found in reader.tags if found.get("scope")}
    buttons = [found for tag, found in reader.tags if tag == "a" and "background" in (found.get("style") or "")]
    assert all("padding" in (found.get("style") or "") for found in buttons)


@every_language
@every_mail
def test_every_link_is_absolute_and_in_the_text_part_too(name: str, language: str) -> None:
    shown, reader = render(name, language)
    assert reader.links
    for link in reader.links:
        assert link.startswith(f"{settings.PUBLIC_URL}/") or link == settings.PUBLIC_URL
        assert link in shown.text


@every_language
@every_mail
def test_the_text_part_says_all_that_the_html_says(name: str, language: str) -> None:
    shown, reader = render(name, language)
    said = set(re.findall(r"\w[\w.,’]*\w", html.unescape(reader.said)))
    written = " ".join(shown.text.split())
    missing = [word for word in said if word not in written and word not in _HEADS[language[:2]]]
    assert missing == []
    assert "<" not in shown.text
    assert "&amp;" not in shown.text


_HEADS = {"en": {"Document", "Number", "of", "which", "Total"}, "fr": {"Document", "Nombre", "dont", "Total"}}
"""Heads of columns: the text part has no columns."""


@every_mail
def test_nothing_is_left_in_english(name: str) -> None:
    """Whole sentences of the English mail that stand in the French one were forgotten."""
    english, french = render(name, "en")[1], render(name, "fr")[1]
    same = {
        " ".join(text.split())
        for text in english.texts
        if len(text.split()) > 1 and text in french.texts and re.search(r"[a-z]{3}", text)
    }
    assert {text for text in same if not _is_data(text)} == set()
    assert render(name, "en")[0].subject != render(name, "fr")[0].subject


def _is_data(text: str) -> bool:
    """Names, addresses, devices and documents read the same in both languages."""
    return bool(re.search(r"https?://|@|Firefox|Maison Dupont|Claire Dupont|192\.0|\d documents?$", text))


@every_mail
@pytest.mark.parametrize("language", ["fr", "fr-ca"])
def test_french_typography(name: str, language: str) -> None:
    shown, reader = render(name, language)
    for text in (shown.subject, " ".join(reader.texts), shown.text):
        assert re.findall(r"[^\s\u202f][;!?](?=\s)", re.sub(r"https?://\S+|&\w+;", "", text)) == []
        assert re.findall(r"[a-zé] :", text) == []
        assert "'" not in text
    if language == "fr-ca":
        assert re.findall(r"(?i)\b(e-mail|avoirs?|centime|remise)\b", reader.said) == []


@every_language
@every_mail
def test_no_placeholder_is_left(name: str, language: str) -> None:
    shown, reader = render(name, language)
    for text in (shown.subject, reader.said, shown.text):
        assert "%(" not in text
        assert "{{" not in text
        assert "None" not in text
    assert "\n" not in shown.subject
    assert 0 < len(shown.subject) < 120


def test_every_kind_of_report_is_shown() -> None:
    assert {figures["kind"] for figures in FIGURES.values()} == {*Report.Kind.values, SAMPLE}


@pytest.mark.django_db
def test_the_made_up_figures_have_the_form_of_real_ones() -> None:
    tenant = workspace()
    busy_month(tenant)
    report_end = Report(since=tenant.created_at)
    real = figures_of_period(tenant, "daily", report_end.since.replace(year=2020), report_end.since)
    for figures in FIGURES.values():
        assert set(figures) == set(real)
        for name in ("sums", "causes", "posted", "skipped"):
            assert all(set(one) <= set(real[name][0]) for one in figures[name] if real[name])


@pytest.mark.parametrize("name", FIGURES)
def test_the_made_up_figures_add_up(name: str) -> None:
    figures = FIGURES[name]
    open_of_period = sum(one["open_records"] for one in figures["sums"])
    assert sum(figures["open"].values()) >= open_of_period
    for one in figures["sums"]:
        made = [row for row in figures["posted"] if row["currency"] == one["currency"] and row["entity"] != "Payment"]
        assert sum(Decimal(row["total"]) for row in made) == Decimal(one["books"])
        assert sum(row["count"] for row in made) == one["documents"]
        assert one["sales"] + one["refunds"] == one["documents"] + one["open_records"]


@every_language
def test_a_name_cannot_smuggle_markup_into_a_report(language: str) -> None:
    evil = '</mj-text><img src=x onerror="alert(1)"> {{ settings.SECRET_KEY }} & Fils'
    figures: dict[str, Any] = {**FIGURES["report_daily"], "workspace": evil}
    figures["causes"] = [{**FIGURES["report_daily"]["causes"][0], "details": {"rate": evil}}]
    with read_by(figures, language):
        text = words_of(figures, "slug")
        page, plain = gallery.render_report(text, language, because=evil, end_url="https://x.example/?a=1&b=2")
    reader = Reader()
    reader.feed(page)
    assert not any(tag == "img" for tag, _found in reader.tags)
    assert reader.said.count("alert(1)") >= 3
    assert evil in plain
    assert "https://x.example/?a=1&b=2" in reader.links


def test_the_gallery_shows_them_and_is_no_part_of_the_service() -> None:
    request = RequestFactory().get("/_mails/")
    request.user = None  # type: ignore[assignment]
    with translation.override("en"), _urls():
        listed = mails(request).content.decode()
    assert all(f">{name}<" in listed for name in NAMES)
    shown = mail(request, "report_daily", "fr", "html")
    assert shown.headers["Content-Type"].startswith("text/html")
    assert "script-src" not in str(shown._csp_replace)  # type: ignore[attr-defined]
    assert mail(request, "report_daily", "fr", "txt").headers["Content-Type"].startswith("text/plain")
    for wrong in (("nothing", "fr", "html"), ("report_daily", "xx", "html"), ("report_daily", "fr", "exe")):
        with pytest.raises(Http404):
            mail(request, *wrong)


class _Urls:
    """The project's addresses with those that DEBUG adds."""

    from connector.urls import urlpatterns as _known

    urlpatterns = [
        *_known,
        path("_mails/", mails, name="mails"),
        path("_mails/<slug:name>/<slug:language>.<slug:part>", mail, name="mail_part"),
    ]


def _urls() -> Any:
    from django.test import override_settings

    return override_settings(ROOT_URLCONF=_Urls)
