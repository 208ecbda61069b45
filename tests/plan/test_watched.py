"""What an error of a conversation means depends on what went out before it."""

from __future__ import annotations

import pytest

from irtool.errors import InDoubt, NotSent, PlaybookError, Rejected
from irtool.plan.watched import Watched
from irtool.records import Call, Reply

READ = Call("c", "GET", "/")
WRITE = Call("c", "PUT", "/", changes=True)
COMMAND = Call("c", "", "", transport="command", changes=True)


class Scripted:
    def __init__(self, answers):
        self.answers = list(answers)

    def send(self, call):
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return Reply(answer)

    def close(self):
        return None


@pytest.mark.parametrize(
    ("calls", "error", "doubt"),
    [
        ([], Rejected("no"), False),
        ([], InDoubt("?"), True),
        ([(READ, 200)], Rejected("no"), False),
        ([(READ, InDoubt("timeout"))], InDoubt("timeout"), False),
        ([(WRITE, 403)], Rejected("no"), False),
        ([(WRITE, 502)], Rejected("no"), True),
        ([(WRITE, 504)], Rejected("no"), True),
        ([(WRITE, 500)], Rejected("no"), False),
        ([(COMMAND, 502)], Rejected("no"), False),
        ([(WRITE, InDoubt("timeout"))], InDoubt("timeout"), True),
        ([(WRITE, NotSent("down"))], NotSent("down"), False),
        ([(READ, 200), (WRITE, NotSent("down"))], NotSent("down"), False),
        ([(WRITE, 200), (READ, NotSent("down"))], NotSent("down"), True),
        ([(WRITE, 200), (WRITE, 403)], Rejected("no"), True),
        ([(WRITE, 200)], PlaybookError("the answer has another shape"), True),
        ([(READ, 200)], PlaybookError("the answer has another shape"), False),
    ],
)
def test_leaves_doubt(calls, error, doubt):
    watched = Watched(Scripted(answer for _, answer in calls))
    for call, answer in calls:
        if isinstance(answer, Exception):
            with pytest.raises(type(answer)):
                watched.send(call)
        else:
            watched.send(call)
    assert watched.leaves_doubt(error) is doubt
    assert watched.calls == len(calls)
