"""The same calls as steps of DBOS, a general engine for durable workflows, on its SQLite database.

python durable.py URL TARGETS-FILE CONCURRENCY LOOKS-BEFORE LOOKS-AFTER DATABASE
"""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
from dbos import DBOS, DBOSConfig

URL, FILE, CONCURRENCY, BEFORE, AFTER, DATABASE = sys.argv[1:]
config: DBOSConfig = {"name": "block", "system_database_url": f"sqlite:///{DATABASE}", "run_admin_server": False}
DBOS(config=config)
here = threading.local()


def client() -> httpx.Client:
    """This thread's client."""
    if not hasattr(here, "client"):
        here.client = httpx.Client(base_url=URL)
    return here.client


@DBOS.step()
def look(target: str) -> int:
    """Whether it is there."""
    return client().get(f"/entries/{target}").status_code


@DBOS.step()
def block(target: str) -> int:
    """Put it there."""
    return client().put(f"/entries/{target}", json={"note": "campaign"}).raise_for_status().status_code


@DBOS.workflow()
def change(target: str) -> None:
    """One change."""
    for _ in range(int(BEFORE)):
        look(target)
    block(target)
    for _ in range(int(AFTER)):
        look(target)


def main() -> None:
    """All changes, to their end."""
    DBOS.launch()
    with ThreadPoolExecutor(int(CONCURRENCY)) as threads:
        list(threads.map(change, Path(FILE).read_text().split()))
    DBOS.destroy()


main()
