"""Follows requests for those who have subscribed: measures what each reads and writes, and tells of its
start, its head, its failure and its end, in the words of mod_wsgi's events.
"""

import time
from collections.abc import Callable
from typing import Any

from .events import Events
from .identity import THREADS
from .metrics import Metrics, Sample, Usage
from .request_input import RequestInput
from .response import ExcInfo, Response


class WatchedInput(RequestInput):
    """`wsgi.input` that counts."""

    reads = 0
    length = 0
    time = 0.0

    def read(self, size: int | None = -1, /) -> bytes:
        """See RequestInput."""
        return self._counted(super().read, size)

    def readline(self, size: int | None = -1, /) -> bytes:
        """See RequestInput."""
        return self._counted(super().readline, size)

    def _counted(self, read: Callable[[int | None], bytes], size: int | None) -> bytes:
        start = time.perf_counter()
        data = read(size)
        self.time += time.perf_counter() - start
        self.reads += 1
        self.length += len(data)
        return data


class WatchedResponse(Response):
    """A response that counts, and tells when start_response is called."""

    writes = 0
    length = 0
    time = 0.0
    on_start: Callable[[str, list[tuple[str, str]], ExcInfo], object] | None = None

    def __call__(
        self, status: str, response_headers: list[tuple[str, str]], exc_info: ExcInfo = None
    ) -> Callable[[bytes], None]:
        """See Response."""
        try:
            write = super().__call__(status, response_headers, exc_info)
            if self.on_start is not None:
                self.on_start(status, response_headers, exc_info)
            return write
        finally:
            exc_info = None  # as in Response

    def lay_out(self, chunk: bytes, length: int) -> bytes | None:
        """See Response."""
        data = super().lay_out(chunk, length)
        if data is not None and chunk:
            self.writes += 1
            self.length += len(chunk)
        return data

    def emit(self, chunk: bytes) -> bool:
        """See Response."""
        start = time.perf_counter()
        try:
            return super().emit(chunk)
        finally:
            self.time += time.perf_counter() - start
            if chunk:
                self.writes += 1
                self.length += len(chunk)


class Watch:
    """Follows one request after the other."""

    def __init__(self, events: Events) -> None:
        self._events = events
        self.metrics = Metrics(self._usage)
        self._used = Usage()
        self._begun = False
        self._environ: dict[str, Any] = {}
        self._input: WatchedInput | None = None
        self._response: WatchedResponse | None = None

    def begin(self, environ: dict[str, Any], response: Response, application: Any) -> Any:
        """A request is about to be answered. Returns the application that is to answer it."""
        self._begun = True
        self._environ = dict(environ)  # the application may change its own
        request_input = environ["wsgi.input"]
        self._input = request_input if isinstance(request_input, WatchedInput) else None
        self._response = response if isinstance(response, WatchedResponse) else None
        if self._response is not None:
            self._response.on_start = self._started
        self.metrics.begin(time.time())
        self._used = self._usage()
        event = {
            **self._common(),
            "thread_id": THREADS,
            "server_pid": environ.get("mod_wsgi.server_pid", ""),
            "daemon_connects": 0,
            "daemon_restarts": 0,
            "application_object": application,
            "callable_object": environ.get("mod_wsgi.callable_object", ""),
            "request_environ": environ,
            **self._times(),
        }
        return self._events.publish("request_started", event)["application_object"]

    def failed(self, error: BaseException) -> None:
        """The application has raised."""
        if not self._begun:
            return
        exception = type(error), error, error.__traceback__
        try:
            event = {**self._common(), "exception_info": exception}
            self._events.publish("request_exception", event)
        finally:
            del exception, event

    def finish(self) -> None:
        """The application is through with the request. Nothing, if it was never asked."""
        if not self._begun:
            return
        self._begun = False
        now = time.time()
        times = self._times()
        response, request_input = self._response, self._input
        head = None if response is None else response.head
        sample = Sample(
            status=0 if head is None else int(head.code),
            application_finish=now,
            input_reads=request_input.reads if request_input else 0,
            input_length=request_input.length if request_input else 0,
            input_time=request_input.time if request_input else 0.0,
            output_writes=response.writes if response else 0,
            output_length=response.length if response else 0,
            output_time=response.time if response else 0.0,
            used=self._usage().since(self._used),
            **times,
        )
        self.metrics.add(sample)
        self._events.publish("request_finished", {**self._common(), **times, **sample.event()})
        if response is not None:
            response.on_start = None
        self._environ, self._input, self._response = {}, None, None

    def _started(self, status: str, headers: list[tuple[str, str]], exc_info: ExcInfo) -> None:
        event = {
            **self._common(),
            "response_status": status,
            "response_headers": headers,
            "exception_info": exc_info,
        }
        try:
            self._events.publish("response_started", event)
        finally:
            del event, exc_info

    def _usage(self) -> Usage:
        return Usage.of(self._events.host)

    def _common(self) -> dict[str, Any]:
        request_id = self._environ.get("mod_wsgi.request_id", "")
        return {"request_id": request_id, "request_data": self._events.request_data()}

    def _times(self) -> dict[str, float]:
        names = ("request_start", "queue_start", "daemon_start", "application_start")
        return {name: self._environ.get(f"mod_wsgi.{name}", 0.0) for name in names}
