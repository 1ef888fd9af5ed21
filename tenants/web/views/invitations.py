"""What the link in an invitation leads to: what it offers, to whom, and the way in."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from tenants.models import Invitation, User
from tenants.web.adapter import INVITATION_KEY, AccountAdapter
from tenants.web.team import accept, find_invitation


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Signed in with the invited address: joins by a button. Otherwise: signs in or up, and comes back here.

    Whoever holds the link reads the mailbox it was sent to, so signing up with that address needs no second e-mail.
    """
    row = find_invitation(token)
    if row is None:
        request.session.pop(INVITATION_KEY, None)
        return render(request, "tenants/invitation_gone.html", status=410)
    person = request.user if isinstance(request.user, User) else None
    is_theirs = person is not None and person.email.lower() == row.email.lower()
    if request.method == "POST":
        if person is None or not is_theirs:
            raise PermissionDenied
        return _join(request, row, person)
    if person is None:
        request.session[INVITATION_KEY] = row.email
        AccountAdapter().stash_verified_email(request, row.email)
    here = urlencode({"next": request.path})
    context = {
        "invitation": row,
        "is_theirs": is_theirs,
        "is_known": User.objects.filter(email__iexact=row.email).exists(),
        "sign_in_url": f"{reverse('account_login')}?{here}",
        "sign_up_url": f"{reverse('account_signup')}?{here}&{urlencode({'email': row.email})}",
    }
    return render(request, "tenants/invitation.html", context)


def _join(request: HttpRequest, row: Invitation, person: User) -> HttpResponse:
    accept(row, person)
    request.session.pop(INVITATION_KEY, None)
    messages.success(request, _("You are in: %(workspace)s.") % {"workspace": row.tenant.name})
    return redirect(f"/t/{row.tenant.slug}/")
