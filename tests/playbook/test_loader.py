from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from irtool.errors import PlaybookError
from irtool.playbook import load
from irtool.records import Input, Playbook, Step, Verb

Loaded = Callable[[str], Playbook]

GOOD = """\
playbook: email-abuse
title: Spam sent through our own mail service
about: |
  Read me.
owner: sec@example.com
approvers: leads
inputs:
  complaint: {type: file}
  since: {type: duration, default: 72h, about: How far back.}
limits:
  ip.block: 500
steps:
  - id: triage
    title: Find the campaign
    uses: triage.complaint
    with: {complaint: "${{ inputs.complaint }}", since: "${{ inputs.since }}"}
  - id: block-ips
    title: Block the sending IPs
    uses: ip.block
    each: findings.source_ips
    when: item.messages > 10 and item.value != org.name
    via: [rspamd, edge]
    with: {expires: 30d}
    approval: peer
    on_failure: continue
  - id: note
    title: On, and NO, and 24:00
    uses: note.add
    via: desk
    with: {text: "${{ incident.id }}: ${{ findings.accounts[0].id }}"}
"""


def test_a_good_playbook(loaded: Loaded) -> None:
    playbook = loaded(GOOD)
    assert playbook == Playbook(
        name="email-abuse",
        title="Spam sent through our own mail service",
        about="Read me.",
        owner="sec@example.com",
        approvers="leads",
        text=GOOD,
        sha256=hashlib.sha256(GOOD.encode()).hexdigest(),
        path="/x/p.yaml",
        inputs=(
            Input("complaint", "file", required=True),
            Input("since", "duration", required=False, default="72h", about="How far back."),
        ),
        limits={"ip.block": 500},
        steps=(
            Step(
                "triage",
                "Find the campaign",
                "triage.complaint",
                {"complaint": "${{ inputs.complaint }}", "since": "${{ inputs.since }}"},
            ),
            Step(
                "block-ips",
                "Block the sending IPs",
                "ip.block",
                {"expires": "30d"},
                each="findings.source_ips",
                when="item.messages > 10 and item.value != org.name",
                via=("rspamd", "edge"),
                approval="peer",
                on_failure="continue",
            ),
            Step(
                "note",
                "On, and NO, and 24:00",
                "note.add",
                {"text": "${{ incident.id }}: ${{ findings.accounts[0].id }}"},
                via=("desk",),
            ),
        ),
    )


HEAD = "playbook: p\ntitle: T\ninputs: {since: {type: duration, default: 1h}}\nsteps:\n"
TRIAGE = "- {id: triage, title: T, uses: triage.complaint}\n"
ROOTS = "there are findings, incident, inputs, item, org."


def step(body: str) -> str:
    """A playbook whose second step begins at line 6 with its id; the body's first line is line 8."""
    lines = "".join(f"  {line}\n" for line in body.split("\n"))
    return f"{HEAD}{TRIAGE}- id: s\n  title: T\n{lines}"


