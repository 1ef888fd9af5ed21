"""Who belongs to a workspace: inviting, joining, changing roles, leaving. Every change leaves an audit entry.

Rules: whoever gives or takes a role must be able to give it (`roles_given_by`); a workspace never loses its last owner.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core import signing
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.urls import reverse
from django.utils import timezone, translation

from tenants.audit import log_change
from tenants.models import Invitation, Membership, Role, Tenant, User
from tenants.models.people import INVITATION_LIFE, InvitationQuerySet, new_nonce
from tenants.web.letters import invitation as invitation_letter
from tenants.web.mail import public_url, send_letter
from tenants.web.people import language_for
from tenants.web.roles import roles_given_by

_SALT = "tenants.invitation"


class LastOwnerError(Exception):
    """The change would leave the workspace without an owner."""


@dataclass(frozen=True, slots=True)
class Sent:
    """`arrived`: the mail server took the letter."""

    invitation: Invitation
    arrived: bool


def open_invitations(tenant: Tenant) -> InvitationQuerySet:
    return InvitationQuerySet(Invitation).filter(tenant=tenant).open().select_related("invited_by").order_by("email")


def is_member(tenant: Tenant, email: str) -> bool:
    return Membership.objects.filter(tenant=tenant, user__email__iexact=email).exists()


def invite(by: Membership, email: str, role: Role) -> Sent:
    """Asks somebody to join; asking again changes the role and sends a new link. Raises PermissionDenied."""
    if role not in roles_given_by(by):
        raise PermissionDenied
    email = email.strip().lower()
    with transaction.atomic():
        tenant = _locked(by.tenant)
        row = open_invitations(tenant).filter(email__iexact=email).first()
        if row is None:
            row = Invitation.objects.create(tenant=tenant, email=email, role=role, invited_by=by.user)
        else:
            _renew(row, role=role, invited_by=by.user)
        log_change(tenant, "member_invited", {"email": [None, email], "role": [None, role.value]}, user=by.user)
    return Sent(row, _send(row))


def send_again(by: Membership, row: Invitation) -> Sent:
    """A new link for seven days; the old one ends."""
    _allow(by, Role(row.role))
    with transaction.atomic():
        _renew(row)
        log_change(row.tenant, "invitation_sent_again", {"email": [row.email, row.email]}, user=by.user)
    return Sent(row, _send(row))


def revoke(by: Membership, row: Invitation) -> None:
    _allow(by, Role(row.role))
    with transaction.atomic():
        if InvitationQuerySet(Invitation).filter(pk=row.pk).open().update(revoked_at=timezone.now()):
            log_change(row.tenant, "invitation_revoked", {"email": [row.email, None]}, user=by.user)


def link_token(row: Invitation) -> str:
    return signing.dumps([row.pk, row.nonce], salt=_SALT)


def find_invitation(token: str) -> Invitation | None:
    """The open invitation behind a link; None when it is forged, expired, revoked, replaced or used."""
    try:
        pk, nonce = signing.loads(token, salt=_SALT, max_age=INVITATION_LIFE)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    row = Invitation.objects.select_related("tenant", "invited_by").filter(pk=pk, nonce=nonce).first()
    return row if row is not None and row.is_open else None


def accept(row: Invitation, person: User) -> Membership:
    """Once: the link ends with it. A member already inside keeps the stronger role. Raises PermissionDenied."""
    if person.email.lower() != row.email.lower():
        raise PermissionDenied
    with transaction.atomic():
        tenant = _locked(row.tenant)
        now = timezone.now()
        used = InvitationQuerySet(Invitation).filter(pk=row.pk, nonce=row.nonce).open()
        if not used.update(accepted_at=now, accepted_by=person):
            raise PermissionDenied
        membership, made = Membership.objects.get_or_create(tenant=tenant, user=person, defaults={"role": row.role})
        before = None if made else membership.role
        if not made and not membership.may(Role(row.role)):
            membership.role = row.role
            membership.save(update_fields=["role"])
        log_change(tenant, "member_joined", _role_change(person, before, membership.role), user=person)
    return membership


def change_role(by: Membership, member: Membership, role: Role) -> None:
    """Raises PermissionDenied and LastOwnerError."""
    _allow(by, Role(member.role))
    _allow(by, role)
    with transaction.atomic():
        tenant = _locked(by.tenant)
        before = _keep_an_owner(tenant, member, role)
        if before == role:
            return
        Membership.objects.filter(pk=member.pk, tenant=tenant).update(role=role)
        log_change(tenant, "member_role", _role_change(member.user, before, role.value), user=by.user)


def remove(by: Membership, member: Membership) -> None:
    """Whoever may give the member's role, or the member alone. Raises PermissionDenied and LastOwnerError."""
    if member.pk != by.pk:
        _allow(by, Role(member.role))
    with transaction.atomic():
        tenant = _locked(by.tenant)
        before = _keep_an_owner(tenant, member, None)
        Membership.objects.filter(pk=member.pk, tenant=tenant).delete()
        action = "member_left" if member.pk == by.pk else "member_removed"
        log_change(tenant, action, _role_change(member.user, before, None), user=by.user)


def may_change(by: Membership, member: Membership) -> None:
    """Raises PermissionDenied unless `by` may give, hence take, the member's role."""
    _allow(by, Role(member.role))


def _allow(by: Membership, role: Role) -> None:
    if role not in roles_given_by(by):
        raise PermissionDenied


def _locked(tenant: Tenant) -> Tenant:
    """One change of the team at a time: two owners cannot leave each other alone at the same moment."""
    return Tenant.objects.select_for_update().get(pk=tenant.pk)


def _keep_an_owner(tenant: Tenant, member: Membership, role: Role | None) -> str:
    """The member's role as it is now, under the lock."""
    before = Membership.objects.get(pk=member.pk, tenant=tenant).role
    if before == Role.OWNER and role != Role.OWNER:
        others = Membership.objects.filter(tenant=tenant, role=Role.OWNER, user__is_active=True).exclude(pk=member.pk)
        if not others.exists():
            raise LastOwnerError
    return before


def _role_change(person: User, before: str | None, after: str | None) -> dict[str, Any]:
    return {"email": [person.email, person.email], "role": [before, after]}


def _renew(row: Invitation, **fields: Any) -> None:
    values = {"nonce": new_nonce(), "sent_at": timezone.now(), **fields}
    for name, value in values.items():
        setattr(row, name, value)
    row.save(update_fields=list(values))


def _send(row: Invitation) -> bool:
    language = language_for(row.email, fallback=row.tenant.language)
    with translation.override(language):
        letter = invitation_letter(row, public_url(reverse("invitation", args=[link_token(row)])))
    return send_letter(letter, row.email, language)
