"""`import mod_wsgi` in an application: events, request data, metrics."""

import sys
import time
import unittest
from collections.abc import Iterator
from typing import Any

from fake_host import FakeHost, Reply, environ_of, request
from shapes import PLAIN, Closing, answering
from wasgi import process
from wasgi.events import EVENTS
from wasgi.identity import CURRENT
from wasgi.metrics import bucket_of

sys.path.append(process.IMPORTABLE)

import apache  # noqa: E402
import mod_wsgi  # noqa: E402

TIMES = {
    "mod_wsgi.request_start": 100.0,
    "mod_wsgi.queue_start": 101.0,
    "mod_wsgi.daemon_start": 103.0,
    "mod_wsgi.application_start": 103.0,
}
Told = list[tuple[str, dict[str, Any]]]


def ask(application: Any, host: FakeHost | None = None, body: bytes = b"", **more: Any) -> Reply:
    environ = environ_of(**{"mod_wsgi.request_id": "req-1"})
    environ.update({**TIMES, **more})
    return request(application, host, environ, body)


def identify(group: str, processes: int = 1) -> None:
    names = {"process_group": group, "application_group": ""}
    CURRENT.take({**names, "processes": processes, "pid": 7})


class Clean(unittest.TestCase):
    def setUp(self) -> None:
        self._reset()
        self.addCleanup(self._reset)

    @staticmethod
    def _reset() -> None:
        EVENTS.__init__()  # type: ignore[misc]
        EVENTS.watch = EVENTS.environ = EVENTS.data = None
        identify("")

    def told(self) -> Told:
        """What a subscriber is told from now on; tracebacks would keep frames alive."""
        told: Told = []

        @mod_wsgi.subscribe_events
        def listen(name: str, **event: Any) -> None:
            told.append((name, event))

        return told


class Module(Clean):
    def test_it_says_who_the_interpreter_is(self) -> None:
        identify("shop", 3)

        self.assertEqual(mod_wsgi.version[:1], (6,))
        self.assertEqual((mod_wsgi.process_group, mod_wsgi.application_group), ("shop", ""))
        self.assertEqual((mod_wsgi.maximum_processes, mod_wsgi.threads_per_process), (3, 1))
        self.assertEqual((apache.maximum_processes, apache.threads_per_process), (3, 1))
        self.assertTrue(issubclass(mod_wsgi.RequestTimeout, BaseException))
        self.assertFalse(issubclass(mod_wsgi.RequestTimeout, Exception))
        self.assertRaises(AttributeError, getattr, mod_wsgi, "no_such_thing")
        self.assertRaises(AttributeError, getattr, apache, "no_such_thing")
        self.assertIsNone(mod_wsgi.server_metrics())

    def test_file_wrapper_is_that_of_the_environ(self) -> None:
        seen: list[Any] = []

        def application(environ: Any, start_response: Any) -> list[bytes]:
            seen.append(environ["wsgi.file_wrapper"])
            return answering([b""])(environ, start_response)

        ask(application)

        self.assertIs(seen[0], mod_wsgi.FileWrapper)

    def test_request_data_is_each_requests_own(self) -> None:
        seen: list[Any] = []

        def application(environ: Any, start_response: Any) -> list[bytes]:
            data = mod_wsgi.request_data()
            seen.append(dict(data))
            data["mark"] = 1
            active = mod_wsgi.active_requests
            seen.append((list(active), active["req-1"] is data, len(active)))
            return answering([b""])(environ, start_response)

        ask(application)
        ask(application)

        self.assertEqual(seen, [{}, (["req-1"], True, 1)] * 2)
        self.assertRaises(RuntimeError, mod_wsgi.request_data)
        self.assertEqual(dict(mod_wsgi.active_requests), {})
        self.assertIs(type(mod_wsgi.active_requests), dict)

    def test_a_request_that_imports_the_module_is_active(self) -> None:
        listed, EVENTS.active = EVENTS.active, None
        self.addCleanup(setattr, EVENTS, "active", listed)
        seen: list[Any] = []

        def application(environ: Any, start_response: Any) -> list[bytes]:
            seen.append((dict(EVENTS.list_active()), mod_wsgi.request_data()))
            return answering([b""])(environ, start_response)

        ask(application)

        self.assertEqual(seen, [({"req-1": {}}, {})])
        self.assertEqual(EVENTS.active, {})


