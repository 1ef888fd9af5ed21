"""`manage.py` with shorter waits, so that many deaths fit into a minute; nothing else differs from the product's."""

from __future__ import annotations

import sys

import django


def main() -> None:
    django.setup()
    import sync.engine.post
    import sync.engine.run
    import tenants.lease

    tenants.lease.RUN_LEASE_SECONDS = 1
    sync.engine.run.FIRST_RETRY_SECONDS = 0.1
    sync.engine.post.LOST_ANSWER_WAIT_SECONDS = 0.05
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
