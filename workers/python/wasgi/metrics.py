"""`mod_wsgi.request_metrics()` and `process_metrics()`: what has been counted of requests, from the
interval since they were last asked for, and from the beginning.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from .host import Host
from .identity import CURRENT, THREADS

BUCKETS: Final = 65
"""Of a histogram: 16 octaves from a millisecond on, four buckets each, and one for what is longer."""

_PHASES: Final = ("server", "queue", "daemon", "application", "request")
_LONGER: Final = 65536.0


@dataclass(frozen=True)
class Usage:
    """What an interpreter's thread has used so far, and its memory. In embedded mode its processor time cannot be told from the
    server's, and is 0."""

    user: float = 0.0
    """Seconds of processor time in its own code."""
    system: float = 0.0
    """Seconds of processor time in the operating system."""
    memory: int = 0
    """Bytes of WebAssembly memory, which never shrinks: the most there has been, too."""

    @classmethod
    def of(cls, host: Host | None) -> "Usage":
        """Ask now. Of no host there is nothing to tell."""
        if host is None:
            return cls()
        micro = 1e-6
        user, system = host.processor_time(0), host.processor_time(1)
        return cls(user * micro, system * micro, host.memory_bytes())

    def since(self, before: "Usage") -> "Usage":
        """What was used after `before`, and the memory there is."""
        return Usage(self.user - before.user, self.system - before.system, self.memory)


@dataclass(frozen=True)
class Sample:
    """One request. Times of day and lengths of time are in seconds."""

    status: int
    request_start: float
    queue_start: float
    daemon_start: float
    application_start: float
    application_finish: float
    input_reads: int
    input_length: int
    input_time: float
    output_writes: int
    output_length: int
    output_time: float
    used: Usage

    def event(self) -> dict[str, Any]:
        """What `request_finished` adds to what `request_started` has told."""
        return {
            "status": self.status,
            "application_finish": self.application_finish,
            "application_time": self.application_finish - self.application_start,
            "input_reads": self.input_reads,
            "input_length": self.input_length,
            "input_time": self.input_time,
            "output_writes": self.output_writes,
            "output_length": self.output_length,
            "output_time": self.output_time,
            "cpu_user_time": self.used.user,
            "cpu_system_time": self.used.system,
            "gil_wait_time": 0.0,  # there is one thread
            "gil_wait_count": 0,
        }

    def phases(self) -> dict[str, float]:
        """How long the request was where. None of them is negative, whatever clocks say."""
        begun = self.queue_start or self.application_start
        phases = {
            "server": begun - self.request_start,
            "queue": self.daemon_start - self.queue_start,
            "daemon": self.application_start - self.daemon_start if self.daemon_start else 0.0,
            "application": self.application_finish - self.application_start,
        }
        phases = {name: max(0.0, seconds) for name, seconds in phases.items()}
        return {**phases, "request": sum(phases.values())}


class _Phase:
    def __init__(self) -> None:
        self.total = 0.0
        self.shortest = math.inf
        self.longest = 0.0
        self.buckets = [0] * BUCKETS

    def add(self, seconds: float) -> None:
        self.total += seconds
        self.shortest = min(self.shortest, seconds)
        self.longest = max(self.longest, seconds)
        self.buckets[bucket_of(seconds)] += 1


