"""Who may let whom in, and that a workspace never loses its last owner."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.utils import timezone

from tenants.models import AuditEntry, Invitation, Membership, Role, User
from tenants.web import team
from tests.factories import PASSWORD, Cast, member, person, workspace
from tests.tenants.web.conftest import signed_in

pytestmark = pytest.mark.django_db
TEAM = "/t/maison-dupont/team/"


def membership(people: Cast, someone: User) -> Membership:
    return Membership.objects.get(tenant=people.tenant, user=someone)


def invited(people: Cast, email: str = "dora@cabinet.example", role: Role = Role.VIEWER) -> Invitation:
    return team.invite(membership(people, people.alice), email, role).invitation


def link(row: Invitation) -> str:
    return f"/invitation/{team.link_token(row)}/"


def last_action(people: Cast) -> str:
    return AuditEntry.objects.filter(tenant=people.tenant).latest("pk").action


def test_an_invitation_goes_out_in_the_language_of_the_workspace(people: Cast) -> None:
    answer = signed_in(people.alice).post(f"{TEAM}invite/", {"email": "Dora@Cabinet.example", "role": "viewer"})
    assert answer.headers["Location"] == TEAM
    row = Invitation.objects.get()
    assert (row.email, row.role, row.invited_by) == ("dora@cabinet.example", "viewer", people.alice)
    assert mail.outbox[0].to == ["dora@cabinet.example"]
    assert "Maison Dupont" in mail.outbox[0].subject
    sent = re.search(r"/invitation/[^\s]+/", mail.outbox[0].body)
    assert sent is not None
    assert "Maison Dupont" in Client().get(sent.group()).content.decode()
    assert last_action(people) == "member_invited"


def test_signing_up_by_invitation_needs_no_second_letter_even_where_sign_up_is_closed(
    people: Cast, settings: object
) -> None:
    settings.SIGN_UP_OPEN = False  # type: ignore[attr-defined]
    row = invited(people)
    client = Client()
    page = client.get(link(row)).content.decode()
    sign_up = re.search(r'href="(/accounts/signup/[^"]+)"', page)
    assert sign_up is not None
    there = link(row)  # a token bears the second it was made in
    fields = {"email": row.email, "password1": PASSWORD, "next": there}
    assert client.post("/accounts/signup/", fields).headers["Location"] == there
    assert client.post(link(row)).headers["Location"] == "/t/maison-dupont/"
    assert membership(people, User.objects.get(email=row.email)).role == Role.VIEWER
    assert len(mail.outbox) == 1
    assert last_action(people) == "member_joined"


def test_an_invitation_opens_no_door_for_another_address(people: Cast) -> None:
    """Whoever was forwarded the letter cannot join, nor skip the confirmation of an address that is not the invited."""
    row = invited(people)
    client = Client()
    client.get(link(row))
    client.post("/accounts/signup/", {"email": "other@example.com", "password1": PASSWORD})
    assert client.get("/account/").status_code == 302, "this address is still to be confirmed"
    charlie = signed_in(people.charlie)
    assert "is for dora@cabinet.example" in charlie.get(link(row)).content.decode()
    assert charlie.post(link(row)).status_code == 403
    assert not Membership.objects.filter(user=people.charlie).exists()


def test_a_link_works_once(people: Cast) -> None:
    dora = person("dora@cabinet.example")
    row = invited(people)
    client = signed_in(dora)
    assert client.post(link(row)).status_code == 302
    assert client.get(link(row)).status_code == 410
    membership(people, dora).delete()
    assert client.post(link(row)).status_code == 410


def test_a_link_ends_after_seven_days_and_can_be_sent_again(people: Cast) -> None:
    row = invited(people)
    old = link(row)
    with time_machine.travel(timezone.now() + timedelta(days=7, seconds=1)):
        assert Client().get(old).status_code == 410
        page = signed_in(people.alice).get(TEAM).content.decode()
        assert "the link has expired" in page or "expiré" in page
        signed_in(people.alice).post(f"{TEAM}invitations/{row.pk}/again/")
        row.refresh_from_db()
        assert Client().get(link(row)).status_code == 200
    assert last_action(people) == "invitation_sent_again"


def test_sending_again_and_taking_back_end_the_former_link(people: Cast) -> None:
    row = invited(people)
    first = link(row)
    client = signed_in(people.alice)
    client.post(f"{TEAM}invitations/{row.pk}/again/")
    row.refresh_from_db()
    assert Client().get(first).status_code == 410
    client.post(f"{TEAM}invitations/{row.pk}/revoke/")
    assert Client().get(link(row)).status_code == 410
    assert client.post(f"{TEAM}invitations/{row.pk}/revoke/").status_code == 404
    assert last_action(people) == "invitation_revoked"


@pytest.mark.parametrize("token", ["nonsense", "WzEsIm5vIl0:1xV:abc"])
def test_a_forged_link_opens_nothing(token: str, people: Cast) -> None:
    assert Client().get(f"/invitation/{token}/").status_code == 410


def test_inviting_again_renews_and_never_doubles(people: Cast) -> None:
    invited(people)
    invited(people, "DORA@cabinet.example", Role.ADMIN)
    assert Invitation.objects.get().role == Role.ADMIN


def test_a_member_is_not_invited_again(people: Cast) -> None:
    answer = signed_in(people.alice).post(f"{TEAM}invite/", {"email": people.bob.email, "role": "admin"})
    assert answer.status_code == 422
    assert not Invitation.objects.exists()


def test_accepting_never_weakens_a_role(people: Cast) -> None:
    row = invited(people, people.charlie.email, Role.VIEWER)
    Membership.objects.create(tenant=people.tenant, user=people.charlie, role=Role.ADMIN)
    team.accept(row, people.charlie)
    assert membership(people, people.charlie).role == Role.ADMIN


@pytest.mark.parametrize(
    ("by", "of", "role", "allowed"),
    [
        ("owner", "viewer", "owner", True),
        ("owner", "admin", "viewer", True),
        ("admin", "viewer", "admin", True),
        ("admin", "viewer", "owner", False),
        ("admin", "owner", "viewer", False),
        ("viewer", "viewer", "admin", False),
    ],
)
def test_nobody_gives_or_takes_a_role_above_their_own(by: str, of: str, role: str, allowed: bool, people: Cast) -> None:
    """Through the page's address and behind it alike."""
    actor = member(people.tenant, "actor@example.com", Role(by))
    other = membership(people, member(people.tenant, "other@example.com", Role(of)))
    answer = signed_in(actor).post(f"{TEAM}{other.pk}/role/", {"role": role})
    assert answer.status_code in (302, 403)
    other.refresh_from_db()
    assert (other.role == role) is allowed
    if not allowed:
        with pytest.raises(PermissionDenied):
            team.change_role(membership(people, actor), other, Role(role))
        with pytest.raises(PermissionDenied):
            team.invite(membership(people, actor), "new@example.com", Role.OWNER)
    else:
        assert AuditEntry.objects.latest("pk").changes["role"] == [of, role]


