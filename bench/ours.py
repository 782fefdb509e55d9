"""CafMQ measured as its peers are. Every command line and every key of its output stands in this file."""

import functools
import json
import pathlib
import shutil
import tempfile
import time

from lib import machine, ports
from lib.processes import APART, SHARED, BenchError, Child, cpu_seconds, memory_bytes, run_to_end, wait_until

PROGRAM = pathlib.Path(__file__).resolve().parent.parent / "build" / "cafmq"
TOPIC = "orders"
QUEUES = 4
SIZES = (100, 1024)
BATCH = 16
BATCH_SIZES = (100, 128, 1024)
QUEUE_COUNTS = (4, 400, 40_000)
LATENCY_RATE = 2000  # as in peers/rocketmq.py
GIB = 1 << 30
RECOVERY_LOG_BYTES = GIB
MEASUREMENT_DISK_BYTES = 8 << 30
# A client may take this much longer than it was told to measure.
CLIENT_SLACK_SECONDS = 60


class CommandLines:
    """How the program is called."""

    def __init__(self, program):
        self._program = str(program)

    def server(self, directory, flush):
        settings = {"namesrv.listenPort": 0, "broker.listenPort": 0, "store.flushDiskType": flush}
        sets = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
        return [self._program, "standalone", "--data", directory, "--json", *sets]

    def create_topic(self, name_server, queues):
        return [self._program, "topic", "create", TOPIC, "--queues", str(queues), "-n", name_server]

    def send(self, name_server, size, senders, mode, seconds):
        """`mode`: sync, actors (sync, too), pipelined or batched."""
        how = ["--mode", "sync", "--actors"] if mode == "actors" else ["--mode", mode]
        return [self._program, "bench", "send", TOPIC, "-n", name_server, "--size", str(size), "--senders",
                str(senders), *how, "--batch", str(BATCH), "--seconds", str(seconds), "--json"]

    def end_to_end(self, name_server, size, senders, mode, seconds):
        return [self._program, "bench", "end-to-end", TOPIC, *self.send(name_server, size, senders, mode, seconds)[4:]]

    def consume(self, name_server, count):
        """Reads `count` messages from the first one on."""
        return [self._program, "bench", "consume", TOPIC, "-n", name_server, "--group", "bench_readers", "--from",
                "first", "--count", str(count), "--json"]

    def latency(self, name_server, size, rate, seconds):
        return [self._program, "bench", "latency", TOPIC, "-n", name_server, "--size", str(size), "--rate", str(rate),
                "--seconds", str(seconds), "--json"]

    @staticmethod
    def ready(line):
        """The name server's HOST:PORT when `line` says that the node serves, else None."""
        try:
            value = json.loads(line)
        except ValueError:
            return None
        if not isinstance(value, dict) or value.get("event") != "ready":
            return None
        return value["nameServer"]

    @staticmethod
    def result(lines):
        """The last JSON object that a client printed: messages, messagesPerSecond, failed; latency: p50Ms, ..."""
        for line in reversed(lines):
            try:
                value = json.loads(line)
            except ValueError:
                continue
            if isinstance(value, dict):
                return value
        raise BenchError(f"cafmq bench printed no result: {' | '.join(lines[-3:])}")


