"""Answers requests: calls the application as PEP 3333 asks and turns whatever it does, failures of
every kind included, into an outcome for the host.
"""

import asyncio
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from marshal import loads
from struct import Struct
from typing import Any, Final

from . import warm_up
from .errors import ClientGone, ProtocolError
from .events import EVENTS
from .file_wrapper import FileWrapper
from .headers import HeaderRules, HintRules
from .host import ERROR, WARN, Host
from .log_streams import LogStream
from .request_input import RequestInput
from .response import NO_BODY, Response
from .script_reload import Stale
from .tracebacks import text_of
from .watch import Watch, WatchedInput, WatchedResponse

COMPLETE: Final = 0
"""A whole response lies in the response buffer."""
STREAMED: Final = 1
FAILED_AFTER_HEAD: Final = 2
CLIENT_GONE: Final = 3
FAILED_BEFORE_HEAD: Final = 4
STALE: Final = 5
"""The application was not called: it is to be loaded anew first."""
RECYCLE: Final = 16
"""Added when the interpreter should be replaced."""
CLIENT_FAULT: Final = 32
"""Added to FAILED_BEFORE_HEAD: the text is the status the client has earned."""

# Its result may be anything until it has been looked at.
Application = Callable[..., Any]

_lengths: Final = Struct("<II")
_set_running_loop = asyncio._set_running_loop


