"""The stand-ins as a child: started, watched, stopped, and found again when left behind."""

from __future__ import annotations

import os
import signal
import socket
import time
from pathlib import Path

import pytest
import requests

from connector.management.stand_in import PID_FILE, StandIn, StandInFailed, end_left_behind

FEW = ("--orders", "3")


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"


def test_it_listens_when_it_is_there_and_is_gone_when_stopped(tmp_path: Path) -> None:
    with StandIn(tmp_path, store_port=0, company_port=0, options=FEW) as stand_in:
        pid = int((tmp_path / PID_FILE).read_text())
        assert requests.get(f"{stand_in.details['store']['url']}/", timeout=10).status_code == 200
        assert stand_in.is_running
    assert not is_there(pid)
    assert not (tmp_path / PID_FILE).exists()


def test_a_port_that_is_taken_is_told_in_the_childs_words(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(StandInFailed, match="cannot start"):
            StandIn(tmp_path, store_port=taken.getsockname()[1], company_port=0, options=FEW)
    assert not (tmp_path / PID_FILE).exists()


def test_a_child_that_dies_is_noticed(tmp_path: Path) -> None:
    with StandIn(tmp_path, store_port=0, company_port=0, options=FEW) as stand_in:
        os.kill(int((tmp_path / PID_FILE).read_text()), signal.SIGKILL)
        for _ in range(100):
            if not stand_in.is_running:
                break
            time.sleep(0.02)
        assert not stand_in.is_running
        assert "said nothing" in stand_in.last_words()


def test_a_child_left_behind_is_ended_by_the_next_start(tmp_path: Path) -> None:
    with StandIn(tmp_path, store_port=0, company_port=0, options=FEW) as stand_in:
        pid = int((tmp_path / PID_FILE).read_text())
        end_left_behind(tmp_path)
        for _ in range(100):
            if not stand_in.is_running:
                break
            time.sleep(0.02)
        assert not is_there(pid)


def test_another_process_that_got_the_same_pid_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / PID_FILE).write_text(str(os.getpid()))
    end_left_behind(tmp_path)
