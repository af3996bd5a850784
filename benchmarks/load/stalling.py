"""A server whose delays are known: `python -m benchmarks.load.stalling PORT`, in jobfleet's own environment.

Each answer takes `BASE` seconds and a chance part (exponential, mean `MORE`). In every `PERIOD`, nothing is
answered for the last `STALL` seconds: all that came waits for its end. `/log` tells how long each request
really took here, from its last byte to the answer's first.
"""

import asyncio
import json
import sys
from random import Random

from jobfleet.bench.engine.precise_loop import make_loop

# No percentile that is told lies at the edge of the stalls, where a sample more or less would be much.
BASE, MORE, PERIOD, STALL = 0.040, 0.020, 10.0, 0.7
SEED = 7


def delay(at: float, chance: Random) -> float:
    """Return how long a request takes that comes `at` seconds after the server's start."""
    into = at % PERIOD
    waits = PERIOD - into if into >= PERIOD - STALL else 0.0
    return waits + BASE + chance.expovariate(1 / MORE)


class Stalling(asyncio.Protocol):
    """One connection; requests have no bodies."""

    began = 0.0
    chance = Random(SEED)  # noqa: S311 - no secret
    took: list[float] = []  # noqa: RUF012 - of all connections

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a connection."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - for mypy
        self._transport, self._data = transport, b""

    def data_received(self, data: bytes) -> None:
        """Answer each whole request when its time has come."""
        self._data += data
        while b"\r\n\r\n" in self._data:
            head, _, self._data = self._data.partition(b"\r\n\r\n")
            if head.startswith(b"GET /log"):
                self._answer(json.dumps(self.took).encode())
                self.took.clear()
                continue
            loop = asyncio.get_running_loop()
            came = loop.time()
            loop.call_at(came + delay(came - self.began, self.chance), self._answer_late, came)

    def _answer_late(self, came: float) -> None:
        self.took.append(asyncio.get_running_loop().time() - came)
        self._answer(b'{"instance": "i-known"}')

    def _answer(self, body: bytes) -> None:
        if not self._transport.is_closing():
            head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            self._transport.write(head.encode() + body)


async def serve(port: int) -> None:
    """Serve until somebody ends the process."""
    loop = asyncio.get_running_loop()
    Stalling.began = loop.time()
    server = await loop.create_server(Stalling, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=make_loop) as runner:
        runner.run(serve(int(sys.argv[1])))