class Gateway:
    """One application and what all its requests share."""

    def __init__(self, host: Host, errors: LogStream) -> None:
        self._host = host
        self._streams = (errors,)
        self._request = memoryview(host.request_buffer)
        self._response = memoryview(host.response_buffer)
        self._rules = HeaderRules(self._warn_hop_by_hop)
        self._hint_rules = HintRules()
        self._warned: set[str] = set()
        # Environ keys by number, so that the host need not send them each time; it bounds their number.
        self._shapes: dict[int, tuple[str, ...]] = {}
        # Those of one application group, by number.
        self._applications: list[Application] = [_unloaded]
        self._callables: list[str] = [""]
        self._consulted: dict[int, Callable[[dict[str, Any]], None]] = {}
        self._constants: dict[str, Any] = {
            "wsgi.version": (1, 0),
            "wsgi.errors": errors,
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "wsgi.input_terminated": True,
            "wsgi.file_wrapper": FileWrapper,
        }

    def configure(self, multiprocess: bool, run_once: bool, worker: str) -> None:
        """Set what the environ says of this interpreter and its siblings."""
        self._constants["wsgi.multiprocess"] = multiprocess
        self._constants["wsgi.run_once"] = run_once
        self._constants["wasgi.worker"] = worker

    def describe(self, keys: Mapping[str, Any]) -> None:
        """Add keys to the environ of every request."""
        self._constants.update(keys)

    def watch(self, streams: tuple[LogStream, ...]) -> None:
        """Flush these, too, at the end of each request."""
        self._streams = (*self._streams, *streams)

    def mount(self, application: Application, number: int = 0, name: str = "application") -> None:
        """Answer requests for application `number` with this one. Numbers are given in order."""
        self._applications[number : number + 1] = [application]
        self._callables[number : number + 1] = [name]

    def consult(self, consulted: Callable[[dict[str, Any]], None], number: int) -> None:
        """Let this one have the requests for application `number` first: it may raise Stale."""
        self._consulted[number] = consulted

    def warm_up(self, requests: Sequence[str]) -> list[str]:
        """Answer requests such as `GET /` that nobody sent, with each application. Returns a line for
        each that failed."""
        return [
            line
            for application in self._applications
            for line in warm_up.run(application, requests, self._constants, self._host)
        ]

    def leave_event_loop(self) -> None:
        """Let synchronous code see no running loop, as Django's ORM insists."""
        # In 3.14 each promising call has a thread state of its own, born with Pyodide's loop.
        _set_running_loop(None)

    def flush(self) -> None:
        """Send the partial lines of all text streams to the log."""
        for stream in self._streams:
            if stream.pending:
                stream.flush()

    def serve(self) -> int:
        """Answer the request that lies in the request buffer. Never raises."""
        try:
            _set_running_loop(None)
            shape, keys, values, body, number = loads(self._request)
            if keys is None:
                keys = self._shapes[shape]
            elif shape >= 0:
                self._shapes[shape] = keys
            environ = dict(zip(keys, values, strict=True))
            watch = EVENTS.watch
            kind = RequestInput if watch is None else WatchedInput
            request_input = kind(self._host, body)
            if body is None and "HTTP_EXPECT" in environ:
                request_input.held_back = True
            head_only = environ["REQUEST_METHOD"] == "HEAD"
            start = Response if watch is None else WatchedResponse
            response = start(self._host, self._rules, self._hint_rules, request_input, head_only)
            environ.update(self._constants)
            # The host has decoded the body. Bottle would do it again.
            if "HTTP_TRANSFER_ENCODING" in environ:
                del environ["HTTP_TRANSFER_ENCODING"]
            environ["wsgi.input"] = request_input
            environ["wsgi.early_hints"] = response.early_hints
            EVENTS.environ = environ
            if EVENTS.active is not None:
                EVENTS.enter(environ)
            try:
                # One of these has been asked already.
                consulted = self._consulted.get(number)
                number = ~number if number < 0 else number
                application = self._applications[number]
                environ["mod_wsgi.callable_object"] = self._callables[number]
                outcome = self.answer(application, environ, response, watch, consulted)
            except Stale:
                outcome = STALE
            except BaseException as error:
                del environ
                outcome = self._fail(error, request_input, response)
                if watch is not None and outcome & 15 != CLIENT_GONE:
                    watch.failed(error)
            if request_input.gone:
                outcome = CLIENT_GONE
            response.ended = True
            request_input.finish()
            if watch is not None:
                watch.finish()
            EVENTS.environ = EVENTS.data = None
            if EVENTS.active:
                EVENTS.active.clear()
            self.flush()
            return outcome | RECYCLE if response.out_of_memory else outcome
        except BaseException as error:
            return self._last_resort(error)

    def answer(
        self,
        application: Application,
        environ: dict[str, Any],
        response: Response,
        watch: Watch | None = None,
        consulted: Callable[[dict[str, Any]], None] | None = None,
    ) -> int:
        """Call the application and send what it says. All of its code runs within this call."""
        if consulted is not None:
            consulted(environ)
        if watch is not None:
            application = watch.begin(environ, response, application)
        iterable = application(environ, response)
        kind = type(iterable)
        if (kind is list or kind is tuple) and not response.sent:
            # Neither runs code of the application when it is read, so nothing is held back.
            count = len(iterable)
            if count == 1:
                return self._whole(response, _checked(iterable[0]))
            if count == 0:
                return self._whole(response, b"")
            return self._whole_list(response, iterable)
        close = getattr(iterable, "close", None)
        if close is None:
            return self._iterate(response, iterable, False)
        try:
            return self._iterate(response, iterable, True)
        finally:
            # PEP 3333: of the iterable itself, once, however the response ended.
            self._close(close, response)

    def _whole(self, response: Response, body: bytes) -> int:
        """A response whose body is all here, in one crossing if it fits the buffer."""
        head = response.head
        size = len(body)
        if head is None:
            raise ProtocolError("the application returned without calling start_response")
        if response.head_only or head.code in NO_BODY:
            if size:
                response.measure(size)
            length, body = head.length, b""
        elif head.length < 0:
            length = head.length = size
        else:
            length = head.length
            if length > size:
                response.emit(body)
                return self._end(response)
            if length < size:
                body = body[:length]
                response.truncate()
        data = response.lay_out(body, length)
        if data is None:
            response.emit(body)
            return self._end(response)
        self._response[: len(data)] = data
        return COMPLETE

    def _whole_list(self, response: Response, chunks: list[bytes] | tuple[bytes, ...]) -> int:
        total = 0
        for chunk in chunks:
            total += len(_checked(chunk))
        if total <= len(self._response):
            return self._whole(response, b"".join(chunks))
        response.measure(total)
        return self._iterate(response, chunks, False)

    def _iterate(self, response: Response, iterable: Iterable[bytes], closes: bool) -> int:
        """Send each chunk before asking for the next."""
        single = not response.sent and self._sized(response, iterable)
        for chunk in iterable:
            if not _checked(chunk):
                # The application is waiting for something; it should learn that nobody else is.
                if not response.wanted():
                    return self._end(response)
                continue
            if single and not closes:
                return self._whole(response, chunk)
            if single:
                response.measure(len(chunk))
            if not response.emit(chunk):
                return self._end(response)
        if not response.sent:
            if not closes:
                return self._whole(response, b"")
            # close() may take its time, so the head goes out before it.
            if not response.head_only:
                response.measure(0)
            response.emit(b"")
        return self._end(response)

    def _sized(self, response: Response, iterable: Iterable[bytes]) -> bool:
        """Whether len() says that at most one chunk comes; files tell their length here too."""
        if iterable is None:
            raise TypeError("the application returned None, not an iterable of bytes")
        if isinstance(iterable, FileWrapper):
            response.measure(iterable.remaining())
            if response.head is not None:
                iterable.limit(response.head.length)
            return False
        return isinstance(iterable, Sized) and len(iterable) <= 1

    def _end(self, response: Response) -> int:
        if response.gone:
            return CLIENT_GONE
        if response.remaining > 0 and not response.bodyless:
            return self._report(
                FAILED_AFTER_HEAD,
                f"The response body ended {response.remaining} bytes short of its Content-Length.",
            )
        return STREAMED

    def _close(self, close: Callable[[], object], response: Response) -> None:
        # What it writes would follow a body that is complete, or one that is known not to be.
        response.ended = True
        try:
            close()
        except BaseException as error:
            # The response stands: its bytes are out, or an earlier error already decides.
            if _ran_out_of_memory(error):
                response.out_of_memory = True
            self._host.log(ERROR, "gateway", f"close() of the response failed.\n{text_of(error)}")

    def _fail(self, error: BaseException, request_input: RequestInput, response: Response) -> int:
        if _ran_out_of_memory(error):
            # The frames hold what filled the memory; formatting needs some of it back.
            traceback.clear_frames(error.__traceback__)
            response.out_of_memory = True
        if response.gone or request_input.gone or isinstance(error, ClientGone):
            return CLIENT_GONE
        if response.sent:
            return self._report(FAILED_AFTER_HEAD, text_of(error))
        if request_input.fault:
            return self._report(FAILED_BEFORE_HEAD | CLIENT_FAULT, request_input.fault)
        return self._report(FAILED_BEFORE_HEAD, text_of(error))

    def _report(self, outcome: int, text: str) -> int:
        """Leave `text` for the host. A traceback's end says most, so the middle gives way."""
        data = text.encode("utf-8", "backslashreplace")
        room = len(self._response) - _lengths.size
        if len(data) > room:
            half = room // 2 - 8
            data = data[:half] + b"\n  ...\n" + data[-half:]
        _lengths.pack_into(self._response, 0, 0, len(data))
        self._response[_lengths.size : _lengths.size + len(data)] = data
        return outcome

    def _last_resort(self, error: BaseException) -> int:
        """The gateway itself failed, most likely for want of memory or stack."""
        EVENTS.environ = EVENTS.data = None
        data = b"The gateway failed while it handled a failure of the application.\n"
        try:
            data += text_of(error).encode("utf-8", "backslashreplace")[:8000]
        except BaseException:
            pass
        _lengths.pack_into(self._response, 0, 0, len(data))
        self._response[_lengths.size : _lengths.size + len(data)] = data
        return FAILED_BEFORE_HEAD | RECYCLE

    def _warn_hop_by_hop(self, name: str) -> None:
        if name.lower() not in self._warned:
            self._warned.add(name.lower())
            self._host.log(
                WARN,
                "gateway",
                f"The response header {name} belongs to the connection (RFC 9110 7.6.1), which is "
                "not the application's. It is left out, here and from now on.",
            )


def _checked(chunk: bytes) -> bytes:
    if not isinstance(chunk, bytes):
        raise TypeError(
            f"a response body must yield bytes, got {type(chunk).__name__}: {chunk!r:.60}"
        )
    return chunk


def _ran_out_of_memory(error: BaseException | None) -> bool:
    for _ in range(20):
        if error is None:
            return False
        if isinstance(error, MemoryError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _unloaded(_environ: dict[str, Any], _start_response: Response) -> Iterable[bytes]:
    raise RuntimeError("serve() was called before an application was loaded")
