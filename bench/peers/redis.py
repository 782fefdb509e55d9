#!/usr/bin/env python3
"""Redis with an append-only file, measured by its own redis-benchmark.

A message is an XADD to one stream. `appendfsync always` is the peer of the synchronous flush: Redis, too, writes
what all clients sent meanwhile with one sync. `everysec` is the peer of the asynchronous flush.
"""

import csv
import functools
import pathlib
import sys
import time

if __package__ in (None, ""):
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from lib import ports
from lib.packages import require_programs
from lib.processes import BenchError, Child, cpu_seconds, memory_bytes, run_to_end, wait_until
from peers.peer import Peer, main

SIZES = (100, 1024)
RUN_TIMEOUT_SECONDS = 300


class Redis(Peer):
    name = "Redis AOF"

    def __init__(self, work_directory=None):
        super().__init__(work_directory)
        self._server = None
        self._port = None

    def measurements(self):
        found = {"start": self._start}
        for size in SIZES:
            found[f"flush-sync-64-{size}"] = functools.partial(self._send, size, "always", 64, 1)
        for size in SIZES:
            found[f"send-sync-64-{size}"] = functools.partial(self._send, size, "everysec", 64, 1)
            found[f"send-sync-1-{size}"] = functools.partial(self._send, size, "everysec", 1, 1)
            found[f"send-pipelined-{size}"] = functools.partial(self._send, size, "everysec", 1, 500)
        return found

    def prepare(self):
        require_programs({"redis-server": "redis-server", "redis-benchmark": "redis-tools"})

    def stop(self):
        if self._server:
            self._server.stop()
            self._server = None

    def _launch(self, fsync):
        self._port = ports.free_port()
        begin = time.monotonic()
        self._server = Child([
            "redis-server", "--bind", ports.LOOPBACK, "--port", str(self._port), "--dir", self.new_directory("redis"),
            "--appendonly", "yes", "--appendfsync", fsync, "--auto-aof-rewrite-percentage", "0", "--save", ""])
        ready = wait_until(lambda: ports.accepts(self._port), timeout_seconds=20, child=self._server,
                           what="redis-server", poll_seconds=0.002)
        return ready - begin

    def _start(self, quick):
        seconds = self._launch("always")
        time.sleep(1)  # what it allocates just after the start
        memory = memory_bytes(self._server.pid)
        return {"unit": "ms", "value": seconds * 1e3, "rssBytes": memory["rss"], "anonBytes": memory["anon"]}

    def _send(self, size, fsync, clients, pipelined, quick):
        self._launch(fsync)
        per_second = 10_000 if clients == 1 and pipelined == 1 else 50_000 if fsync == "always" else 150_000
        count = per_second * (2 if quick else 10)
        self._bench(size, clients, pipelined, count // 5, stream="warm-up")
        cpu_before = cpu_seconds(self._server.pid)
        row = self._bench(size, clients, pipelined, count, stream="bench")
        cpu = cpu_seconds(self._server.pid) - cpu_before
        memory = memory_bytes(self._server.pid)
        return {"unit": "msg/s", "value": float(row["rps"]), "brokerCpuSecondsPerMillion": cpu / count * 1e6,
                "p50Ms": float(row["p50_latency_ms"]), "p99Ms": float(row["p99_latency_ms"]),
                "rssBytes": memory["rss"], "messages": count}

    def _bench(self, size, clients, pipelined, count, stream):
        lines = run_to_end(
            ["redis-benchmark", "-h", ports.LOOPBACK, "-p", str(self._port), "-c", str(clients), "-n", str(count),
             "-P", str(pipelined), "--csv", "XADD", stream, "*", "f", "x" * size],
            timeout_seconds=RUN_TIMEOUT_SECONDS)
        return parse_csv(lines)


def parse_csv(lines):
    """The one row of `redis-benchmark --csv` by its column names; warnings before it are skipped."""
    begin = next((index for index, line in enumerate(lines) if line.startswith('"test"')), None)
    if begin is None or begin + 1 >= len(lines):
        raise BenchError(f"redis-benchmark printed no figures: {' | '.join(lines[-3:])}")
    return next(csv.DictReader(lines[begin:begin + 2]))


if __name__ == "__main__":
    sys.exit(main(Redis))
