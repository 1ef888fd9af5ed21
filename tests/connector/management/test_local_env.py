"""Fresh secrets for a machine, once."""

from __future__ import annotations

from pathlib import Path

from cryptography.fernet import Fernet
from environs import Env

from connector.management.local_env import write_local_env


def test_the_secrets_are_usable_and_for_the_owner_alone(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "var" / "local.env"
    assert write_local_env(path)
    assert path.stat().st_mode & 0o777 == 0o600
    for name in ("SECRET_KEY", "FIELD_ENCRYPTION_KEYS"):
        monkeypatch.delenv(name)
    env = Env()
    env.read_env(path, recurse=False)
    assert len(env.str("SECRET_KEY")) >= 50
    assert Fernet(env.str("FIELD_ENCRYPTION_KEYS")).decrypt(Fernet(env.str("FIELD_ENCRYPTION_KEYS")).encrypt(b"x"))


def test_secrets_that_exist_are_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "local.env"
    write_local_env(path)
    before = path.read_text()
    assert not write_local_env(path)
    assert path.read_text() == before


def test_two_machines_share_no_secret(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_local_env(tmp_path / name)
    assert (tmp_path / "one").read_text() != (tmp_path / "two").read_text()
