"""Real servers on loopback ports, private to this test run: rspamd, redis, Postfix, Dovecot, SCIM, SMTP sinks.

They start once, on first use, and end with the run; each test finds them as they were at the start.
A missing program is a failure with the command that installs it, never a skip.
"""

from __future__ import annotations

import shutil
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from .machine import StackError, new_folder, require, tail
from .mail import Mail
from .postfix import Dovecot, Postfix
from .rspamd import Rspamd
from .scim import Scim
from .sink import Sink

HERE = Path(__file__).parent
PASSWORDS = {"alice": "pw-alice", "bob": "pw-bob", "trial1": "pw-trial1"}
LOGS = ("rspamd/rspamd.log", "postfix/maillog", "dovecot/dovecot.log", "scim.out")
FOLDER = pytest.StashKey[Path]()
FAILED = pytest.StashKey[bool]()
S = TypeVar("S", Rspamd, Sink, Dovecot, Postfix, Scim)


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One worker runs all of these tests, so that one set of servers is enough."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.services)
            item.add_marker(pytest.mark.xdist_group("services"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failure shows the end of every server's log."""
    report = yield
    folder = item.config.stash.get(FOLDER, None)
    if report.failed and folder:
        item.config.stash[FAILED] = True
        for name in LOGS:
            report.sections.append((f"{folder / name}", tail(folder / name)))
    return report


@pytest.fixture(scope="session")
def stack_folder(pytestconfig: pytest.Config) -> Iterator[Path]:
    """Where the servers keep their data and logs; it stays when a test has failed."""
    try:
        require()
        folder = new_folder()
    except StackError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None
    pytestconfig.stash[FOLDER] = folder
    yield folder
    if not pytestconfig.stash.get(FAILED, False):
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def rspamd_server(stack_folder: Path) -> Iterator[Rspamd]:
    """rspamd, running."""
    yield from running(Rspamd(stack_folder))


@pytest.fixture(scope="session")
def relay_sink() -> Iterator[Sink]:
    """Where Postfix relays what it has accepted."""
    yield from running(Sink())


@pytest.fixture(scope="session")
def dovecot_server(stack_folder: Path) -> Iterator[Dovecot]:
    """Dovecot's authentication server, running."""
    yield from running(Dovecot(stack_folder, PASSWORDS))


@pytest.fixture(scope="session")
def postfix_server(
    stack_folder: Path, rspamd_server: Rspamd, dovecot_server: Dovecot, relay_sink: Sink
) -> Iterator[Postfix]:
    """Postfix, running."""
    ports = (rspamd_server.milter_port, dovecot_server.auth_port, relay_sink.port)
    yield from running(Postfix(stack_folder, *ports))


@pytest.fixture(scope="session")
def scim_server(stack_folder: Path) -> Iterator[Scim]:
    """The SCIM server, running."""
    yield from running(Scim(stack_folder))


@pytest.fixture
def rspamd(rspamd_server: Rspamd) -> Iterator[Rspamd]:
    """rspamd with empty maps: controller_url, scan_url, password, maps, map_lines("rcpt_domains.map")."""
    yield rspamd_server
    rspamd_server.reset()


@pytest.fixture
def postfix(postfix_server: Postfix) -> Iterator[Postfix]:
    """Postfix with an empty queue: config_dir, port, queue(), deferred_domain."""
    yield postfix_server
    postfix_server.reset()


@pytest.fixture
def sink(relay_sink: Sink) -> Sink:
    """What Postfix has relayed: messages, to(recipient), wait_for(recipient)."""
    relay_sink.reset()
    return relay_sink


@pytest.fixture
def mail(rspamd: Rspamd, postfix: Postfix, sink: Sink) -> Mail:
    """submit(user, mail_from, rcpts, ...) -> (code, text); users alice, bob, trial1."""
    return Mail(postfix.port, PASSWORDS)


@pytest.fixture
def scim(scim_server: Scim) -> Scim:
    """SCIM with the active accounts trial1 and alice: url, token, user(name)."""
    scim_server.reset()
    return scim_server


@pytest.fixture
def notice_sink() -> Iterator[Sink]:
    """An SMTP server for notices: url, messages, refuse[recipient] = "550 5.1.1 no such user"."""
    yield from running(Sink())


def running(server: S) -> Iterator[S]:
    """Starts a server, lends it, stops it; a failed start reads as one sentence and the server's own log."""
    try:
        server.start()
    except StackError as error:
        server.stop()
        raise pytest.fail.Exception(str(error), pytrace=False) from None
    yield server
    server.stop()
