"""What somebody writes in a hurry, well: threads with one httpx client each, the same requests, nothing written down.

python script.py URL TARGETS-FILE CONCURRENCY LOOKS-BEFORE LOOKS-AFTER
"""

import sys
import threading
from collections import deque
from pathlib import Path

import httpx


def work(url: str, todo: "deque[str]", before: int, after: int) -> None:
    """One thread: look, block, look again."""
    with httpx.Client(base_url=url) as client:
        while True:
            try:
                target = todo.popleft()
            except IndexError:
                return
            path = f"/entries/{target}"
            for _ in range(before):
                client.get(path)
            client.put(path, json={"note": "campaign"}).raise_for_status()
            for _ in range(after):
                client.get(path).raise_for_status()


def main() -> None:
    """All targets, all threads."""
    url, file, concurrency, before, after = sys.argv[1:]
    todo = deque(Path(file).read_text().split())
    job = (url, todo, int(before), int(after))
    threads = [threading.Thread(target=work, args=job) for _ in range(int(concurrency))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


main()
