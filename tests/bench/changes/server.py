"""An admin API that answers at once: entries of one list, each looked at, put and deleted by itself.

    python server.py [MILLISECONDS]

Prints its URL. GET /entries/X is 200 or 404, PUT 201, DELETE 204, each after so many milliseconds; GET /counts says how
often each method was called and how often an entry was put that was there already, and forgets everything.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from typing import ClassVar

_REASONS = {200: "OK", 201: "Created", 204: "No Content", 404: "Not Found"}


class Entries(asyncio.Protocol):
    """HTTP/1.1 with keep-alive, as little as is needed: a client's cost is to be measured, not the server's."""

    entries: ClassVar[set[str]] = set()
    counts: ClassVar[Counter[str]] = Counter()
    delay = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client."""
        self.transport: asyncio.WriteTransport = transport  # type: ignore[assignment]
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        """Answers every whole request in the buffer."""
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head, length = self.buffer[:end], 0
            for line in head.split(b"\r\n")[1:]:
                if line[:15].lower() == b"content-length:":
                    length = int(line[15:])
            if len(self.buffer) < end + 4 + length:
                return
            self.buffer = self.buffer[end + 4 + length :]
            method, path, _ = head.split(b" ", 2)
            answer = self.answer(method.decode(), path.decode())
            if self.delay:
                asyncio.get_running_loop().call_later(self.delay, self.transport.write, answer)
            else:
                self.transport.write(answer)

    def answer(self, method: str, path: str) -> bytes:
        """The whole reply."""
        name = path.rpartition("/")[2]
        if path == "/counts":
            counts = json.dumps({**self.counts, "entries": len(self.entries)})
            self.entries.clear()
            self.counts.clear()
            return _reply(200, counts)
        self.counts[method] += 1
        there = name in self.entries
        if method == "PUT":
            self.counts["twice"] += there
            self.entries.add(name)
            return _reply(201, json.dumps({"entry": name}))
        if method == "DELETE":
            self.entries.discard(name)
            return _reply(204)
        return _reply(200, json.dumps({"entry": name})) if there else _reply(404, '{"error": "no entry"}')


def _reply(status: int, body: str = "") -> bytes:
    head = (
        f"HTTP/1.1 {status} {_REASONS[status]}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return (head + body).encode()


async def main(delay: float) -> None:
    """Serve until killed."""
    Entries.delay = delay
    server = await asyncio.get_running_loop().create_server(Entries, "127.0.0.1", 0, backlog=256)
    host, port = server.sockets[0].getsockname()[:2]
    print(f"http://{host}:{port}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1] if len(sys.argv) > 1 else 0) / 1000))
