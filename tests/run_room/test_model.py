"""Any order of runs, watches, decisions, undos, faults, crashes and meddling: what must hold, holds (see model)."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from .model import machine

HISTORIES = int(os.environ.get("IRTOOL_HISTORIES", "200"))
"""`tests/run soak` asks for thousands."""


def test_any_history(make_world, step, connector, incident, crash):
    run_state_machine_as_test(
        machine(make_world, step, connector, incident, crash),
        settings=settings(
            max_examples=HISTORIES,
            stateful_step_count=16,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