BROKEN = {
    # the file
    "": ["1:1  the file must be a mapping of keys to values, not nothing"],
    "playbook: p\ntitle: T\n": ['1:1  "steps" is missing'],
    "playbook: p\ntitle: T\nsteps: []\n": ["3:1  there are no steps"],
    "playbook: p\ntitle: [\n": ["3:1  did not find expected node content, while parsing a flow node"],
    HEAD + TRIAGE + "steps: []\n": ['6:1  the key "steps" is repeated (first at line 4)'],
    "playbok: p\ntitle: T\nsteps:\n" + TRIAGE: [
        '1:1  "playbook" is missing',
        '1:1  unknown key "playbok". Did you mean "playbook"?',
    ],
    "playbook: My Book\ntitle: ' '\nsteps:\n" + TRIAGE: [
        '1:1  "playbook" must be small letters, digits and hyphens, such as block-domains, not "My Book"',
        '2:1  "title" must not be empty',
    ],
    # inputs and limits
    "playbook: p\ntitle: T\ninputs:\n  a: {type: fil}\n  B: {type: text}\n  c: {type: duration, default: 72}\n"
    "  d: {type: flag, default: on}\n  e: {type: text, default: x, required: true}\nsteps:\n" + TRIAGE: [
        '4:7  "type" must be one of file, text, duration, number, flag, not "fil". Did you mean "file"?',
        '5:3  the input "B" must be named with small letters, digits and _',
        '6:23  "default" must be a duration like 90s, 15m, 72h, 30d or 1d12h, not 72',
        '7:19  "default" must be true or false, not "on"',
        '8:31  the input "e" has a default, so it is not required',
    ],
    "playbook: p\ntitle: T\nlimits:\n  ip.blok: 5\n  ip.block: lots\n  domain.block: -1\nsteps:\n" + TRIAGE: [
        '4:3  unknown verb "ip.blok". Did you mean "ip.block"?',
        '5:3  "ip.block" must be a whole number, not "lots"',
        '6:3  "domain.block" must be a whole number from 0 on, not -1',
    ],
    # steps
    HEAD + TRIAGE + TRIAGE: ['6:4  the step id "triage" is taken (line 5)'],
    HEAD + TRIAGE + "- 7\n": ['6:3  item 2 of "steps" must be a mapping of keys to values, not 7'],
    HEAD + TRIAGE + "- {id: Not OK, title: 'T ${{ x }}', uses: note.add, with: {text: x}}\n": [
        '6:4  "id" must be small letters, digits and hyphens, such as block-domains, not "Not OK"',
        '6:16  "title" is plain text: ${{ … }} is not filled in here',
    ],
    step("uses: domain.blok\neach: findings.source_ips"): [
        '8:3  unknown verb "domain.blok". Did you mean "domain.block"?'
    ],
    step("uses: ip.block\neech: findings.source_ips"): [
        "8:3  ip.block needs an each, or a target in its with",
        '9:3  unknown key "eech". Did you mean "each"?',
    ],
    step("uses: ip.block\neach: findings.source_ips\napproval: pear\non_failure: go on"): [
        '10:3  "approval" must be one of none, self, peer, not "pear". Did you mean "peer"?',
        '11:3  "on_failure" must be one of stop, continue, not "go on".',
    ],
    step("uses: ip.block\neach: findings.source_ips\napproval: {from: pear, quorum: 0, expires: 4x}"): [
        '10:14  "from" must be one of none, self, peer, not "pear". Did you mean "peer"?',
        '10:26  "quorum" must be from 1 to 20, not 0',
        '10:37  "expires" is wrong: "4x" is not a duration like 90s, 15m, 72h, 30d or 1d12h',
    ],
    step("uses: ip.block\neach: findings.source_ips\napproval: {from: none, quorum: 2}"): [
        '10:14  "none" asks nobody: it goes without quorum and expires'
    ],
    step("uses: ip.block\neach: findings.source_ips\napproval: {quorums: 2}"): [
        '10:14  unknown key "quorums". Did you mean "quorum"?'
    ],
    step("uses: ip.block\neach: findings.source_ips\napproval: {quorum: two}"): [
        '10:14  "quorum" must be a whole number, not "two"'
    ],
    step("uses: ip.block\neach: findings.source_ips\nwith: {expire: 30d}"): [
        '10:10  ip.block has no parameter "expire". Did you mean "expires"?'
    ],
    step("uses: ip.block\neach: findings.source_ips\nwith: {expires: 30x}"): [
        '10:10  "expires" is wrong: "30x" is not a duration like 90s, 15m, 72h, 30d or 1d12h'
    ],
    step("uses: ip.block\neach: findings.source_ips\nwith: {expires: 30}"): ['10:10  "expires" must be text, not 30'],
    step("uses: abuse.report\nwith: {target: x, to: nobody}"): ['9:21  "to" must be a mail address, not "nobody"'],
    step("uses: note.add"): ['6:3  note.add needs "text" in its with'],
    step("uses: note.add\nwith: {}"): ['9:3  note.add needs "text" in its with'],
    step("uses: note.add\nwith: x"): [
        '9:3  "with" must be a mapping of keys to values, not "x"',
        '9:3  note.add needs "text" in its with',
    ],
    step("uses: ip.block\neach: findings.source_ips\nvia: [a, 1]"): ['10:12  item 2 of "via" must be text, not 1'],
    # expressions
    step("uses: ip.block\neach: ${{ findings.source_ips }}"): [
        "9:3  each is a bare expression, without braces; write: each: findings.source_ips"
    ],
    step("uses: ip.block\neach: findings.source_ips\nwhen: '{{ item.messages > 1 }}'"): [
        "10:3  when is a bare expression, without braces; write: when: item.messages > 1"
    ],
    step("uses: ip.block\neach: [1.2.3.4]\nwhen: true"): [
        '9:3  "each" must be text, not a list',
        '10:3  "when" must be text, not true',
    ],
    step("uses: ip.block\neach: findings.source_ips\nwhen: item.messages >"): [
        "10:3  'item.messages >': unexpected the end"
    ],
    step("uses: ip.block\neach: findings.source_ips\nwhen: item.value.startswith('1')"): [
        "10:3  'item.value.startswith('1')': functions cannot be called; use a filter, as in: item.value | lower"
    ],
    step("uses: note.add\nwith:\n  text: 'a {{ incident.id }}'"): [
        "10:5  {{ incident.id }} is not filled in; holes are written with a dollar sign: ${{ incident.id }}"
    ],
    step("uses: note.add\nwith:\n  text: a ${{ incident.id"): ["10:5  'a ${{ incident.id': a ${{ has no }}"],
    step("uses: http.call\nwith: {path: /x, body: {a: ['${{ b +', '${{ c }}'], '${{ d }}': 1}}"): [
        "9:31  '${{ b +': a ${{ has no }}",
        f'9:42  "c" is not defined; {ROOTS}',
        '9:55  ${{ … }} is filled in in values, not in keys: "${{ d }}"',
    ],
    # variables
    step("uses: note.add\nwith: {text: '${{ finding.accounts }}'}"): [
        f'9:10  "finding" is not defined; {ROOTS} Did you mean "findings"?'
    ],
    step("uses: note.add\nwith: {text: '${{ inputs.sinse }}'}"): [
        '9:10  there is no input "sinse". Did you mean "since"?'
    ],
    step("uses: note.add\nwith: {text: '${{ item.value }}'}"): ["9:10  item is only there in a step with each"],
    step("uses: ip.block\neach: item.ips"): ["9:3  item is only there in a step with each"],
    step("uses: ip.block\neach: findings.source_ip"): [
        '9:3  findings has no "source_ip". Did you mean "source_ips"?'
    ],
    step("uses: ip.block\neach: findings.messages"): ["9:3  each needs a list, and findings.messages is a number"],
    step("uses: ip.block\neach: findings"): ["9:3  each needs a list, and findings is a record"],
    step("uses: account.disable\neach: findings.accounts | sort(attribute='id')\nwhen: item.plann == 'trial'"): [
        '10:3  item has no "plann" (an item of findings.accounts). Did you mean "plan"?'
    ],
    step("uses: account.disable\neach: findings.accounts\nwhen: item.id.lower == 'x' and findings.accounts.id"): [
        '10:3  findings.accounts is a list and has no "id"',
        '10:3  item.id is a text and has no "lower"',
    ],
    step("uses: note.add\nwith: {text: '${{ incident.opened }} ${{ org.domain }}'}"): [
        '9:10  incident has no "opened". Did you mean "opened_at"?',
        '9:10  org has no "domain". Did you mean "domains"?',
    ],
    step("uses: abuse.report\neach: findings.relays"): [
        "9:3  an item of findings.relays has no id or value; say which relay is meant with a target"
    ],
    HEAD + "- {id: a, title: T, uses: ip.block, each: findings.source_ips}\n"
    "- {id: b, title: T, uses: ip.block, each: findings.source_ips}\n" + TRIAGE: [
        "5:37  uses findings, but no step before does the triage (uses: triage.complaint)"
    ],
}  # fmt: skip


