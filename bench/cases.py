"""The rows of the benchmark's table: what is compared with what, and what is to be reached."""

import dataclasses

MB = 1e6
HIGHER, LOWER = "higher", "lower"
SIZE_NAMES = {100: "100 B", 1024: "1 KiB"}


@dataclasses.dataclass(frozen=True)
class Figure:
    """A number of one measurement: `key` of what `measure(measurement)` returns, divided by `scale`."""

    measurement: str
    key: str = "value"
    scale: float = 1


@dataclasses.dataclass(frozen=True)
class Target:
    """What ours must reach: `times` the peer's figure, or `absolute`."""

    times: float | None = None
    absolute: float | None = None


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    unit: str
    ours: Figure
    peer: Figure | None = None
    peer_key: str | None = None  # rocketmq, nats or redis
    target: Target | None = None
    better: str = HIGHER


def _rate(name, measurement, peer_key, *, peer_measurement=None, times=None):
    return Case(name, "msg/s", Figure(measurement), Figure(peer_measurement or measurement), peer_key,
                Target(times=times) if times else None)


def _sending(size):
    label = SIZE_NAMES[size]
    return [
        _rate(f"send, 1 sync producer, {label}", f"send-sync-1-{size}", "rocketmq"),
        _rate(f"send, 1 sync producer, {label}", f"send-sync-1-{size}", "nats"),
        _rate(f"send, 64 sync senders, {label}", f"send-sync-64-{size}", "rocketmq", times=5),
        _rate(f"send, 64 sync senders, {label}", f"send-sync-64-{size}", "nats"),
        # Ours as actors, theirs as threads: each in the way its clients are written.
        _rate(f"send, 64 sync sender actors, {label}", f"send-actors-64-{size}", "rocketmq",
              peer_measurement=f"send-sync-64-{size}", times=5),
        _rate(f"send, 64 sync senders, a processor a side, {label}", f"send-sync-64-apart-{size}", "rocketmq", times=5),
        _rate(f"send, pipelined, {label}", f"send-pipelined-{size}", "nats", times=1),
        _rate(f"send, pipelined, {label}", f"send-pipelined-{size}", "rocketmq"),
        _rate(f"send, batched, {label}", f"send-batched-{size}", "rocketmq"),
    ]


def _end_to_end(size):
    label = SIZE_NAMES[size]
    return [
        Case(f"end to end, 1 sync producer, {label}", "msg/s", Figure(f"e2e-sync-1-{size}")),
        _rate(f"end to end, 64 sync senders, {label}", f"e2e-sync-64-{size}", "rocketmq"),
        _rate(f"end to end, pipelined, {label}", f"e2e-pipelined-{size}", "nats"),
        _rate(f"end to end, batched, {label}", f"e2e-batched-{size}", "rocketmq"),
    ]


def _latency(size):
    return [Case(f"latency {title} end to end at 2,000 msg/s, {SIZE_NAMES[size]}", "ms", Figure(f"latency-{size}", key),
                 Figure(f"latency-{size}", key), "rocketmq", better=LOWER)
            for title, key in (("p50", "p50Ms"), ("p99", "p99Ms"), ("p99.9", "p999Ms"))]


def _storing(size):
    label = SIZE_NAMES[size]
    return [
        _rate(f"sync flush, 64 sync senders, {label}", f"flush-sync-64-{size}", "redis", times=1),
        _rate(f"sync flush, 64 sync sender actors, {label}", f"flush-actors-64-{size}", "redis",
              peer_measurement=f"flush-sync-64-{size}", times=1),
        _rate(f"sync flush, 64 sync senders, {label}", f"flush-sync-64-{size}", "rocketmq"),
        _rate(f"consume from the tail, {label}", f"consume-tail-{size}", "rocketmq"),
        _rate(f"consume from the tail, {label}", f"consume-tail-{size}", "nats"),
        _rate(f"consume from a cold log, {label}", f"consume-cold-{size}", "rocketmq"),
    ]


def _lower(name, unit, figure, target=None):
    return Case(name, unit, figure, figure, "rocketmq", target, LOWER)


def _queues(count):
    title = f"{count:,} queues"
    return [
        _rate(f"send to {title}, 64 sync senders, 100 B", f"queues-{count}", "rocketmq"),
        _lower(f"anonymous memory with {title}", "MB", Figure(f"queues-{count}", "anonBytes", MB)),
    ]


def all_cases():
    """The table, in order."""
    cases = []
    for size in SIZE_NAMES:
        cases += _sending(size)
    for size in SIZE_NAMES:
        cases += _end_to_end(size)
    cases += [
        # The strictest comparison: all of our way against the sending half of Apache's.
        _rate("end to end, batched, 100 B, against sending only", "e2e-batched-100", "rocketmq",
              peer_measurement="send-batched-100", times=8),
        Case("end to end, batched, 100 B, in itself", "msg/s", Figure("e2e-batched-100"),
             target=Target(absolute=1_000_000)),
    ]
    for size in SIZE_NAMES:
        cases += _latency(size)
    for size in SIZE_NAMES:
        cases += _storing(size)
    cpu = "brokerCpuSecondsPerMillion"
    cases += [
        _lower("start on an empty store", "ms", Figure("start"), Target(absolute=100)),
        _lower("resident memory, idle", "MB", Figure("start", "rssBytes", MB), Target(absolute=30)),
        _lower("resident memory after 64 sync senders, 1 KiB", "MB", Figure("send-sync-64-1024", "rssBytes", MB)),
        _lower("anonymous memory after 64 sync senders, 1 KiB", "MB", Figure("send-sync-64-1024", "anonBytes", MB)),
        _lower("broker CPU per million, 64 sync senders, 1 KiB", "s", Figure("send-sync-64-1024", cpu),
               Target(times=0.2)),
        _lower("broker CPU per million, batched, 100 B", "s", Figure("send-batched-100", cpu), Target(times=0.2)),
        _lower("recovery after SIGKILL", "s/GB", Figure("recovery")),
    ]
    for count in (4, 400, 40_000):
        cases += _queues(count)
    return cases
