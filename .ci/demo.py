"""What demo.sh shows: runs the program's own commands as processes, watches them, and judges by what they print."""

import base64
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

TOPIC = "licence"
WORKERS = ["worker-1", "worker-2", "worker-3"]
VICTIM = "worker-2"
READER = "reader"
SEND_SECONDS = 4  # the file is sent evenly over this time, so that there is a half way
SHORT_SECONDS, LONG_SECONDS = 20, 120
TAGS = [r"blank=^\s*$", r"title=^ {4,}\S", r"section=^ *[0-9]+\. ", "text=."]


class Demo:
    def __init__(self, program, file):
        self.program = program
        self.file = pathlib.Path(file)
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="cafmq-demo-"))
        self.processes = {}
        self.outputs = {}
        self.name_server = None
        self.on_terminal = sys.stderr.isatty()

    # --- processes -----------------------------------------------------------------------------------------------

    def start(self, name, *words):
        out = self.directory / f"{name}.out"
        log = self.directory / f"{name}.log"
        with open(out, "wb") as stdout, open(log, "wb") as stderr:
            process = subprocess.Popen([self.program, *words], stdout=stdout, stderr=stderr, stdin=subprocess.DEVNULL)
        self.processes[name] = process
        self.outputs[name] = Output(out)
        return process

    def ask(self, *words):
        done = subprocess.run([self.program, *words, "-n", self.name_server, "--json"], capture_output=True, text=True,
                              timeout=LONG_SECONDS)
        if done.returncode not in (0, 3):
            raise Failed(f"cafmq {' '.join(words)} ended with {done.returncode}: {done.stderr.strip()}")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def wait(self, what, is_so, seconds=SHORT_SECONDS, alive=()):
        """Until is_so() is true; it is asked again at least every 20 ms. Fails when the time is over or a process ended."""
        end = time.monotonic() + seconds
        while True:
            answer = is_so()
            if answer:
                return answer
            for name in alive:
                if self.processes[name].poll() is not None:
                    raise Failed(f"{name} ended with {self.processes[name].returncode}: {self.log_of(name)}")
            if time.monotonic() > end:
                raise Failed(f"{what}: not within {seconds} s; see {self.directory}")
            time.sleep(0.02)

    def log_of(self, name):
        return (self.directory / f"{name}.log").read_text(errors="replace").strip()[-2000:]

    def stop(self, name):
        process = self.processes[name]
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(SHORT_SECONDS)
            except subprocess.TimeoutExpired as late:
                raise Failed(f"{name} did not stop within {SHORT_SECONDS} s") from late
        return process.returncode

    def kill_all(self):
        for process in self.processes.values():
            if process.poll() is None:
                process.kill()
                process.wait()

    # --- the story -----------------------------------------------------------------------------------------------

    def run(self):
        lines = [line for line in re.split(rb"(?<=\n)", self.file.read_bytes()) if line]
        if not lines:
            raise Failed(f"{self.file} is empty")
        say(f"a node with name server and broker, store in {self.directory}/store")
        self.start_node()
        self.ask("topic", "create", TOPIC, "--queues", "4")
        say("three workers share the group workers; one reader broadcasts")
        self.start_consumers()
        before = self.owners()
        say(f"sending {len(lines):,} lines of {self.file}; {VICTIM} is killed half way")
        moved_after, sent_after = self.send_and_kill(len(lines))
        after = self.owners()
        self.await_consumed(len(lines))
        for name in [*WORKERS, READER]:
            if name != VICTIM:
                self.stop(name)
        node_exit = self.stop("node")
        if node_exit != 0:
            raise Failed(f"the node stopped with {node_exit}: {self.log_of('node')}")
        self.report(len(lines), before, after, moved_after, sent_after)
        self.compare(lines)

    def start_node(self):
        self.start("node", "standalone", "--data", str(self.directory / "store"), "--set", "namesrv.listenPort=0", "--set",
                   "broker.listenPort=0", "--json")
        ready = self.wait("the node serves", lambda: self.outputs["node"].records(), alive=["node"])[0]
        self.name_server = ready["nameServer"]

    def start_consumers(self):
        for name in WORKERS:
            self.start(name, "consume", TOPIC, "--group", "workers", "--from", "first", "--json", "-n", self.name_server, "--set",
                       f"instanceName={name}")
        self.start(READER, "consume", TOPIC, "--group", "readers", "--mode", "broadcasting", "--from", "first", "--json", "-n",
                   self.name_server, "--set", f"instanceName={READER}", "--set", f"offsetStoreDir={self.directory}/offsets")
        self.wait("each worker has a queue", lambda: len(set(self.owners().values()) & set(WORKERS)) == len(WORKERS),
                  alive=[*WORKERS, READER])

    def owners(self):
        """Which worker consumes each queue; None while nobody does."""
        described = self.ask("group", "show", "workers")
        found = {}
        for queue in described[0]["queues"] if described else []:
            if queue["topic"] == TOPIC:
                found[queue["queueId"]] = next((name for name in WORKERS if name in queue["owner"]), None)
        return found

    def send_and_kill(self, total):
        rules = [word for rule in TAGS for word in ("--tag-if", rule)]
        begin = time.monotonic()
        self.start("producer", "produce", TOPIC, "--file", str(self.file), "--keep-line-ends", "--key-line-numbers", *rules, "--mode",
                   "async", "--rate", str(max(total / SEND_SECONDS, 50)), "--json", "-n", self.name_server)
        self.wait("half of the lines are stored", lambda: self.progress(total) >= total / 2, LONG_SECONDS)
        self.processes[VICTIM].kill()
        self.processes[VICTIM].wait()
        killed = time.monotonic()
        self.wait("the killed worker's queues have new owners",
                  lambda: len(self.owners()) == 4 and all(owner not in (None, VICTIM) for owner in self.owners().values()))
        moved_after = time.monotonic() - killed
        self.wait("all lines are stored", lambda: self.progress(total) >= total and self.processes["producer"].poll() is not None,
                  LONG_SECONDS)
        failed = [receipt for receipt in self.outputs["producer"].records() if receipt["status"] != "SEND_OK"]
        if failed or self.processes["producer"].returncode != 0:
            raise Failed(f"{len(failed)} lines were not stored: {self.log_of('producer')}")
        return moved_after, time.monotonic() - begin

    def progress(self, total):
        sent = len(self.outputs["producer"].records())
        if self.on_terminal:
            counts = ", ".join(f"{name} {len(self.outputs[name].records()):,}" for name in [*WORKERS, READER])
            print(f"\r\033[Kstored {sent:,} of {total:,}; consumed: {counts}", end="", file=sys.stderr, flush=True)
        return sent

    def await_consumed(self, total):
        def distinct(names):
            return len({(m["queueId"], m["queueOffset"]) for name in names for m in self.outputs[name].records()})
        self.wait("everything is consumed in both groups",
                  lambda: self.progress(total) and distinct(WORKERS) == total and distinct([READER]) == total, LONG_SECONDS)
        if self.on_terminal:
            print("\r\033[K", end="", file=sys.stderr, flush=True)

    # --- what came of it -----------------------------------------------------------------------------------------

    def report(self, total, before, after, moved_after, sent_after):
        rows = [("group", "member", "lines", "lines/s", "queues before", "queues after", "")]
        for name in [*WORKERS, READER]:
            messages = self.outputs[name].records()
            times = [message["storeTimestamp"] for message in messages]
            seconds = (max(times) - min(times)) / 1000 if len(times) > 1 else 0
            rate = f"{len(messages) / seconds:,.0f}" if seconds else "-"
            group = "readers" if name == READER else "workers"
            owned = [queues_of(table, name) if name != READER else "all" for table in (before, after)]
            rows.append((group, name, f"{len(messages):,}", rate, *owned, "killed half way" if name == VICTIM else ""))
        print(table(rows))
        took = {after[queue] for queue, owner in before.items() if owner == VICTIM}
        print(f"\n{total:,} lines stored in {sent_after:.1f} s; the queues of {VICTIM} ({queues_of(before, VICTIM)}) were with "
              f"{' and '.join(sorted(took))} {moved_after * 1000:,.0f} ms after it was killed")
        tags = {}
        for message in self.outputs[READER].records():
            tags[message["tags"]] = tags.get(message["tags"], 0) + 1
        print("tags: " + ", ".join(f"{tag} {count:,}" for tag, count in sorted(tags.items())))

    def compare(self, lines):
        for group, names in (("workers", WORKERS), ("readers", [READER])):
            by_number = {}
            received = 0
            for name in names:
                for message in self.outputs[name].records():
                    received += 1
                    by_number[int(message["keys"])] = body_of(message)
            rebuilt = self.directory / f"rebuilt-by-{group}"
            rebuilt.write_bytes(b"".join(by_number[number] for number in sorted(by_number)))
            if subprocess.run(["cmp", str(self.file), str(rebuilt)], check=False).returncode != 0:
                raise Failed(f"{rebuilt} differs from {self.file}")
            again = received - len(lines)
            print(f"the file rebuilt by {group} is identical" + (f" ({again:,} lines came twice, after the kill)" if again else ""))


