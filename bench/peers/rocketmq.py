#!/usr/bin/env python3
"""Apache RocketMQ, measured by the benchmark programs of its own examples.

Those programs print, each second, the mean rate of the nine seconds before. A window of ours is one such line, taken
after the warm-up; the broker's CPU time is that of the same nine seconds. Between the rounds of a measurement broker and
programs stay as they are, paused (SIGSTOP), so that they are warmed once and get warmer with each round.
"""

import functools
import os
import pathlib
import re
import sys
import threading
import time

if __package__ in (None, ""):
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from lib import ports
from lib.machine import directory_bytes, drop_from_page_cache, settle
from lib.packages import cache_directory, require_programs
from lib.processes import (APART, SHARED, BenchError, Child, CpuHistory, cpu_seconds, memory_bytes, run_to_end,
                           wait_until)
from peers import remoting_request
from peers.peer import Peer, main

VERSION = "5.5.0"
ARTIFACTS = ("rocketmq-namesrv", "rocketmq-broker", "rocketmq-example")
FETCH_TIMEOUT_SECONDS = 900
EXAMPLES = "org.apache.rocketmq.example.benchmark."
BROKER_NAME = "broker-a"
TOPIC = "orders"
GROUP = "bench_readers"
QUEUES = 4  # RocketMQ's default for a topic
HEAP = ("-Xms1g", "-Xmx1g")