@pytest.mark.parametrize(("text", "faults"), BROKEN.items(), ids=range(len(BROKEN)))
def test_broken_playbooks(loaded: Loaded, text: str, faults: list[str]) -> None:
    with pytest.raises(PlaybookError) as error:
        loaded(text)
    assert list(error.value.faults) == [f"p.yaml:{f}" for f in faults]
    assert error.value.exit_code == 2


def test_all_faults_of_a_file_at_once_in_its_order(loaded: Loaded) -> None:
    """YAML that can be read hides no fault: shape, verbs, parameters, expressions and variables are told together."""
    text = (
        "playbook: p\ntitel: T\nlimits: {ip.blok: 1}\nsteps:\n"
        "- id: a\n  title: T\n  uses: ip.blck\n  each: findings.x\n  when: ${{ 1 }}\n"
        "- id: a\n  title: T\n  uses: note.add\n  with: {txt: '${{ foo }}'}\n  approval: maybe\n"
    )
    with pytest.raises(PlaybookError, match=r"p\.yaml is not a valid playbook: 12 faults") as error:
        loaded(text)
    places = [f.split("  ")[0] for f in error.value.faults]
    assert places == [
        "p.yaml:1:1", "p.yaml:2:1", "p.yaml:3:10", "p.yaml:7:3", "p.yaml:8:3", "p.yaml:8:3", "p.yaml:9:3",
        "p.yaml:10:3", "p.yaml:13:3", "p.yaml:13:10", "p.yaml:13:10", "p.yaml:14:3",
    ]  # fmt: skip


