"""Who can do what? Members with their roles in words, open invitations, and the changes that one's own role allows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from sync.web.reasons import fill
from sync.web.shell import initials
from sync.web.workspace import Workspace, in_workspace, show
from tenants.models import Invitation, Membership, Role
from tenants.web import team
from tenants.web.forms_team import InviteForm, RoleForm
from tenants.web.roles import roles_given_by


@dataclass(frozen=True, slots=True)
class MemberRow:
    """`form` changes the role, None where one's own role does not allow it."""

    membership: Membership
    initials: str
    has_second_factor: bool
    form: RoleForm | None
    is_self: bool


@require_safe
@in_workspace()
def members(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    return _page(request, workspace)


@require_POST
@in_workspace(Role.ADMIN)
def invite(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    form = InviteForm(request.POST, by=workspace.membership)
    if not form.is_valid():
        return _page(request, workspace, form, status=422)
    _tell(request, team.invite(workspace.membership, form.cleaned_data["email"], form.chosen))
    return redirect("team", slug=workspace.tenant.slug)


@require_POST
@in_workspace(Role.ADMIN)
def invite_again(request: HttpRequest, workspace: Workspace, invitation_id: int) -> HttpResponse:
    _tell(request, team.send_again(workspace.membership, _invitation(workspace, invitation_id)))
    return redirect("team", slug=workspace.tenant.slug)


@require_POST
@in_workspace(Role.ADMIN)
def revoke(request: HttpRequest, workspace: Workspace, invitation_id: int) -> HttpResponse:
    row = _invitation(workspace, invitation_id)
    team.revoke(workspace.membership, row)
    messages.success(request, fill(_("The invitation of %(email)s no longer works."), {"email": row.email}))
    return redirect("team", slug=workspace.tenant.slug)


@require_POST
@in_workspace(Role.ADMIN)
def change_role(request: HttpRequest, workspace: Workspace, member_id: int) -> HttpResponse:
    member = _member(workspace, member_id)
    form = RoleForm(request.POST, by=workspace.membership)
    if form.is_valid():
        done = _unless_last_owner(request, lambda: team.change_role(workspace.membership, member, form.chosen))
        if done:
            values = {"person": str(member.user), "role": str(form.chosen.label)}
            messages.success(request, fill(_("%(person)s has a new role: %(role)s."), values))
    return redirect("team", slug=workspace.tenant.slug)


@require_http_methods(["GET", "HEAD", "POST"])
@in_workspace()
def remove(request: HttpRequest, workspace: Workspace, member_id: int) -> HttpResponse:
    """Asks first. Oneself may always go, others only by whoever may give their role."""
    member = _member(workspace, member_id)
    is_self = member.pk == workspace.membership.pk
    if not is_self:
        team.may_change(workspace.membership, member)
    if request.method != "POST":
        template = "tenants/member_remove.html" + ("#dialog" if request.headers.get("HX-Request") else "")
        return show(request, workspace, template, "team", {"member": member, "is_self": is_self})
    if not _unless_last_owner(request, lambda: team.remove(workspace.membership, member)):
        return redirect("team", slug=workspace.tenant.slug)
    if is_self:
        messages.success(request, fill(_("You have left %(workspace)s."), {"workspace": workspace.tenant.name}))
        return redirect("home")
    messages.success(request, fill(_("%(person)s is no longer in the workspace."), {"person": str(member.user)}))
    return redirect("team", slug=workspace.tenant.slug)


def _page(
    request: HttpRequest, workspace: Workspace, form: InviteForm | None = None, *, status: int = 200
) -> HttpResponse:
    by = workspace.membership
    context = {
        "rows": _rows(workspace),
        "invitations": list(team.open_invitations(workspace.tenant)) if workspace.may_act else [],
        "form": form or (InviteForm(by=by) if workspace.may_act else None),
    }
    answer = show(request, workspace, "tenants/team.html", "team", context)
    answer.status_code = status
    return answer


def _rows(workspace: Workspace) -> list[MemberRow]:
    """Owners first, then by name; who has a second factor is shown to those who manage the team."""
    by = workspace.membership
    found = list(Membership.objects.filter(tenant=workspace.tenant).select_related("user"))
    found.sort(key=lambda one: (list(Role).index(Role(one.role)), str(one.user).casefold()))
    safe: set[int] = set()
    if workspace.may_act:
        codes = Authenticator.objects.filter(type=Authenticator.Type.TOTP, user__in=[one.user_id for one in found])
        safe = set(codes.values_list("user_id", flat=True))
    given = roles_given_by(by)
    return [
        MemberRow(
            membership=one,
            initials=initials(one.user.name or one.user.email),
            has_second_factor=one.user_id in safe,
            form=RoleForm(by=by, initial=Role(one.role), prefix=f"member_{one.pk}")
            if Role(one.role) in given
            else None,
            is_self=one.pk == by.pk,
        )
        for one in found
    ]


def _member(workspace: Workspace, member_id: int) -> Membership:
    members = Membership.objects.select_related("user", "tenant")
    return get_object_or_404(members, pk=member_id, tenant=workspace.tenant)


def _invitation(workspace: Workspace, invitation_id: int) -> Invitation:
    return get_object_or_404(team.open_invitations(workspace.tenant).select_related("tenant"), pk=invitation_id)


def _tell(request: HttpRequest, sent: team.Sent) -> None:
    values = {"email": sent.invitation.email}
    if sent.arrived:
        messages.success(request, fill(_("The invitation is on its way to %(email)s."), values))
    else:
        messages.error(
            request, fill(_("The e-mail to %(email)s could not be sent. Send the invitation again later."), values)
        )


def _unless_last_owner(request: HttpRequest, change: Callable[[], None]) -> bool:
    try:
        change()
    except team.LastOwnerError:
        messages.error(request, _("A workspace needs an owner. Make somebody else an owner first."))
        return False
    return True