class Ours:
    """The same measurements, under the same names, as the classes in peers/."""

    name = "CafMQ"
    slow_to_warm = False

    def __init__(self, work_directory=None, program=PROGRAM):
        self.work_directory = work_directory or tempfile.gettempdir()
        self._program = pathlib.Path(program)
        self._commands = CommandLines(program)
        self._server = None
        self._name_server = None
        self._ready_at = None
        self._directory = None
        self._processors = SHARED

    def measurements(self):
        found = {"start": self._start}
        for size in SIZES:
            for label, senders, mode in (("sync-1", 1, "sync"), ("sync-64", 64, "sync"),
                                         ("pipelined", 1, "pipelined")):
                found[f"send-{label}-{size}"] = functools.partial(self._send, size, senders, mode)
                found[f"e2e-{label}-{size}"] = functools.partial(self._end_to_end, size, senders, mode)
            found[f"send-actors-64-{size}"] = functools.partial(self._send, size, 64, "actors")
            found[f"send-sync-64-apart-{size}"] = functools.partial(self._send, size, 64, "sync", processors=APART)
            for label, mode in (("sync", "sync"), ("actors", "actors")):
                found[f"flush-{label}-64-{size}"] = functools.partial(self._send, size, 64, mode, flush="SYNC_FLUSH")
            found[f"consume-tail-{size}"] = functools.partial(self._consume, size, cold=False)
            found[f"consume-cold-{size}"] = functools.partial(self._consume, size, cold=True)
            found[f"latency-{size}"] = functools.partial(self._latency, size)
        for size in BATCH_SIZES:
            found[f"send-batched-{size}"] = functools.partial(self._send, size, 1, "batched")
            found[f"e2e-batched-{size}"] = functools.partial(self._end_to_end, size, 1, "batched")
        found["recovery"] = self._recovery
        for count in QUEUE_COUNTS:
            found[f"queues-{count}"] = functools.partial(self._queues, count)
        return found

    def prepare(self):
        if not self._program.exists():
            raise BenchError(f"{self._program} is not built; build it first, then run again")

    def measure(self, name, quick=False, again=False):
        """As `Peer.measure`; each round has a server of its own, `again` or not."""
        run = self.measurements().get(name)
        if run is None:
            raise BenchError(f"CafMQ has no measurement {name}; it has {', '.join(self.measurements())}")
        too_full = machine.require_free_disk(self.work_directory, MEASUREMENT_DISK_BYTES)
        if too_full:
            raise BenchError(too_full)
        machine.settle()
        self._directory = tempfile.mkdtemp(prefix="cafmq-bench-ours-", dir=self.work_directory)
        try:
            return run(quick)
        finally:
            self.stop()
            self._processors = SHARED
            shutil.rmtree(self._directory, ignore_errors=True)

    def stop(self):
        if self._server:
            self._server.stop()
            self._server = None

    def __enter__(self):
        self.prepare()
        return self

    def __exit__(self, *_):
        self.stop()

    # --- parts -------------------------------------------------------------------------------------------------

    def _launch(self, flush="ASYNC_FLUSH", queues=QUEUES):
        """Starts a node on the measurement's directory; seconds from exec until it said that it serves."""
        self._name_server = self._ready_at = None
        self._server = Child(self._commands.server(self._directory, flush), on_line=self._on_line,
                             processors=self._processors.server)
        wait_until(lambda: self._name_server is not None, timeout_seconds=120, child=self._server,
                   what="cafmq standalone", poll_seconds=0.001)
        seconds = self._ready_at - self._server.started
        if not ports.accepts(int(self._name_server.rpartition(":")[2])):
            raise BenchError("cafmq said that it serves, but its name server's port refuses connections")
        if queues is not None:
            run_to_end(self._commands.create_topic(self._name_server, queues), timeout_seconds=120)
        return seconds

    def _on_line(self, seconds, text):
        address = CommandLines.ready(text)
        if address and self._name_server is None:
            self._ready_at = seconds
            self._name_server = address

    def _client(self, argv, seconds):
        return CommandLines.result(run_to_end(argv, timeout_seconds=seconds + CLIENT_SLACK_SECONDS,
                                              processors=self._processors.client))

    def _figure(self, result, cpu_before, **beside):
        cpu = cpu_seconds(self._server.pid) - cpu_before
        memory = memory_bytes(self._server.pid)
        messages = result["messages"]
        return {"unit": "msg/s", "value": result["messagesPerSecond"],
                "brokerCpuSecondsPerMillion": cpu / messages * 1e6 if messages else None,
                "rssBytes": memory["rss"], "anonBytes": memory["anon"], "messages": messages,
                "failed": result.get("failed", 0), **beside}

    # --- measurements ------------------------------------------------------------------------------------------

    def _start(self, quick):
        seconds = self._launch(queues=None)
        time.sleep(1)
        memory = memory_bytes(self._server.pid)
        return {"unit": "ms", "value": seconds * 1e3, "rssBytes": memory["rss"], "anonBytes": memory["anon"]}

    def _warm_then_measure(self, command, quick):
        warm_seconds, seconds = (1, 3) if quick else (3, 15)
        self._client(command(warm_seconds), warm_seconds)
        cpu_before = cpu_seconds(self._server.pid)
        return self._figure(self._client(command(seconds), seconds), cpu_before)

    def _send(self, size, senders, mode, quick, flush="ASYNC_FLUSH", processors=SHARED):
        self._processors = processors
        self._launch(flush)
        return self._warm_then_measure(
            lambda seconds: self._commands.send(self._name_server, size, senders, mode, seconds), quick)

    def _end_to_end(self, size, senders, mode, quick):
        self._launch()
        return self._warm_then_measure(
            lambda seconds: self._commands.end_to_end(self._name_server, size, senders, mode, seconds), quick)

    def _consume(self, size, quick, cold):
        """Fills the log, then reads all of it; a cold log was dropped from the page cache over a restart."""
        self._launch()
        fill_seconds = 3 if quick else 15
        filled = self._client(self._commands.send(self._name_server, size, 1, "batched", fill_seconds), fill_seconds)
        if cold:
            self._server.stop(60)
            machine.settle()
            machine.drop_from_page_cache(self._directory)
            self._launch(queues=None)
        cpu_before = cpu_seconds(self._server.pid)
        result = self._client(self._commands.consume(self._name_server, filled["messages"]), 120)
        return self._figure(result, cpu_before)

    def _latency(self, size, quick):
        self._launch()
        seconds = 5 if quick else 30
        self._client(self._commands.latency(self._name_server, size, LATENCY_RATE, 1), 1)
        result = self._client(self._commands.latency(self._name_server, size, LATENCY_RATE, seconds), seconds)
        return {"unit": "ms", "value": result["p99Ms"], "rate": LATENCY_RATE,
                **{key: result[key] for key in ("p50Ms", "p99Ms", "p999Ms", "messages")}}

    def _recovery(self, quick):
        """How much longer a start takes after SIGKILL, per GB of log."""
        empty_seconds = self._launch()
        begin = time.monotonic()
        while machine.directory_bytes(self._directory) < RECOVERY_LOG_BYTES:
            self._client(self._commands.send(self._name_server, 1024, 1, "batched", 2), 2)
            if time.monotonic() - begin > 180:
                raise BenchError("a log of 1 GB was not written within 180 s")
        self._server.kill()
        log_bytes = machine.directory_bytes(self._directory)
        machine.settle()
        seconds = self._launch(queues=None)
        return {"unit": "s/GB", "value": max(0.0, seconds - empty_seconds) / (log_bytes / GIB),
                "restartMs": seconds * 1e3, "emptyStartMs": empty_seconds * 1e3, "logBytes": log_bytes}

    def _queues(self, count, quick):
        self._launch(queues=count)
        return self._warm_then_measure(
            lambda seconds: self._commands.send(self._name_server, 100, 64, "sync", seconds), quick) | {"queues": count}
