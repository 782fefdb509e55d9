#!/usr/bin/env python3
"""NATS JetStream with file storage: Debian's server, measured by `nats bench` of NATS' own command line.

JetStream of this version acknowledges before the disk has the message (it syncs every two minutes), so it has no
peer for the synchronous flush.
"""

import functools
import os
import pathlib
import re
import sys
import time

if __package__ in (None, ""):
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from lib import ports
from lib.packages import cache_directory, require_programs
from lib.processes import BenchError, Child, cpu_seconds, memory_bytes, run_to_end, wait_until
from peers.peer import Peer, main

CLI_VERSION = "v0.5.0"
BUILD_TIMEOUT_SECONDS = 900
RUN_TIMEOUT_SECONDS = 300
SIZES = (100, 1024)
STREAM_BYTES_MAX = "4GB"
SERVER_BYTES_MAX = "16GB"  # the server reserves the maximum of each stream
# `nats bench` waits for this many acknowledgements at a time: its own default.
PIPELINE_DEPTH = 500


class Nats(Peer):
    name = "NATS JetStream"

    def __init__(self, work_directory=None):
        super().__init__(work_directory)
        self._cli = cache_directory(f"nats-cli-{CLI_VERSION}") / "nats"
        self._server = None
        self._follower = None
        self._port = None

    def measurements(self):
        found = {"start": self._start}
        for size in SIZES:
            found[f"send-pipelined-{size}"] = functools.partial(self._send, size, ["async"], 1, 150_000)
            found[f"send-pipelined-4-clients-{size}"] = functools.partial(self._send, size, ["async"], 4, 200_000)
            found[f"send-sync-64-{size}"] = functools.partial(self._send, size, ["sync"], 64, 60_000)
            found[f"send-sync-1-{size}"] = functools.partial(self._send, size, ["sync"], 1, 10_000)
            found[f"consume-tail-{size}"] = functools.partial(self._consume, size, "ordered")
            found[f"consume-acked-{size}"] = functools.partial(self._consume, size, "consume")
            found[f"e2e-pipelined-{size}"] = functools.partial(self._end_to_end, size)
        return found

    def prepare(self):
        require_programs({"nats-server": "nats-server"})
        if self._cli.exists():
            return
        require_programs({"go": "golang-go"})
        self._cli.parent.mkdir(parents=True, exist_ok=True)
        environment = dict(os.environ, GOBIN=str(self._cli.parent))
        try:
            run_to_end(["go", "install", "-p", "1", f"github.com/nats-io/natscli/nats@{CLI_VERSION}"],
                       timeout_seconds=BUILD_TIMEOUT_SECONDS, env=environment)
        except BenchError as error:
            raise BenchError(f"the NATS command line {CLI_VERSION} could not be built with "
                             f"the Go on this machine: {error}") from error

    def stop(self):
        for child in (self._follower, self._server):
            if child:
                child.stop()
        self._follower = self._server = None

    def _launch(self):
        self._port = ports.free_port()
        directory = self.new_directory("nats")
        config = os.path.join(directory, "server.conf")
        with open(config, "w", encoding="utf-8") as file:
            file.write(f'host: "{ports.LOOPBACK}"\nport: {self._port}\n'
                       f'jetstream {{ store_dir: "{directory}/store", max_file_store: {SERVER_BYTES_MAX} }}\n')
        begin = time.monotonic()
        self._server = Child(["nats-server", "-c", config])
        ready = wait_until(lambda: ports.accepts(self._port), timeout_seconds=20, child=self._server,
                           what="nats-server", poll_seconds=0.002)
        return ready - begin

    def _bench_argv(self, words):
        return [str(self._cli), "--no-context", "-s", f"{ports.LOOPBACK}:{self._port}", "bench", "js", *words,
                "--no-progress"]

    def _publish(self, size, mode, clients, count, stream, create=True):
        return parse_rate(run_to_end(self._bench_argv([
            "pub", *mode, stream, "--stream", stream, "--size", f"{size}B", "--msgs", str(count),
            "--clients", str(clients), *(["--batch", str(PIPELINE_DEPTH)] if mode == ["async"] else []),
            *(["--create", "--storage", "file", "--maxbytes", STREAM_BYTES_MAX] if create else [])]),
            timeout_seconds=RUN_TIMEOUT_SECONDS))

    def _read(self, size, mode, count, stream):
        return self._bench_argv([mode, "--stream", stream, "--size", f"{size}B", "--msgs", str(count)])

    def _start(self, quick):
        seconds = self._launch()
        time.sleep(1)  # what it allocates just after the start
        memory = memory_bytes(self._server.pid)
        return {"unit": "ms", "value": seconds * 1e3, "rssBytes": memory["rss"], "anonBytes": memory["anon"]}

    def _send(self, size, mode, clients, per_second, quick):
        self._launch()
        count = per_second * (2 if quick else 10)
        self._publish(size, mode, clients, count // 5, "warm")
        cpu_before = cpu_seconds(self._server.pid)
        rate = self._publish(size, mode, clients, count, "bench")
        return self._figure(rate, cpu_before, count)

    def _consume(self, size, mode, quick):
        self._launch()
        count = 150_000 * (2 if quick else 10)
        self._publish(size, ["async"], 1, count, "bench")
        cpu_before = cpu_seconds(self._server.pid)
        rate = parse_rate(run_to_end(self._read(size, mode, count, "bench"), timeout_seconds=RUN_TIMEOUT_SECONDS))
        return self._figure(rate, cpu_before, count)

    def _end_to_end(self, size, quick):
        self._launch()
        count = 100_000 * (2 if quick else 10)
        self._publish(size, ["async"], 1, 1, "bench")  # creates the stream, so that it can be followed
        cpu_before = cpu_seconds(self._server.pid)
        lines = []
        self._follower = Child(self._read(size, "ordered", count, "bench"),
                               on_line=lambda _, text: lines.append(text))
        wait_until(lambda: any("expecting" in line for line in lines), timeout_seconds=20, child=self._follower,
                   what="nats bench js ordered")
        sent = self._publish(size, ["async"], 1, count - 1, "bench", create=False)
        self._follower.wait(RUN_TIMEOUT_SECONDS)
        return self._figure(parse_rate(lines), cpu_before, count, sendRate=sent)

    def _figure(self, rate, cpu_before, count, **beside):
        cpu = cpu_seconds(self._server.pid) - cpu_before
        memory = memory_bytes(self._server.pid)
        return {"unit": "msg/s", "value": rate, "brokerCpuSecondsPerMillion": cpu / count * 1e6,
                "rssBytes": memory["rss"], "messages": count, **beside}


def parse_rate(lines):
    """Messages per second of all clients together, from the summary line of `nats bench`."""
    for line in lines:
        found = re.search(r"^\s*NATS .* stats: ([\d,]+) msgs/sec", line)
        if found:
            return float(found.group(1).replace(",", ""))
    raise BenchError(f"nats bench printed no figures: {' | '.join(lines[-3:])}")


if __name__ == "__main__":
    sys.exit(main(Nats))
