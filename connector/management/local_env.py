"""`python -m connector.management.local_env FILE`: fresh secrets for this machine; a file that exists stays as it is.

Runs before the settings can be read, which need these secrets.
"""

from __future__ import annotations

import base64
import os
import secrets
import sys
from pathlib import Path

HEADER = "# Secrets of this machine. Who loses FIELD_ENCRYPTION_KEYS loses every stored connection.\n"


def write_local_env(path: Path) -> bool:
    """Writes SECRET_KEY and one Fernet key, readable by the owner alone. False when the file was there already."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    with open(handle, "w", encoding="utf-8") as file:
        file.write(f"{HEADER}SECRET_KEY={secrets.token_urlsafe(50)}\nFIELD_ENCRYPTION_KEYS={key}\n")
    return True


if __name__ == "__main__":
    write_local_env(Path(sys.argv[1]))