class _Interval:
    """What was counted since `start`, when so much had been used."""

    def __init__(self, start: float, used: Usage) -> None:
        self.start = start
        self.used = used
        self.count = 0
        self.busy = 0.0
        self.phases = {name: _Phase() for name in (*_PHASES, "input_read", "output_write")}
        self.statuses = [0] * 6
        self.totals = dict.fromkeys(
            ("input_bytes", "input_reads", "output_bytes", "output_writes"), 0
        )

    def add(self, sample: Sample) -> None:
        self.count += 1
        for name, seconds in sample.phases().items():
            self.phases[name].add(seconds)
        self.phases["input_read"].add(sample.input_time)
        self.phases["output_write"].add(sample.output_time)
        # Without a status it has failed, which the client has seen as 500.
        self.statuses[sample.status // 100 if 100 <= sample.status < 600 else 5] += 1
        self.totals["input_bytes"] += sample.input_length
        self.totals["input_reads"] += sample.input_reads
        self.totals["output_bytes"] += sample.output_length
        self.totals["output_writes"] += sample.output_writes


class Metrics:
    """Counts nothing until `start`. `usage` tells what the interpreter has used so far."""

    def __init__(self, usage: Callable[[], Usage]) -> None:
        self._usage = usage
        self._interval: _Interval | None = None
        self._started_at = 0.0
        self._count = 0
        self._busy = 0.0
        self._busy_since = 0.0

    def start(self) -> None:
        """Begin to count. Does nothing the second time."""
        if self._interval is None:
            self._started_at = time.time()
            self._interval = _Interval(self._started_at, self._usage())

    def restart(self) -> None:
        """This is another interpreter, restored from the one that was to count, or wiped."""
        if self._interval is not None:
            self._interval = None
            self._count, self._busy, self._busy_since = 0, 0.0, 0.0
            self.start()

    def begin(self, now: float) -> None:
        """A request begins."""
        self._busy_since = now

    def add(self, sample: Sample) -> None:
        """A request has ended."""
        self._rest(time.time())
        self._busy_since = 0.0
        if self._interval is None:
            return
        self._count += 1
        self._interval.add(sample)

    def request_metrics(self) -> dict[str, Any] | None:
        """Of the time since this was last asked for. None before `start`."""
        interval = self._interval
        if interval is None:
            return None
        now = time.time()
        self._rest(now)
        usage = self._usage()
        self._interval = _Interval(now, usage)
        used = usage.since(interval.used)
        period = now - interval.start
        daemon = CURRENT.process_group != ""
        metrics: dict[str, Any] = {
            "pid": int(CURRENT.server_pid or 0),
            "start_time": interval.start,
            "stop_time": now,
            "sample_period": period,
            **_processor(used),
            **{
                f"cpu_{kind}utilization": seconds / period if period > 0 else 0.0
                for kind, seconds in _kinds(used).items()
            },
            **_memory(used),
            "request_threads_maximum": THREADS,
            "request_threads_started": THREADS,
            "request_threads_active": int(interval.count > 0 or self._busy_since > 0),
            "request_threads_buckets": [interval.count],
            "capacity_utilization": min(1.0, interval.busy / period) if period > 0 else 0.0,
            "request_count": interval.count,
            "request_throughput": interval.count / period if period > 0 else 0.0,
            "gil_wait_time": 0.0,
            "gil_wait_count": 0,
            **interval.totals,
        }
        for hundred in range(1, 6):
            metrics[f"status_{hundred}xx"] = interval.statuses[hundred]
        for name, phase in interval.phases.items():
            there = daemon or name not in ("queue", "daemon")
            seen = there and interval.count > 0
            mean = phase.total / interval.count if interval.count else 0.0
            metrics[f"{name}_time"] = mean if there else None
            metrics[f"{name}_time_min_us"] = int(phase.shortest * 1e6) if seen else None
            metrics[f"{name}_time_max_us"] = int(phase.longest * 1e6) if seen else None
            metrics[f"{name}_time_buckets"] = phase.buckets if there else [0] * BUCKETS
        return metrics

    def process_metrics(self) -> dict[str, Any] | None:
        """Of all the time since `start`. None before it."""
        if self._interval is None:
            return None
        now = time.time()
        self._rest(now)
        usage = self._usage()
        return {
            "pid": int(CURRENT.server_pid or 0),
            "request_count": self._count,
            "request_busy_time": self._busy,
            **_memory(usage),
            **_processor(usage),
            "restart_time": self._started_at,
            "current_time": now,
            "running_time": int(now - self._started_at),
            "request_threads": THREADS,
            "active_requests": int(self._busy_since > 0),
            "threads": [{"thread_id": THREADS, "request_count": self._count}],
        }

    def _rest(self, now: float) -> None:
        """Count the time that the request which is running has taken so far."""
        if self._busy_since == 0.0 or self._interval is None:
            return
        busy = max(0.0, now - max(self._busy_since, self._interval.start))
        self._interval.busy += busy
        self._busy += busy
        self._busy_since = now


def _kinds(used: Usage) -> dict[str, float]:
    return {"user_": used.user, "system_": used.system, "": used.user + used.system}


def _processor(used: Usage) -> dict[str, float]:
    return {f"cpu_{kind}time": seconds for kind, seconds in _kinds(used).items()}


def _memory(used: Usage) -> dict[str, int]:
    return {"memory_max_rss": used.memory, "memory_rss": used.memory}


def bucket_of(seconds: float) -> int:
    """Which bucket of a histogram a length of time belongs to."""
    ms = seconds * 1000.0
    if ms < 1.0:
        return 0
    if ms >= _LONGER:
        return BUCKETS - 1
    mantissa, exponent = math.frexp(ms)
    return (exponent - 1) * 4 + min(3, int((2.0 * mantissa - 1.0) * 4.0))