REPORT_SECONDS = 1
# The programs keep ten snapshots a second apart and print from the first to the last.
WINDOW_SECONDS = 9
FIRST_LINE_TIMEOUT_SECONDS = 60
# JVM start and first route look-up of a client, before its load is on.
CLIENT_START_SECONDS = 2
GIB = 1 << 30
SIZES = (100, 1024)
BATCH = 16
BATCH_SIZES = (100, 128, 1024)
RECOVERY_LOG_BYTES = GIB
QUEUE_COUNTS = (4, 400, 40_000)
LATENCY_RATE = 2000
PIPELINE_DEPTH = 500  # as in peers/nats.py
# Log bytes to read: some fifteen seconds of reading, since a window is nine.
FILL_BYTES = {100: 5 * GIB // 4, 1024: 7 * GIB // 2}
# A group that was switched off asks again after three seconds.
OFF_SECONDS = 4
# After a pause what was under way has timed out, and its senders wait for three seconds before they go on.
RESUME_SECONDS = 8

POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>cafmq.bench</groupId>
  <artifactId>rocketmq-peer</artifactId>
  <version>1</version>
  <dependencies>
{dependencies}
  </dependencies>
</project>
"""
DEPENDENCY = ("    <dependency><groupId>org.apache.rocketmq</groupId><artifactId>{name}</artifactId>"
              "<version>{version}</version></dependency>")


class RateLines:
    """The lines of a benchmark program: rate by time, failures, and what else it says."""

    NUMBER = re.compile(r"([A-Za-z][A-Za-z0-9() ]*?)\s*:\s+(-?[\d.]+)\s*(?:\||$)")

    def __init__(self):
        self._lock = threading.Lock()
        self._rows = []  # (time.monotonic(), {title: number})
        self.started = False

    def __call__(self, seconds, text):
        if text.startswith("Consumer Started"):
            self.started = True
        if text.startswith("Current Time:"):
            numbers = {title.strip(): float(value) for title, value in self.NUMBER.findall(text.partition("|")[2])}
            with self._lock:
                self._rows.append((seconds, numbers))

    def rows(self):
        with self._lock:
            return list(self._rows)

    @staticmethod
    def rate(numbers):
        """Messages per second: a batch counts its messages."""
        for title in ("Send MPS", "Send TPS", "Consume TPS"):
            if title in numbers:
                return numbers[title]
        raise BenchError(f"a line without a rate: {numbers}")


class Load:
    """One running benchmark program."""

    def __init__(self, child, lines):
        self.child = child
        self.lines = lines


class RocketMq(Peer):
    name = f"Apache RocketMQ {VERSION}"
    slow_to_warm = True

    def __init__(self, work_directory=None):
        super().__init__(work_directory)
        self._jars = cache_directory(f"rocketmq-{VERSION}")
        self._children = []  # in order of start; ended in the opposite order
        self._name_server = self._broker = None
        self._name_server_port = self._broker_port = None
        self._home = None
        self._processors = SHARED

    def measurements(self):
        found = {"start": self._start}
        for size in SIZES:
            found[f"send-sync-64-{size}"] = functools.partial(self._send, size, ("Producer", "-w", "64"))
            found[f"send-sync-64-apart-{size}"] = functools.partial(self._send, size, ("Producer", "-w", "64"),
                                                                    processors=APART)
            found[f"send-sync-1-{size}"] = functools.partial(self._send, size, ("Producer", "-w", "1"))
            found[f"send-pipelined-{size}"] = functools.partial(self._pipelined, size)
        for size in BATCH_SIZES:
            found[f"send-batched-{size}"] = functools.partial(self._send, size, ("BatchProducer", "-b", str(BATCH)))
        for size in SIZES:
            found[f"e2e-sync-64-{size}"] = functools.partial(self._end_to_end, size, ("Producer", "-w", "64"))
            found[f"e2e-batched-{size}"] = functools.partial(self._end_to_end, size,
                                                             ("BatchProducer", "-b", str(BATCH)))
            found[f"consume-tail-{size}"] = functools.partial(self._consume, size, cold=False)
            found[f"consume-cold-{size}"] = functools.partial(self._consume, size, cold=True)
            found[f"latency-{size}"] = functools.partial(self._latency, size)
            found[f"flush-sync-64-{size}"] = functools.partial(self._send, size, ("Producer", "-w", "64"),
                                                               flush="SYNC_FLUSH")
        found["recovery"] = self._recovery
        for count in QUEUE_COUNTS:
            found[f"queues-{count}"] = functools.partial(self._queues, count)
        return found

    def prepare(self):
        require_programs({"java": "default-jdk-headless"})
        if (self._jars / "complete").exists():
            return
        require_programs({"mvn": "maven"})
        self._jars.mkdir(parents=True, exist_ok=True)
        pom = self._jars / "pom.xml"
        pom.write_text(POM.format(dependencies="\n".join(DEPENDENCY.format(name=name, version=VERSION)
                                                         for name in ARTIFACTS)), encoding="utf-8")
        try:
            run_to_end(["mvn", "-B", "-q", "-f", str(pom), "dependency:copy-dependencies", "-DincludeScope=runtime",
                        f"-DoutputDirectory={self._jars / 'lib'}"], timeout_seconds=FETCH_TIMEOUT_SECONDS)
        except BenchError as error:
            raise BenchError(f"Maven could not fetch RocketMQ {VERSION}: {error}") from error
        (self._jars / "complete").touch()

    def stop(self):
        while self._children:
            self._children.pop().stop()
        self._name_server = self._broker = None
        self._processors = SHARED

    def pause(self):
        for child in reversed(self._children):
            child.pause()

    def resume(self):
        for child in self._children:
            child.resume()

    # --- servers -----------------------------------------------------------------------------------------------

    def _java(self, main_class, arguments, heap, on_line=None, processors=None):
        child = Child(["java", *heap, f"-Duser.home={self._home}", "-cp", f"{self._jars}/lib/*", main_class,
                       *arguments], cwd=self._home, env=dict(os.environ, ROCKETMQ_HOME=self._home), on_line=on_line,
                      processors=processors)
        self._children.append(child)
        return child

    def _launch(self, flush="ASYNC_FLUSH"):
        """Starts name server and broker on an empty store; seconds each took until it served."""
        self._home = self.new_directory("rocketmq")
        self._name_server_port = ports.free_port()
        self._broker_port = ports.free_port(neighbours=(-2, 1))
        self._write_config("namesrv.conf", {"listenPort": self._name_server_port, "bindAddress": ports.LOOPBACK})
        self._write_config("broker.conf", {
            "brokerClusterName": "DefaultCluster", "brokerName": BROKER_NAME, "brokerId": 0,
            "brokerIP1": ports.LOOPBACK,
            "bindAddress": ports.LOOPBACK, "listenPort": self._broker_port,
            "namesrvAddr": f"{ports.LOOPBACK}:{self._name_server_port}", "storePathRootDir": f"{self._home}/store",
            "autoCreateTopicEnable": "true", "defaultTopicQueueNums": QUEUES, "flushDiskType": flush})
        begin = time.monotonic()
        self._name_server = self._java("org.apache.rocketmq.namesrv.NamesrvStartup",
                                       ["-c", f"{self._home}/namesrv.conf"], ("-Xms256m", "-Xmx256m"),
                                       processors=self._processors.server)
        name_server_seconds = wait_until(
            lambda: ports.accepts(self._name_server_port), timeout_seconds=60, child=self._name_server,
            what="the name server") - begin
        broker_seconds = self._launch_broker()
        remoting_request.create_topic(self._broker_port, TOPIC, QUEUES)
        wait_until(lambda: remoting_request.has_route(self._name_server_port, TOPIC), timeout_seconds=60,
                   child=self._broker, what="the route of the topic")
        return name_server_seconds, broker_seconds

    def _launch_broker(self):
        """Seconds from exec until the broker is registered."""
        self._broker = self._java("org.apache.rocketmq.broker.BrokerStartup", ["-c", f"{self._home}/broker.conf"], HEAP,
                                  processors=self._processors.server)
        return wait_until(
            lambda: (ports.accepts(self._broker_port)
                     and remoting_request.has_broker(self._name_server_port, BROKER_NAME)),
            timeout_seconds=180, child=self._broker, what="the broker") - self._broker.started

    def _write_config(self, name, settings):
        with open(os.path.join(self._home, name), "w", encoding="utf-8") as file:
            file.writelines(f"{key}={value}\n" for key, value in settings.items())

    # --- clients -----------------------------------------------------------------------------------------------

    def _run_example(self, program, arguments):
        lines = RateLines()
        child = self._java(EXAMPLES + program, [
            "-n", f"{ports.LOOPBACK}:{self._name_server_port}", "-t", TOPIC, "-ri", str(REPORT_SECONDS * 1000),
            *arguments], HEAP, on_line=lines, processors=self._processors.client)
        return Load(child, lines)

    def _produce(self, size, command):
        return self._run_example(command[0], ["-s", str(size), *command[1:]])

    def _follow(self):
        load = self._run_example("Consumer", ["-g", GROUP])
        wait_until(lambda: load.lines.started, timeout_seconds=60, child=load.child, what="the consumer")
        return load

    def _windows(self, load, warm_seconds):
        """A line for each figure: its window begins after the warm-up, or after the pause since the figure before."""
        earliest = load.child.started + CLIENT_START_SECONDS + warm_seconds
        while True:
            earliest = max(earliest, self._resumed + RESUME_SECONDS) + WINDOW_SECONDS
            yield self._line_after(load, earliest)

    def _line_after(self, load, moment):
        """The first line that came at or after `moment`, which may lie ahead: (time.monotonic(), numbers)."""
        wait_until(lambda: any(seconds >= moment for seconds, _ in load.lines.rows()),
                   timeout_seconds=moment - time.monotonic() + FIRST_LINE_TIMEOUT_SECONDS, child=load.child,
                   what="a figure of RocketMQ's benchmark", poll_seconds=0.05)
        return next(row for row in load.lines.rows() if row[0] >= moment)

    def _figure(self, window, cpu, **beside):
        """The rate of a window, with the broker's CPU time and memory."""
        seconds, numbers = window
        rate = RateLines.rate(numbers)
        cpu_used = cpu.between(seconds - WINDOW_SECONDS, seconds)
        messages = rate * WINDOW_SECONDS
        memory = memory_bytes(self._broker.pid)
        failed = max(numbers.get("Send Failed", 0), numbers.get("Response Failed", 0))
        return {"unit": "msg/s", "value": rate,
                "brokerCpuSecondsPerMillion": cpu_used / messages * 1e6 if messages else None,
                "rssBytes": memory["rss"], "anonBytes": memory["anon"], "failed": failed, **beside}

    # --- measurements ------------------------------------------------------------------------------------------

    def _start(self, quick):
        name_server_seconds, broker_seconds = self._launch()
        time.sleep(5)  # threads that start late
        memory = memory_bytes(self._broker.pid)
        return {"unit": "ms", "value": broker_seconds * 1e3, "nameServerMs": name_server_seconds * 1e3,
                "rssBytes": memory["rss"], "anonBytes": memory["anon"],
                "nameServerRssBytes": memory_bytes(self._name_server.pid)["rss"]}

    def _send(self, size, command, quick, flush="ASYNC_FLUSH", processors=SHARED):
        self._processors = processors
        self._launch(flush)
        with CpuHistory(self._broker.pid) as cpu:
            load = self._produce(size, command)
            for window in self._windows(load, warm_seconds(quick)):
                beside = {"meanMs": window[1]["Average RT(ms)"]} if "Average RT(ms)" in window[1] else {}
                yield self._figure(window, cpu, **beside)

    def _end_to_end(self, size, command, quick):
        """Producer and consumer at once; the figure is what the consumer got."""
        self._launch()
        with CpuHistory(self._broker.pid) as cpu:
            reader = self._follow()
            writer = self._produce(size, command)
            for sent in self._windows(writer, warm_seconds(quick)):
                got = self._line_after(reader, sent[0])
                yield self._figure(got, cpu, sendRate=RateLines.rate(sent[1]), meanMs=got[1]["AVG(B2C) RT(ms)"])

    def _consume(self, size, quick, cold):
        """Fills the log while the group is switched off, then lets a warm consumer read it.

        From the tail the log is still in memory; a cold one was dropped from the page cache, with a restart of
        the broker between.
        """
        self._launch()
        reader = self._follow()
        writer = self._produce(size, ("BatchProducer", "-b", str(BATCH), "-w", "1"))  # one thread: the disk has an end
        time.sleep(warm_seconds(quick))
        writer.child.stop()
        log = f"{self._home}/store/commitlog"
        while True:
            remoting_request.set_group(self._broker_port, GROUP, consuming=False)
            time.sleep(OFF_SECONDS)
            full = directory_bytes(log) + FILL_BYTES[size]
            writer = self._produce(size, ("BatchProducer", "-b", "128", "-w", "8"))
            wait_until(lambda: directory_bytes(log) > full, timeout_seconds=180, child=writer.child,
                       what="a log to read", poll_seconds=0.2)
            writer.child.stop()
            if cold:
                self._broker.stop(60)
                settle()
                drop_from_page_cache(f"{self._home}/store")
                self._launch_broker()
            with CpuHistory(self._broker.pid) as cpu:
                begin = time.monotonic()
                remoting_request.set_group(self._broker_port, GROUP, consuming=True)
                yield self._figure(self._best_window(reader, begin), cpu, logBytes=directory_bytes(log))

    def _best_window(self, reader, begin):
        """The fastest window after `begin`: the others hold seconds in which there was nothing to read."""
        best = None
        deadline = begin + 120
        while time.monotonic() < deadline:
            after = [row for row in reader.lines.rows() if row[0] > begin + WINDOW_SECONDS]
            best = max(after, key=lambda row: RateLines.rate(row[1]), default=None)
            if best and after[-1][0] > best[0] and RateLines.rate(after[-1][1]) < RateLines.rate(best[1]) / 2:
                return best
            time.sleep(0.2)
        if best is None or not RateLines.rate(best[1]):
            raise BenchError(f"the consumer read nothing: {reader.child.tail()}")
        return best

    def _latency(self, size, quick):
        """End to end at a fixed rate, from the moment at which a message was due: our own client over Apache's."""
        self._launch()
        program = pathlib.Path(__file__).with_name("RocketMqLatency.java")
        arguments = [f"{ports.LOOPBACK}:{self._name_server_port}", TOPIC, str(size), str(LATENCY_RATE),
                     str(warm_seconds(quick)), "10" if quick else "30"]
        for _, line in self._run_own(program, arguments):
            if line.startswith("latency "):
                numbers = numbers_of(line)
                return {"unit": "ms", "value": float(numbers["p99"]), "p50Ms": float(numbers["p50"]),
                        "p99Ms": float(numbers["p99"]), "p999Ms": float(numbers["p99.9"]),
                        "rate": LATENCY_RATE, "messages": int(numbers["count"]), "failed": int(numbers["failed"])}
        raise BenchError("RocketMqLatency.java measured no latency")

    def _pipelined(self, size, quick):
        """Single messages, sent asynchronously with a bounded number unanswered: our own client over Apache's."""
        self._launch()
        program = pathlib.Path(__file__).with_name("RocketMqPipelined.java")
        arguments = [f"{ports.LOOPBACK}:{self._name_server_port}", TOPIC, str(size), str(PIPELINE_DEPTH),
                     str(warm_seconds(quick)), "6" if quick else "18"]
        with CpuHistory(self._broker.pid) as cpu:
            lines = self._run_own(program, arguments)
            begin = next((seconds for seconds, line in lines if line == "begin"), None)
            end = next(((seconds, line) for seconds, line in lines if line.startswith("end ")), None)
            if begin is None or end is None:
                raise BenchError("RocketMqPipelined.java measured nothing")
            numbers = numbers_of(end[1])
            sent, memory = int(numbers["sent"]), memory_bytes(self._broker.pid)
            return {"unit": "msg/s", "value": sent / float(numbers["seconds"]),
                    "brokerCpuSecondsPerMillion": cpu.between(begin, end[0]) / sent * 1e6 if sent else None,
                    "rssBytes": memory["rss"], "anonBytes": memory["anon"], "failed": int(numbers["failed"])}

    def _run_own(self, program, arguments):
        """Runs a Java source file of this directory to its end; its lines with their times."""
        lines = []
        child = self._java(str(program), arguments, HEAP, on_line=lambda seconds, text: lines.append((seconds, text)))
        if child.wait(300) != 0:
            raise BenchError(f"{program.name} failed: {child.tail()}")
        return lines

    def _recovery(self, quick):
        """How much longer a start takes after SIGKILL, per GB of log."""
        first_seconds = self._launch()[1]
        self.stop()
        # The first start may wait for the jars to come from the disk.
        empty_seconds = min(first_seconds, self._launch()[1])
        writer = self._produce(1024, ("BatchProducer", "-b", str(BATCH)))
        log = f"{self._home}/store/commitlog"
        wait_until(lambda: directory_bytes(log) > RECOVERY_LOG_BYTES, timeout_seconds=180, child=writer.child,
                   what="a log of 1 GB", poll_seconds=0.2)
        writer.child.stop()
        self._broker.kill()
        log_bytes = directory_bytes(log)
        settle()
        seconds = self._launch_broker()
        return {"unit": "s/GB", "value": max(0.0, seconds - empty_seconds) / (log_bytes / GIB),
                "restartMs": seconds * 1e3, "emptyStartMs": empty_seconds * 1e3, "logBytes": log_bytes}

    def _queues(self, count, quick):
        """Rate and memory while senders go round `count` queues; the store opens a queue at its first message."""
        self._launch()
        remoting_request.create_topic(self._broker_port, TOPIC, count)
        time.sleep(2)
        with CpuHistory(self._broker.pid) as cpu:
            load = self._produce(100, ("Producer", "-w", "64"))
            for window in self._windows(load, warm_seconds(quick)):
                yield self._figure(window, cpu, queues=count)


def numbers_of(line):
    """{name: text} of the words `name=text` in `line`."""
    return dict(word.split("=", 1) for word in line.split() if "=" in word)


def warm_seconds(quick):
    return 6 if quick else 60


if __name__ == "__main__":
    sys.exit(main(RocketMq))
