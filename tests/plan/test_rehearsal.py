"""What a change would send, without sending it, and what an approval is bound to."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from irtool.connectors import connector as build
from irtool.connectors.local import local
from irtool.errors import NotSent, Rejected, StepFailed
from irtool.plan.hashes import step_hash
from irtool.plan.rehearsal import KEY, OPEN, binding, essence, identity, rehearse, shown
from irtool.records import Call, Change, Look, Reply

RSPAMD = {"url": "http://127.0.0.1:1"}
MAPS = '[{"map": 4, "uri": "/etc/rspamd/client_ips.map", "description": ""}]'


class Server:
    """Answers reads from a table; a changing call is a fault of the rehearsal."""

    def __init__(self, **answers: str) -> None:
        self.answers = answers
        self.asked: list[Call] = []

    def send(self, call: Call) -> Reply:
        assert not call.changes, f"{call.method} {call.path} was sent"
        self.asked.append(call)
        name = call.path.strip("/").partition("?")[0].replace("/", "_")
        kind = "application/json" if self.answers.get(name, "").startswith(("[", "{")) else "text/plain"
        return Reply(200, self.answers[name], {"content-type": kind}) if name in self.answers else Reply(404)

    def close(self) -> None:
        return None


def rehearsed(made, verb, target, server, look=None, params=None):
    return rehearse(made, verb, target, params or {}, look or Look("absent"), server)


def test_only_reads_are_sent_and_a_list_is_bound_to_what_it_gains():
    """Other people's lines are not part of what is approved: they may come and go until it is sent."""
    made = build("rspamd", "rspamd", RSPAMD)
    few = rehearsed(made, "ip.block", "198.51.100.7", Server(maps=MAPS, getmap="192.0.2.1\n"))
    more = rehearsed(made, "ip.block", "198.51.100.7", Server(maps=MAPS, getmap="192.0.2.1\n192.0.2.2  # later\n"))
    other = rehearsed(made, "ip.block", "198.51.100.8", Server(maps=MAPS, getmap="192.0.2.1\n"))
    (call,) = few.essences
    assert (call["method"], call["path"]) == ("POST", "/savemap")
    assert call["body"] == {"adds": ["198.51.100.7"], "removes": []}
    assert few == more != other
    assert (few.open, few.refusal) == (False, "")


def test_all_calls_of_a_change_are_rehearsed():
    """Three maps are three writes, and the second is known although the first was not made."""
    made = build("rspamd", "rspamd", {**RSPAMD, "maps": {"header_sender": "from_sender.map"}})
    rows = ", ".join(
        f'{{"map": {n}, "uri": "/m/{name}"}}'
        for n, name in enumerate(["from_env.map", "from_hdr.map", "from_sender.map"])
    )
    found = rehearsed(made, "address.block", "a@x.example", Server(maps=f"[{rows}]", getmap=""))
    assert [dict(c["headers"])["map"] for c in found.essences] == ["0", "1", "2"]
    assert not found.open


def test_a_template_that_drops_lines_of_others_shows():
    old = "a.example\nb.example\n"
    call = Call("x", "POST", "/savemap", body="c.example\n", changes=True, merges=old)
    assert essence(call)["body"] == {"adds": ["c.example"], "removes": ["a.example", "b.example"]}


def user(id_: str, etag: str) -> Server:
    resource = f'{{"id": "{id_}", "userName": "amy", "active": true, "meta": {{"version": {etag}}}}}'
    found = f'{{"totalResults": 1, "Resources": [{resource}]}}'
    return Server(Users=found, **{f"Users_{id_}": resource})


def test_values_of_the_moment_are_named_and_everything_else_is_bound():
    """Another version of the user is the same approval, another user is not."""
    made = build("idp", "scim", {"url": "http://127.0.0.1:1"})
    look = Look("active", {"active": True})
    servers = (user("42", '"1"'), user("42", '"2"'), user("43", '"1"'))
    found = [rehearsed(made, "account.disable", "amy", server, look) for server in servers]
    assert found[0] == found[1] != found[2]
    assert ["if-match", "{etag}"] in found[0].essences[0]["headers"]
    assert found[0].essences[0]["path"] == "/Users/42"