def test_caps(loaded: Loaded) -> None:
    many = "".join(f"- {{id: s{i}, title: T, uses: note.add, with: {{text: x}}}}\n" for i in range(501))
    with pytest.raises(PlaybookError, match="1 fault") as error:
        loaded(HEAD + many)
    assert error.value.faults == ("p.yaml:505:3  a playbook has at most 500 steps, not 501",)
    with pytest.raises(PlaybookError, match="1 fault") as error:
        loaded(HEAD + "# " + "x" * 1_000_000)
    assert error.value.faults == ("p.yaml:1:1  the file is larger than 1 MB",)


def test_an_optional_file_and_a_text_without_holes_are_fine(loaded: Loaded) -> None:
    playbook = loaded(
        "playbook: p\ntitle: T\ninputs: {f: {type: file, required: false}}\nsteps:\n"
        "- {id: a, title: T, uses: http.call, with: {path: '/a?b={c}', body: [1, null, {x: true}]}}\n"
    )
    assert playbook.inputs == (Input("f", "file", required=False),)
    assert playbook.steps[0].with_ == {"path": "/a?b={c}", "body": [1, None, {"x": True}]}


_WORDS = st.sampled_from(
    ["playbook", "steps", "id", "uses", "with", "each", "when", "via", "inputs", "limits", "type", "default", "title",
     "ip.block", "note.add", "triage.complaint", "findings.source_ips", "item.x", "${{ inputs.a }}", "${{", "true"]
)  # fmt: skip
_SCALARS = _WORDS | st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
_DATA = st.recursive(
    _SCALARS, lambda i: st.lists(i, max_size=3) | st.dictionaries(_WORDS, i, max_size=5), max_leaves=20
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=_DATA, steps=st.lists(_DATA, max_size=3))
def test_no_shape_of_data_crashes_the_loader(verbs: Mapping[str, Verb], data: object, steps: list[object]) -> None:
    """Any data, as YAML, is a playbook or a PlaybookError whose faults all begin with a place."""
    import json

    base = data if isinstance(data, dict) else {"inputs": data}
    faults: tuple[str, ...] = ()
    try:
        load(json.dumps({**base, "steps": steps}, indent=1), "p.yaml", verbs=verbs)
    except PlaybookError as error:
        faults = error.faults
    assert all(f.startswith("p.yaml:") and "  " in f for f in faults)


@given(text=st.text(max_size=80), at=st.integers(0, len(GOOD)), cut=st.integers(0, 30))
def test_no_damage_to_a_playbook_crashes_the_loader(verbs: Mapping[str, Verb], text: str, at: int, cut: int) -> None:
    faults: tuple[str, ...] = ()
    try:
        load(GOOD[:at] + text + GOOD[at + cut :], "p.yaml", verbs=verbs)
    except PlaybookError as error:
        faults = error.faults
    assert all(f.startswith("p.yaml:") for f in faults)


@pytest.mark.parametrize(
    ("written", "terms"),
    [
        ("", ("none", 1, "")),
        ("approval: self", ("self", 1, "")),
        ("approval: {from: peer, quorum: 2, expires: 4h}", ("peer", 2, "4h")),
        ("approval: {quorum: 2}", ("peer", 2, "")),
        ("approval: {from: self, expires: 1d12h}", ("self", 1, "1d12h")),
    ],
)
def test_an_approval_is_a_word_or_says_how_many_and_for_how_long(
    verbs: Mapping[str, Verb], written: str, terms: tuple[str, int, str]
) -> None:
    text = HEAD + TRIAGE + f"- id: a\n  title: T\n  uses: ip.block\n  each: findings.source_ips\n  {written}\n"
    loaded = load(text, "p.yaml", verbs=verbs).steps[-1]
    assert (loaded.approval, loaded.quorum, loaded.expires) == terms


def test_a_limit_for_the_whole_run(verbs: Mapping[str, Verb]) -> None:
    text = "playbook: p\ntitle: T\nlimits: {total: 7}\nsteps:\n" + TRIAGE
    assert load(text, "p.yaml", verbs=verbs).limits == {"total": 7}
