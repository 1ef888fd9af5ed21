"""The French catalogues are complete, compiled, and keep the glossary's Canadian words and the French typography."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

LOCALE = Path(__file__).resolve().parent.parent / "locale"

#: Words that Quebec says otherwise: avoir, remise, e-mail, centime, site, produits (classe 7), charges (classe 6).
WORDS_OF_FRANCE = re.compile(r"\b(avoirs?|remises?|e-mails?|centimes?|sites?)\b|\(classe [67]\)", re.IGNORECASE)

#: Sentences that hold one of these words in another sense and read the same in Quebec, by their English text.
MEANT = frozenset(
    {
        "Queued again by %(by)s",  # « remise en file »: put back, no price reduction
    }
)

#: U+202F belongs before ; ! ?, U+00A0 before : and inside « ». A colon between figures is a time of day.
ORDINARY_SPACE = re.compile(r" [;:!?»]|« ")


def catalogue(language: str) -> Catalog:
    with (LOCALE / language / "LC_MESSAGES" / "django.po").open("rb") as file:
        return read_po(file, locale=language)


def messages(language: str) -> Iterator[Message]:
    """Every message but the header."""
    return (message for message in catalogue(language) if message.id)


def texts(message: Message) -> list[str]:
    """The translation's forms: one, or one for each plural."""
    return [message.string] if isinstance(message.string, str) else list(message.string or ())


def english(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def key(message: Message) -> tuple[str | None, str]:
    """What gettext looks a message up by. Babel leaves the context of a compiled catalogue in bytes."""
    context = message.context
    return (context.decode() if isinstance(context, bytes) else context, english(message))


def by_key(source: Catalog) -> dict[tuple[str | None, str], list[str]]:
    return {key(message): texts(message) for message in source if message.id}


def test_every_sentence_has_its_french() -> None:
    unfinished = [english(m) for m in messages("fr") if m.fuzzy or not texts(m) or not all(texts(m))]
    assert unfinished == []


@pytest.mark.parametrize("language", ["fr", "fr_CA"])
def test_the_compiled_catalogue_is_that_of_its_source(language: str) -> None:
    with (LOCALE / language / "LC_MESSAGES" / "django.mo").open("rb") as file:
        compiled = read_mo(file)
    assert by_key(compiled) == by_key(catalogue(language))


def test_canadian_french_has_its_own_words() -> None:
    canadian = by_key(catalogue("fr_CA"))
    missing = [
        english(message)
        for message in messages("fr")
        if WORDS_OF_FRANCE.search(" ".join(texts(message)))
        and key(message) not in canadian
        and english(message) not in MEANT
    ]
    assert missing == []
    kept = [name for name, forms in canadian.items() if WORDS_OF_FRANCE.search(" ".join(forms))]
    assert kept == []


def test_canadian_french_is_thin() -> None:
    """A sentence that reads as in French would hide a later correction there."""
    french, canadian = by_key(catalogue("fr")), by_key(catalogue("fr_CA"))
    assert [name for name, forms in canadian.items() if french.get(name, forms) == forms] == []


@pytest.mark.parametrize("language", ["fr", "fr_CA"])
def test_french_typography(language: str) -> None:
    wrong = [
        text
        for message in messages(language)
        for text in texts(message)
        if ORDINARY_SPACE.search(text) or "'" in text or "eillez" in text
    ]
    assert wrong == []
