"""Every letter: in both languages, as HTML and text that say the same, in a frame that suits dark readers."""

from __future__ import annotations

import html
import re
from pathlib import Path

import allauth
import pytest
from django.utils import translation

from tenants.web.letters import ACCOUNT_LETTERS, Sample, samples
from tenants.web.mail import Letter, render_letter

LANGUAGES = ("en", "fr", "fr-ca")


def letters(language: str) -> list[Sample]:
    with translation.override(language):
        return samples()


def words_of(page: str) -> str:
    body = page[page.index("<body") :]
    return " ".join(html.unescape(re.sub(r"<!--.*?-->|<[^>]+>", " ", body, flags=re.DOTALL)).split())


@pytest.mark.parametrize("language", LANGUAGES)
def test_html_and_text_say_the_same(language: str) -> None:
    for sample in letters(language):
        page, text = render_letter(sample.letter, language)
        said = words_of(page)
        for sentence in (sample.letter.title, *sample.letter.paragraphs, sample.letter.note, sample.letter.why):
            assert " ".join(sentence.split()) in said, sample.name
            assert sentence in text, sample.name
        assert html.escape(sample.letter.url) in page
        assert sample.letter.url in text
        assert sample.letter.preheader in html.unescape(page)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_frame_suits_mail_readers(language: str) -> None:
    page, _text = render_letter(letters(language)[0].letter, language)
    assert f'<html lang="{language}"' in page
    assert "prefers-color-scheme" in page
    assert "max-width:600px" in page
    assert "<script" not in page
    assert "src=" not in page, "nothing is fetched, so nobody is counted by opening a letter"
    layout = re.findall(r"<table(?![^>]*role=\"presentation\")[^>]*>", page)
    assert layout == []


def test_every_letter_is_translated() -> None:
    for english, french in zip(letters("en"), letters("fr"), strict=True):
        assert english.letter.subject != french.letter.subject, english.name
        assert english.letter.note != french.letter.note, english.name


def test_names_cannot_smuggle_markup_into_a_letter() -> None:
    evil = Letter("s", "p", "t", ('<img src=x onerror="alert(1)"> & </mj-text><mj-raw>',))
    page, text = render_letter(evil, "en")
    assert "<img" not in page
    assert '<img src=x onerror="alert(1)"> & </mj-text><mj-raw>' in words_of(page)
    assert '<img src=x onerror="alert(1)"> &' in text


def test_every_mail_the_account_package_can_send_here_has_a_letter() -> None:
    """Codes by mail and security keys are switched off."""
    root = Path(allauth.__file__).parent
    found: set[str] = set()
    for folder in ("account", "mfa", "usersessions"):
        for source in (root / folder).rglob("*.py"):
            found |= set(
                re.findall(r"\"((?:account|mfa|usersessions)/email/\w+)\"", source.read_text(encoding="utf-8"))
            )
    off = {name for name in found if name.endswith(("_code", "webauthn_added", "webauthn_removed"))}
    assert found - off == set(ACCOUNT_LETTERS)