class Subscribing(Clean):
    def test_nobody_watches_before_somebody_subscribes(self) -> None:
        ask(answering([b"x"]))

        self.assertIsNone(EVENTS.watch)

    def test_a_callback_comes_back_so_that_it_can_be_decorated(self) -> None:
        for subscribe in (
            mod_wsgi.subscribe_events,
            mod_wsgi.subscribe_shutdown,
            mod_wsgi.subscribe_signals,
        ):
            self.assertIs(subscribe(print), print)
            with self.assertRaises(TypeError):
                subscribe(5)  # type: ignore[type-var]

    def test_a_request_is_told_from_its_start_to_its_end(self) -> None:
        told = self.told()

        def application(environ: Any, start_response: Any) -> list[bytes]:
            environ["wsgi.input"].read(2)
            environ["wsgi.input"].readline()
            mod_wsgi.request_data()["mark"] = 1
            return answering([b"four"])(environ, start_response)

        ask(application, body=b"abcd\nef")

        names = [name for name, _ in told]
        self.assertEqual(names, ["request_started", "response_started", "request_finished"])
        started, response, finished = (event for _, event in told)
        self.assertIs(started["application_object"], application)
        self.assertEqual(started["request_environ"]["PATH_INFO"], "/")
        self.assertEqual((started["queue_start"], started["request_start"]), (101.0, 100.0))
        self.assertEqual(response["response_status"], "200 OK")
        self.assertEqual(response["response_headers"], PLAIN)
        self.assertIsNone(response["exception_info"])
        self.assertEqual(finished["status"], 200)
        self.assertEqual((finished["input_reads"], finished["input_length"]), (2, 5))
        self.assertEqual((finished["output_writes"], finished["output_length"]), (1, 4))
        self.assertGreater(finished["application_finish"], finished["application_start"])
        for event in (started, response, finished):
            self.assertEqual(event["request_id"], "req-1")
            self.assertEqual(event["request_data"], {"mark": 1})

    def test_a_streamed_response_counts_its_chunks(self) -> None:
        told = self.told()
        body = Closing([b"a" * 10, b"", b"b" * 5])

        reply = ask(answering(body))

        finished = told[-1][1]
        self.assertEqual((reply.body, body.closed), (b"a" * 10 + b"b" * 5, 1))
        self.assertEqual((finished["output_writes"], finished["output_length"]), (2, 15))

    def test_a_failure_is_told_before_the_end(self) -> None:
        told = self.told()

        def application(environ: Any, start_response: Any) -> Any:
            raise ValueError("in trouble")

        reply = ask(application)

        names = [name for name, _ in told]
        self.assertEqual(names, ["request_started", "request_exception", "request_finished"])
        kind, error, traceback = told[1][1]["exception_info"]
        self.assertEqual((kind, str(error)), (ValueError, "in trouble"))
        self.assertIsNotNone(traceback)
        self.assertEqual(told[2][1]["status"], 0)
        self.assertIn("in trouble", reply.text)

    def test_an_event_can_put_another_application_in_place(self) -> None:
        def loud(application: Any) -> Any:
            def middleware(environ: Any, start_response: Any) -> Iterator[bytes]:
                return (chunk.upper() for chunk in application(environ, start_response))

            return middleware

        @mod_wsgi.subscribe_events
        def install(name: str, **event: Any) -> Any:
            if name == "request_started":
                return {"application_object": loud(event["application_object"])}
            return None

        seen = self.told()
        reply = ask(answering([b"quiet"]))

        self.assertEqual(reply.body, b"QUIET")
        self.assertEqual(seen[0][1]["application_object"].__name__, "middleware")

    def test_a_subscriber_that_fails_changes_nothing(self) -> None:
        host = FakeHost()
        EVENTS.host = host

        @mod_wsgi.subscribe_events
        def fail(name: str, **event: Any) -> Any:
            if name == "request_finished":
                sys.exit(1)
            raise ValueError(f"no interest in {name}")

        reply = ask(answering([b"fine"]), host)

        self.assertEqual((reply.status, reply.body), ("200 OK", b"fine"))
        self.assertIn("no interest in request_started", "".join(host.texts("gateway")))
        self.assertIn("SystemExit: 1", "".join(host.texts("gateway")))

    def test_what_ends_a_request_is_not_a_subscribers_trouble(self) -> None:
        @mod_wsgi.subscribe_events
        def interrupt(name: str, **event: Any) -> Any:
            if name == "request_started":
                raise mod_wsgi.RequestTimeout

        reply = ask(answering([b"fine"]))

        self.assertEqual(reply.outcome & 15, 4)

    def test_the_end_of_the_interpreter_is_told_to_those_who_asked(self) -> None:
        told = self.told()
        ends: Told = []
        mod_wsgi.subscribe_shutdown(lambda name, **event: ends.append((name, event)))

        EVENTS.stop("maximum_requests")

        expected = [("process_stopping", {"shutdown_reason": "maximum_requests"})]
        self.assertEqual((told, ends), (expected, expected))