def test_the_key_is_not_part_of_it():
    made = build("sandbox", "sandbox", {"url": "http://127.0.0.1:1"})
    (call,) = rehearsed(made, "domain.block", "bad.example", Server()).essences
    assert KEY not in str(call)
    assert "irtool {key}" in call["body"]


def test_a_connector_that_would_refuse_says_so_before_anything_is_changed():
    made = build("rspamd", "rspamd", RSPAMD)
    found = rehearsed(
        made, "domain.block", "a b*.example", Server(maps=MAPS.replace("client_ips", "rcpt_domains"), getmap="")
    )
    assert "cannot be written as one entry" in found.refusal
    assert found.essences == ()


def test_http_call_is_never_sent_in_a_rehearsal_even_as_a_get():
    made = build("panel", "http", {"url": "http://127.0.0.1:1"})
    params = {"connector": "panel", "method": "GET", "path": "/users/{target}/suspend"}
    (call,) = rehearsed(made, "http.call", "amy", Server(), Look("undone"), params).essences
    assert (call["method"], call["path"]) == ("GET", "/users/amy/suspend")


def test_a_server_that_is_down_is_not_the_targets_fault():
    class Down(Server):
        def send(self, call: Call) -> Reply:
            raise NotSent("connection refused")

    with pytest.raises(NotSent):
        rehearsed(build("rspamd", "rspamd", RSPAMD), "ip.block", "198.51.100.7", Down())


class Queue:
    """postqueue -j of this machine."""

    def __init__(self, *queues: str, status: int = 0) -> None:
        rows = enumerate(queues)
        self.lines = "".join(
            f'{{"queue_id": "A{n}", "queue_name": "{q}", "sender": "", "recipients": [{{"address": "x@t.example"}}]}}\n'
            for n, q in rows
        )
        self.status = status

    def send(self, call: Call) -> Reply:
        assert not call.changes
        return Reply(self.status, self.lines)


def test_which_messages_wait_changes_and_what_is_done_to_them_does_not():
    made = build("queue", "postfix-queue", {})
    held, one, two = Queue("hold"), Queue("deferred"), Queue("deferred", "active")
    look = Look("queued", {"queued_ids": ["A0"]})
    more = Look("queued", {"queued_ids": ["A0", "A1"]})
    found = [rehearsed(made, "queue.hold", "t.example", q, s) for q, s in ((one, look), (two, more))]
    assert found[0] == found[1]
    assert found[0].essences[0]["argv"] == ["postsuper", "-h", "-"]
    assert not found[0].open
    assert rehearsed(made, "queue.purge", "t.example", held, Look("held")).essences[0]["argv"] == [
        "postsuper",
        "-d",
        "-",
    ]


def test_what_the_connector_would_not_do_is_not_a_server_that_is_down():
    """Nothing is on hold yet: purging comes after holding, and the plan knows that."""
    made = build("queue", "postfix-queue", {})
    assert "is on hold" in rehearsed(made, "queue.purge", "t.example", Queue("deferred"), Look("queued")).refusal
    with pytest.raises(Rejected, match="postqueue failed with status 75"):
        rehearsed(made, "queue.purge", "t.example", Queue(status=75), Look("queued"))


def test_a_text_that_is_written_when_it_is_sent_is_bound_to_its_recipient():
    """What a notice can say depends on what was done by then: bound are whom it goes to and what carries it."""
    texts = iter(["To: a@x.example\r\n\r\none", "To: a@x.example\r\n\r\ntwo", "To: b@x.example\r\n\r\none"])
    mail = local(lambda *_: next(texts), through="smtp://one")["mail"]
    found = [rehearsed(mail, "notice.send", "c1", Server(), Look("unsent")) for _ in range(3)]
    assert found[0] == found[1] != found[2]
    other = local(lambda *_: "", through="smtp://two")["mail"]
    assert identity(mail, "notice.send", "c1", {}) != identity(other, "notice.send", "c1", {})


def test_a_notice_that_cannot_be_written_is_found_at_plan_time():
    def missing(*_):
        raise StepFailed("customer c1 has no contact on file")

    found = rehearsed(local(missing)["mail"], "notice.send", "c1", Server(), Look("unsent"))
    assert found.refusal == "customer c1 has no contact on file"