def test_the_last_owner_neither_leaves_nor_steps_down(people: Cast) -> None:
    alice = membership(people, people.alice)
    client = signed_in(people.alice)
    client.post(f"{TEAM}{alice.pk}/role/", {"role": "viewer"})
    client.post(f"{TEAM}{alice.pk}/remove/")
    alice.refresh_from_db()
    assert alice.role == Role.OWNER
    with pytest.raises(team.LastOwnerError):
        team.remove(alice, alice)
    member(people.tenant, "second@example.com", Role.OWNER)
    assert client.post(f"{TEAM}{alice.pk}/remove/").headers["Location"] == "/"
    assert not Membership.objects.filter(pk=alice.pk).exists()
    assert last_action(people) == "member_left"


def test_an_owner_whose_account_is_switched_off_is_no_owner_to_leave_it_to(people: Cast) -> None:
    member(people.tenant, "gone@example.com", Role.OWNER, is_active=False)
    with pytest.raises(team.LastOwnerError):
        team.remove(membership(people, people.alice), membership(people, people.alice))


def test_a_viewer_may_leave_but_remove_nobody(people: Cast) -> None:
    bob, alice = membership(people, people.bob), membership(people, people.alice)
    client = signed_in(people.bob)
    assert client.post(f"{TEAM}{alice.pk}/remove/").status_code == 403
    assert client.post(f"{TEAM}{bob.pk}/remove/").status_code == 302
    assert client.get(TEAM).status_code == 404


def test_removing_asks_first_also_in_a_dialog(people: Cast) -> None:
    bob = membership(people, people.bob)
    client = signed_in(people.alice)
    page = client.get(f"{TEAM}{bob.pk}/remove/").content.decode()
    part = client.get(f"{TEAM}{bob.pk}/remove/", headers={"HX-Request": "true"}).content.decode()
    assert "<html" in page
    assert "<html" not in part
    assert 'id="dialog-title"' in part
    assert Membership.objects.filter(pk=bob.pk).exists()
    client.post(f"{TEAM}{bob.pk}/remove/")
    assert last_action(people) == "member_removed"


def test_rows_of_another_workspace_are_not_found(people: Cast) -> None:
    """Alice owns both; the address decides which one she is in."""
    other = workspace("other", "Other")
    member(other, people.alice.email, Role.OWNER)
    there = membership(people, people.bob)
    row = invited(people)
    client = signed_in(people.alice)
    for path in (f"{there.pk}/role/", f"{there.pk}/remove/", f"invitations/{row.pk}/again/"):
        assert client.post(f"/t/other/team/{path}", {"role": "admin"}).status_code == 404
    assert client.post(f"/t/other/team/invitations/{row.pk}/revoke/").status_code == 404


def test_viewers_see_the_team_but_no_invitation_and_no_button(people: Cast) -> None:
    invited(people)
    page = signed_in(people.bob).get(TEAM).content.decode()
    assert people.alice.email in page
    assert "dora@cabinet.example" not in page
    assert f"{TEAM}invite/" not in page


def test_the_audit_trail_says_who_did_what_page_by_page(people: Cast) -> None:
    invited(people)
    bob = membership(people, people.bob)
    team.change_role(membership(people, people.alice), bob, Role.ADMIN)
    client = signed_in(people.alice)
    page = client.get("/t/maison-dupont/audit/").content.decode()
    for words in ("Alice Dupont", "Changed a role", "bob@cabinet.example", "<del>Viewer</del>", "Invited somebody"):
        assert words in page
    AuditEntry.objects.bulk_create(
        AuditEntry(tenant=people.tenant, who="system", action="options", changes={"x": [1, 2]}) for _row in range(60)
    )
    assert "Changed a role" not in client.get("/t/maison-dupont/audit/").content.decode()
    assert "Changed a role" in client.get("/t/maison-dupont/audit/?page=2").content.decode()
