"""What the links in report mails lead to: whoever holds one reads the mailbox that it was sent to, signed in or not."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from sync import recipients


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Opening the link changes nothing, for scanners open links too; the button confirms."""
    row = recipients.find_asked(token)
    if row is None or row.email.lower() not in recipients.current_wishes(row.tenant).addresses:
        return render(request, "sync/reader_gone.html", status=410)
    if request.method == "POST":
        recipients.confirm(row)
    is_done = row.verified_at is not None and row.unsubscribed_at is None
    return render(request, "sync/reader_confirm.html", {"recipient": row, "is_done": is_done})


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def end(request: HttpRequest, token: str) -> HttpResponse:
    """Asks, then ends the reports; mail programs post straight away (RFC 8058), from no page of ours."""
    row = recipients.find_reader(token)
    if row is None:
        return render(request, "sync/reader_gone.html", status=410)
    if request.method == "POST":
        change = recipients.resubscribe if "again" in request.POST else recipients.unsubscribe
        change(row)
    return render(request, "sync/reader_end.html", {"recipient": row, "again": "again" in request.POST})