@pytest.mark.parametrize(
    "edit",
    [
        {"url": "http://127.0.0.1:2"},
        {"scan_url": "http://127.0.0.1:3"},
        {"maps": {"ip": "other.map"}},
    ],
)
def test_another_address_or_setting_is_another_connector(edit):
    one, two = build("rspamd", "rspamd", RSPAMD), build("rspamd", "rspamd", {**RSPAMD, **edit})
    assert identity(one, "ip.block", "x", {}) != identity(two, "ip.block", "x", {})


def test_an_edited_manifest_is_another_connector(tmp_path):
    text = (
        "connector: panel\nsettings: {url: {required: true}}\n"
        "ping: {requests: [{method: GET, path: /}], answer: \"'x'\"}\n"
        "verbs:\n  account.disable:\n    look: {requests: [{method: GET, path: /u}], state: \"'active'\"}\n"
        "    change: {requests: [{method: POST, path: /u, body: {a: 1}}]}\n"
        "  account.limit:\n    look: {requests: [{method: GET, path: /l}], state: \"'unlimited'\"}\n"
        "    change: {requests: [{method: POST, path: /l}]}\n"
    )
    paths = {}
    for name, words in {"one": text, "same": f"# a remark\n{text}", "two": text.replace("a: 1", "a: 2")}.items():
        paths[name] = tmp_path / f"{name}.yaml"
        paths[name].write_text(words)
    made = {name: build("panel", str(path), {"url": "http://127.0.0.1:1"}) for name, path in paths.items()}
    told = {n: identity(c, "account.disable", "x", {}) for n, c in made.items()}
    assert told["one"] == told["same"] != told["two"]
    assert identity(made["one"], "account.limit", "x", {}) == identity(made["two"], "account.limit", "x", {})


def test_what_depends_on_an_answer_is_left_open():
    class Steps:
        name = "steps"

        def change(self, verb, target, params, seen, key):
            reply = yield Call("steps", "POST", "/rules", changes=True, key=key)
            if not reply.body:
                raise Rejected("no id")
            yield Call("steps", "POST", f"/rules/{reply.body}", changes=True, key=key)

    found = rehearsed(Steps(), "domain.block", "x", Server())
    assert (len(found.essences), found.open) == (1, True)
    assert binding("who", found)[-1] == OPEN


def test_long_bodies_are_kept_as_their_digest():
    call = Call("x", "POST", "/", body="line\n" * 5000, changes=True)
    assert set(shown(essence(call))["body"]) == {"characters", "sha256"}
    assert shown(essence(replace(call, body="short"))) == essence(replace(call, body="short"))


def test_a_plan_of_an_older_irtool_keeps_its_hash():
    """Journals outlive versions: what was not rehearsed is hashed as before."""
    change = Change("s", "a.example", "domain.block", "a.example", "fake", "do", before="absent", after="blocked")
    assert step_hash("s", [change]) == "6a385f0472ee9dfe53035f2a3df7ca69b2e631f89b33cbb918706294d846e0bb"


text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(path=text, body=st.none() | text, header=text, merges=st.none() | text, varies=st.lists(st.tuples(text, text)))
def test_an_essence_is_json_and_the_same_for_the_same_call(path, body, header, merges, varies):
    def call(key: str) -> Call:
        return Call("x", "PUT", path, headers=(("H", header),), body=body, changes=True, key=key, merges=merges,
                    varies=tuple(varies))  # fmt: skip

    assert essence(call("a" * 64)) == essence(call("b" * 64))
    assert binding(None, rehearsed_of(call("a" * 64))) == binding(None, rehearsed_of(call("b" * 64)))


@given(
    old=st.lists(text.map(lambda t: "".join(t.split())).filter(bool)),
    mine=text.map(lambda t: "".join(t.split())).filter(bool),
)
def test_whatever_is_in_the_list_only_our_line_counts(old, mine):
    there = "".join(f"{line}\n" for line in old)
    call = Call("x", "POST", "/", body=f"{there}{mine}\n", changes=True, merges=there)
    assert essence(call)["body"]["removes"] == []
    assert essence(call)["body"]["adds"] == f"{mine}\n".splitlines()


def rehearsed_of(call: Call):
    class One:
        name = "x"

        def change(self, verb, target, params, seen, key):
            yield call

    return rehearse(One(), "v", "t", {}, Look(""), Server())
