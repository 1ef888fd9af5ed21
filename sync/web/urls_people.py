"""Addresses of the pages about people: workspaces, their team and the audit trail."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from sync.web.views import audit, home, team, workspace

workspace_urls: list[URLPattern | URLResolver] = [
    path("team/", team.members, name="team"),
    path("team/invite/", team.invite, name="invite"),
    path("team/invitations/<int:invitation_id>/again/", team.invite_again, name="invitation_again"),
    path("team/invitations/<int:invitation_id>/revoke/", team.revoke, name="invitation_revoke"),
    path("team/<int:member_id>/role/", team.change_role, name="member_role"),
    path("team/<int:member_id>/remove/", team.remove, name="member_remove"),
    path("audit/", audit.audit, name="audit"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("clients/switch/", home.switch, name="switch"),
    path("workspaces/new/", workspace.create_workspace, name="workspace_new"),
    path("workspaces/new/slug/", workspace.propose_slug, name="workspace_slug"),
]
