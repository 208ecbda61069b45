"""Looking at many targets at once, for the planner."""

from __future__ import annotations

import pytest

from irtool.errors import StepFailed
from irtool.plan.looks import LookJob
from irtool.records import Traits
from irtool.run.looking import looker


def test_answers_come_in_the_order_of_the_jobs(world, connector):
    limited = connector("limited", Traits(concurrency=2))
    world.server.state = {f"d{i}.example": "blocked" for i in range(0, 40, 2)}
    world.server.delay = 0.002
    jobs = [LookJob(limited if i % 3 else world.connectors["fake"], "domain.block", f"d{i}.example") for i in range(40)]
    seen = looker(world.pool, world.clock, workers=4)(jobs)
    assert [s.look and s.look.state for s in seen] == ["absent" if i % 2 else "blocked" for i in range(40)]
    assert world.server.busiest <= 6
    assert world.server.busiest > 1
    assert all(s.closed for s in world.pool.made)


def test_a_connector_that_is_down_ends_it(world):
    world.server.down = True
    with pytest.raises(StepFailed, match="connector fake did not answer"):
        looker(world.pool, world.clock)([LookJob(world.connectors["fake"], "domain.block", "a.example")] * 5)


def test_nothing_to_look_at(world):
    assert looker(world.pool, world.clock)([]) == []
    assert world.pool.made == []
