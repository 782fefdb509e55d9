"""Child processes of a benchmark: started on loopback, watched through /proc, ended by their id."""

import collections
import ctypes
import os
import signal
import subprocess
import threading
import time

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
LAST_LINES_MAX = 400
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


class BenchError(Exception):
    """A benchmark that cannot go on; the text is one sentence for the person who started it."""


class Processors:
    """Which processors the two sides of a measurement may use; None: all."""

    def __init__(self, server=None, client=None):
        self.server = server
        self.client = client


SHARED = Processors()
APART = Processors(server={0}, client={1})


def _begin(processors):
    # A killed benchmark must not leave a broker behind that spoils the next one's figures.
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if processors:
        os.sched_setaffinity(0, processors)


class Child:
    """A running program whose output is read line by line.

    `on_line(seconds, text)` is called on a reader thread with time.monotonic(). The last lines are kept,
    so that an early death can be explained.
    """

    def __init__(self, argv, *, cwd=None, env=None, on_line=None, processors=None):
        self.name = os.path.basename(argv[0])
        self.lines = collections.deque(maxlen=LAST_LINES_MAX)
        self._on_line = on_line
        self.started = time.monotonic()
        try:
            self._popen = subprocess.Popen(
                argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, text=True, errors="replace", preexec_fn=lambda: _begin(processors))
        except OSError as error:
            raise BenchError(f"cannot start {argv[0]}: {error.strerror}") from error
        self.pid = self._popen.pid
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self._popen.stdout:
            text = line.rstrip("\n")
            self.lines.append(text)
            if self._on_line:
                self._on_line(time.monotonic(), text)

    def running(self):
        return self._popen.poll() is None

    def wait(self, timeout_seconds):
        """The exit code. BenchError when the program is still running after `timeout_seconds`; it is killed then."""
        try:
            code = self._popen.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise BenchError(f"{self.name} had not ended after {timeout_seconds:.0f} s") from None
        self._release()
        return code

    def pause(self):
        """Stops the program where it is, until `resume`; it uses no processor meanwhile."""
        if self.running():
            self._popen.send_signal(signal.SIGSTOP)

    def resume(self):
        if self.running():
            self._popen.send_signal(signal.SIGCONT)

    def stop(self, grace_seconds=15):
        """SIGTERM, then SIGKILL for one that does not listen."""
        if self.running():
            self._popen.terminate()
            self.resume()  # a paused program hears nothing
            try:
                self._popen.wait(grace_seconds)
            except subprocess.TimeoutExpired:
                self.kill()
        self._release()

    def kill(self):
        if self.running():
            self._popen.kill()
            self._popen.wait(10)
        self._release()

    def _release(self):
        self._reader.join(5)
        if not self._reader.is_alive():
            self._popen.stdout.close()

    def tail(self, count=5):
        return " | ".join(list(self.lines)[-count:])


def run_to_end(argv, *, timeout_seconds, cwd=None, env=None, processors=None):
    """Runs a program and returns its lines; BenchError with its last lines when it fails."""
    lines = []
    child = Child(argv, cwd=cwd, env=env, on_line=lambda _, text: lines.append(text), processors=processors)
    try:
        code = child.wait(timeout_seconds)
    finally:
        child.kill()
    if code != 0:
        raise BenchError(f"{' '.join(argv[:4])}... ended with {code}: {child.tail()}")
    return lines


def wait_until(ready, *, timeout_seconds, child=None, what, poll_seconds=0.01):
    """Polls `ready` until it is true and returns time.monotonic() at that moment."""
    deadline = time.monotonic() + timeout_seconds
    while True:
        if ready():
            return time.monotonic()
        if child is not None and not child.running():
            raise BenchError(f"{what}: {child.name} ended early: {child.tail()}")
        if time.monotonic() > deadline:
            last = f": {child.tail(2)}" if child is not None else ""
            raise BenchError(f"{what}: not ready after {timeout_seconds:.0f} s{last}")
        time.sleep(poll_seconds)


def cpu_seconds(pid):
    """User plus system time of all threads of `pid`."""
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
        fields = stat.read().rpartition(")")[2].split()  # the name may hold blanks
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND


def memory_bytes(pid):
    """{'rss', 'anon', 'file'}: resident bytes; `anon` leaves out mapped files, which the kernel may drop."""
    wanted = {"VmRSS": "rss", "RssAnon": "anon", "RssFile": "file"}
    found = {}
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
        for line in status:
            key, _, rest = line.partition(":")
            if key in wanted:
                found[wanted[key]] = int(rest.split()[0]) * 1024
    return found


class CpuHistory:
    """Samples the CPU time of a process, so that a window can be chosen after it has passed."""

    def __init__(self, pid, *, sample_seconds=0.25):
        self._pid = pid
        self._sample_seconds = sample_seconds
        self._samples = []  # (time.monotonic(), CPU seconds), ascending
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self):
        while not self._stopped.is_set():
            try:
                self._samples.append((time.monotonic(), cpu_seconds(self._pid)))
            except OSError:
                return  # the process is gone
            self._stopped.wait(self._sample_seconds)

    def between(self, begin, end):
        """CPU seconds used from `begin` to `end`, interpolated between samples."""
        return self._at(end) - self._at(begin)

    def _at(self, moment):
        samples = list(self._samples)
        if not samples:
            raise BenchError("no CPU sample was taken")
        for (t0, c0), (t1, c1) in zip(samples, samples[1:]):
            if t0 <= moment <= t1:
                return c0 + (c1 - c0) * (moment - t0) / (t1 - t0)
        return samples[0][1] if moment < samples[0][0] else samples[-1][1]

    def stop(self):
        self._stopped.set()
        self._thread.join(5)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
