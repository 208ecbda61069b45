from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from irtool.errors import PlaybookError
from irtool.playbook import Program
from irtool.records import Playbook

Loaded = Callable[[str], Playbook]

TEXT = """\
playbook: p
title: T
steps:
  - {id: triage, title: T, uses: triage.complaint}
  - id: block
    title: T
    uses: ip.block
    each: findings.source_ips
    when: item.messages > 1
    with:
      target: "${{ item.value }}/32"
      expires: 30d
"""


def test_a_program_evaluates_each_when_and_with(loaded: Loaded) -> None:
    playbook = loaded(TEXT)
    program = Program(playbook)
    triage, block = playbook.steps
    assert program.each(triage) is None
    assert program.when(triage) is None
    assert program.with_(triage)() == {}
    findings = {"source_ips": [{"value": "192.0.2.7", "messages": 9}, {"value": "{{ 7*7 }}", "messages": 1}]}
    each, when = program.each(block), program.when(block)
    assert each is not None
    assert when is not None
    items = each(findings=findings)
    assert items == findings["source_ips"]
    assert [when(item=i) for i in findings["source_ips"]] == [True, False]
    assert [program.with_(block)(item=i)["target"] for i in findings["source_ips"]] == [  # type: ignore[index,call-overload]
        "192.0.2.7/32",
        "{{ 7*7 }}/32",
    ]


def test_what_fails_in_the_run_says_where_in_the_file(loaded: Loaded) -> None:
    playbook = loaded(TEXT)
    program = Program(playbook)
    block = playbook.steps[1]
    when = program.when(block)
    assert when is not None
    with pytest.raises(PlaybookError) as error:
        when(item={"messages": "many"})
    assert error.value.message.startswith("/x/p.yaml:9:5  'item.messages > 1': '>' not supported")
    with pytest.raises(PlaybookError) as error:
        program.with_(block)(item={"value": None})
    assert error.value.message.startswith("/x/p.yaml:11:7  'item.value': the value is empty (null)")


def test_a_program_of_a_faulty_playbook_is_refused(loaded: Loaded) -> None:
    playbook = loaded(TEXT)
    broken = replace(playbook, steps=(replace(playbook.steps[1], when="item."),))
    with pytest.raises(PlaybookError, match=r"'item\.'"):
        Program(broken)
