"""A setting that an order needs: set and still there, or the reason why the order waits."""

from __future__ import annotations

from connector.accounting.documents import Held
from connector.accounting.policy import PostingPolicy, Ref


def require(ref: Ref | None, key: str, policy: PostingPolicy) -> Ref | Held:
    """The setting's object, or `missing_setting:<key>` when it was never set or has gone from the company."""
    if key in policy.inactive_refs:
        return Held(f"missing_setting:{key}", {"name": policy.inactive_refs[key], "problem": "inactive"})
    return ref if ref is not None else Held(f"missing_setting:{key}")


def optional(ref: Ref | None, key: str, policy: PostingPolicy) -> Ref | Held | None:
    """Like `require`, for a setting that may be left empty."""
    return None if ref is None else require(ref, key, policy)