class Recording(Clean):
    def test_there_are_no_metrics_before_they_are_recorded(self) -> None:
        self.told()
        ask(answering([b"x"]))

        self.assertIsNone(mod_wsgi.request_metrics())
        self.assertIsNone(mod_wsgi.process_metrics())

    def test_an_interval_is_counted_once_and_the_process_for_ever(self) -> None:
        identify("g")
        mod_wsgi.start_recording_metrics()
        ask(answering([b"four"]))
        ask(answering([b"", b""], status="404 Not Found"))
        ask(lambda environ, start_response: None)
        first, second = mod_wsgi.request_metrics(), mod_wsgi.request_metrics()
        process_metrics = mod_wsgi.process_metrics()

        assert first is not None and second is not None and process_metrics is not None
        statuses = [first[f"status_{hundred}xx"] for hundred in range(1, 6)]
        self.assertEqual((first["request_count"], statuses), (3, [0, 1, 0, 1, 1]))
        self.assertEqual((first["output_bytes"], first["pid"]), (4, 7))
        self.assertEqual((first["server_time"], first["queue_time"]), (1.0, 2.0))
        self.assertEqual(first["queue_time_min_us"], 2_000_000)
        self.assertEqual(
            (sum(first["queue_time_buckets"]), len(first["queue_time_buckets"])), (3, 65)
        )
        self.assertEqual((second["request_count"], second["request_time_max_us"]), (0, None))
        self.assertEqual(process_metrics["request_count"], 3)
        self.assertEqual(process_metrics["threads"], [{"thread_id": 1, "request_count": 3}])

    def test_what_has_been_used_is_told_of_a_request_of_an_interval_and_of_the_process(
        self,
    ) -> None:
        host = EVENTS.host = FakeHost()
        host.computed, host.memory = [3_000_000, 1_000_000], 20 * 2**20
        told = self.told()
        mod_wsgi.start_recording_metrics()

        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            host.computed = [3_500_000, 1_250_000]
            start_response("200 OK", [])
            return [b"x"]

        ask(application)
        host.computed = [4_000_000, 2_000_000]
        now = time.time()
        while time.time() == now:  # an interval of no length has no utilization
            pass
        interval, process_metrics = mod_wsgi.request_metrics(), mod_wsgi.process_metrics()

        names = ("cpu_user_time", "cpu_system_time", "cpu_time")
        finished = dict(told)["request_finished"]
        self.assertEqual([finished[name] for name in names[:2]], [0.5, 0.25])
        assert interval is not None and process_metrics is not None
        self.assertEqual([interval[name] for name in names], [1.0, 1.0, 2.0])
        self.assertEqual([process_metrics[name] for name in names], [4.0, 2.0, 6.0])
        used = interval["cpu_utilization"] * interval["sample_period"]
        self.assertAlmostEqual(used, 2.0)
        for metrics in (interval, process_metrics):
            memory = [metrics["memory_rss"], metrics["memory_max_rss"]]
            self.assertEqual(memory, [20 * 2**20, 20 * 2**20])

    def test_an_interpreter_that_was_restored_begins_to_count_anew(self) -> None:
        host = EVENTS.host = FakeHost()
        mod_wsgi.start_recording_metrics()
        ask(answering([b"x"]))
        host.computed = [1_000_000, 0]

        EVENTS.follow().metrics.restart()
        interval, process_metrics = mod_wsgi.request_metrics(), mod_wsgi.process_metrics()

        assert interval is not None and process_metrics is not None
        counts = (interval["request_count"], process_metrics["request_count"])
        self.assertEqual((counts, interval["cpu_time"]), ((0, 0), 0.0))

    def test_nothing_is_counted_anew_that_was_not_counted(self) -> None:
        self.told()

        EVENTS.follow().metrics.restart()

        self.assertIsNone(mod_wsgi.process_metrics())

    def test_an_embedded_interpreter_has_no_queue(self) -> None:
        mod_wsgi.start_recording_metrics()
        embedded = {"mod_wsgi.queue_start": 0.0, "mod_wsgi.daemon_start": 0.0}
        ask(answering([b"x"]), **embedded)

        metrics = mod_wsgi.request_metrics()

        assert metrics is not None
        self.assertEqual((metrics["server_time"], metrics["queue_time"]), (3.0, None))

    def test_a_histogram_has_four_buckets_an_octave(self) -> None:
        rows = {0.0: 0, 0.0009: 0, 0.001: 0, 0.00125: 1, 0.0019: 3, 0.002: 4, 0.005: 9}
        rows |= {65.535: 63, 65.536: 64, 1e9: 64}

        self.assertEqual({seconds: bucket_of(seconds) for seconds in rows}, rows)


if __name__ == "__main__":
    unittest.main()