class Output:
    """The JSON lines that a process has written so far; a torn last line is not there yet."""

    def __init__(self, path):
        self._path = path
        self._read_to = 0
        self._records = []

    def records(self):
        with open(self._path, "rb") as file:
            file.seek(self._read_to)
            text = file.read()
        whole = text[:text.rfind(b"\n") + 1]
        self._read_to += len(whole)
        self._records += [json.loads(line) for line in whole.splitlines()]
        return self._records


class Failed(Exception):
    pass


def body_of(message):
    if "bodyBase64" in message:
        return base64.b64decode(message["bodyBase64"])
    return message["body"].encode()


def queues_of(owners, name):
    return " ".join(str(queue) for queue, owner in sorted(owners.items()) if owner == name) or "-"


def table(rows):
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows)


def say(sentence):
    print(f"\033[1m== {sentence}\033[0m" if sys.stdout.isatty() else f"== {sentence}", flush=True)


def main():
    demo = Demo(sys.argv[1], sys.argv[2])
    try:
        demo.run()
    except Failed as problem:
        demo.kill_all()
        print(f"demo: {problem}", file=sys.stderr)
        return 1
    finally:
        demo.kill_all()
    shutil.rmtree(demo.directory)
    return 0


if __name__ == "__main__":
    os.environ.pop("NAMESRV_ADDR", None)
    sys.exit(main())
