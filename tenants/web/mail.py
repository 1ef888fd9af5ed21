"""Letters to people: one list of words, written once, sent as HTML and as text in the recipient's language.

Every mail of the product extends `emails/base.mjml`; those made of sentences only are a `Letter` and share a template.
"""

from __future__ import annotations

from dataclasses import dataclass
from smtplib import SMTPException

import mrml
import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation

logger = structlog.get_logger(__name__)


_NO_WEB_FONTS = mrml.RenderOptions(fonts={})
"""The engine would have Roboto, which systems without a better font have anyway, fetched from elsewhere: nothing is
fetched, so nobody is counted by opening a mail."""


@dataclass(frozen=True, slots=True)
class Letter:
    """Sentences in the language that was active when they were made.

    preheader: what mailboxes show beside the subject. facts: (label, value). note: what to do if it was not you.
    """

    subject: str
    preheader: str
    title: str
    paragraphs: tuple[str, ...]
    button: str = ""
    url: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    note: str = ""
    why: str = ""


def render_letter(letter: Letter, language: str) -> tuple[str, str]:
    """(HTML, text). `language` decides the `lang` attribute and the words of the frame."""
    return render_mail("emails/account", {"letter": letter}, language)


def render_mail(template: str, context: dict[str, object], language: str) -> tuple[str, str]:
    """`template`.mjml through the MJML engine, and `template`.txt."""
    with translation.override(language):
        shared = {
            **context,
            "PRODUCT_NAME": settings.PRODUCT_NAME,
            "PUBLIC_URL": settings.PUBLIC_URL,
            "language": language,
        }
        html = mrml.to_html(render_to_string(f"{template}.mjml", shared), None, _NO_WEB_FONTS).content
        return html, render_to_string(f"{template}.txt", shared).strip() + "\n"


def send_letter(letter: Letter, to: str, language: str) -> bool:
    """False when the mail server refused or did not answer: then nothing is on its way, and the page must say so."""
    html, text = render_letter(letter, language)
    subject = " ".join(letter.subject.split())
    message = EmailMultiAlternatives(subject, text, settings.DEFAULT_FROM_EMAIL, [to])
    message.attach_alternative(html, "text/html")
    try:
        message.send()
    except (SMTPException, OSError) as error:
        logger.error("mail.refused", error=type(error).__name__)
        return False
    return True


def public_url(path: str) -> str:
    """Links in mails never trust the address a request came in by."""
    return f"{settings.PUBLIC_URL}{path}"
