"""What a person asks of the engine on a record, as the pages ask it."""

from __future__ import annotations

from sync.engine.requests import ask, request_run
from sync.models import Record, Request, Run
from tenants.models import Tenant
from tests.sync.world import finish


def wish(tenant: Tenant, kind: Request.Kind, *records: Record) -> list[Request]:
    """Asked for, and a run that will do it; nothing has been done yet."""
    made = ask(records, kind)
    ids = sorted({one.parent.woo_id if one.parent is not None else one.woo_id for one in records})
    request_run(tenant, trigger="button", order_ids=ids, asked=True)
    return made


def carried_out(tenant: Tenant, kind: Request.Kind, *records: Record) -> tuple[Run, list[str]]:
    """The run that did it, and the word for what came of each request."""
    made = wish(tenant, kind, *records)
    run, _is_new = request_run(tenant, trigger="button")
    run = finish(run)
    outcomes = []
    for request in made:
        request.refresh_from_db()
        assert request.state != Request.State.OPEN
        outcomes.append(str(request.result["outcome"]))
    for record in records:
        record.refresh_from_db()
    return run, outcomes
