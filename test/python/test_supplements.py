"""What the gateway adds to Python's library. Each test undoes what it put in place."""

import contextlib
import errno
import fcntl
import hashlib
import importlib
import importlib.resources
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import types
import unittest
import zoneinfo
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest import mock

from fake_host import FakeHost
from wasgi.supplements import (
    asgiref_sync,
    hashing,
    locks,
    processes,
    sleep,
    sockets,
    threads,
    time_zones,
)
from wasgi.supplements.after_import import AfterImport

LIMITS = r"\(wasgi, docs/limits\.md\)"


@unittest.skipUnless(hasattr(hashlib, "scrypt"), "this Python has nothing to compare with")
class Hashing(unittest.TestCase):
    """Every answer is compared with the one of the native library."""

    def setUp(self) -> None:
        self.native = (hashlib.pbkdf2_hmac, hashlib.scrypt)
        for name in ("pbkdf2_hmac", "scrypt"):
            patch = mock.patch.object(hashlib, name)
            patch.start()
            self.addCleanup(patch.stop)
        hashing.install(FakeHost())

    def same(self, index: int, *args: Any, **kwargs: Any) -> None:
        """Both answer alike: the same key, or the same type of error."""
        supplied = (hashlib.pbkdf2_hmac, hashlib.scrypt)[index]
        try:
            expected = self.native[index](*args, **kwargs)
        except Exception as error:
            with self.assertRaises(_public(error)):
                supplied(*args, **kwargs)
        else:
            self.assertEqual(supplied(*args, **kwargs), expected)

    def test_pbkdf2_gives_the_native_keys(self) -> None:
        for name in ("sha1", "sha256", "sha512", "md5", "SHA256", "sha3_256"):
            with self.subTest(name=name):
                self.same(0, name, b"password", b"salt", 3)
                self.same(0, name, b"password", b"salt", 3, 77)
        self.same(0, "sha256", bytearray(b"p"), memoryview(b"s"), 1, dklen=1)
        self.same(0, "sha256", b"", b"", 1, None)
        self.same(0, hash_name="sha256", password=b"p", salt=b"s", iterations=2)

    def test_pbkdf2_refuses_what_the_native_one_refuses(self) -> None:
        self.same(0, "nonsense", b"p", b"s", 1)
        self.same(0, "nonsense", b"p", b"s", 1, 8)
        self.same(0, b"sha256", b"p", b"s", 1)
        self.same(0, "sha256", "p", b"s", 1)
        self.same(0, "sha256", b"p", "s", 1)
        self.same(0, "sha256", b"p", None, 1)
        for rounds in (0, -1, 1.5, "1", None, 1 << 70, 1 << 40):
            with self.subTest(rounds=rounds):
                self.same(0, "sha256", b"p", b"s", rounds)
        for length in (0, -1, 1.5, "1", 1 << 70, 1 << 40):
            with self.subTest(length=length):
                self.same(0, "sha256", b"p", b"s", 1, length)
        self.same(0, "sha256", b"p", b"s")

    def test_scrypt_gives_the_native_keys(self) -> None:
        self.same(1, b"", salt=b"", n=16, r=1, p=1)
        self.same(1, b"password", salt=b"NaCl", n=1024, r=8, p=16, maxmem=64 << 20, dklen=10)
        self.same(1, bytearray(b"p"), salt=memoryview(b"s"), n=2, r=1, p=1)

    def test_scrypt_refuses_what_the_native_one_refuses(self) -> None:
        good: dict[str, Any] = {"salt": b"s", "n": 16, "r": 1, "p": 1}
        for name, values in {
            "n": (0, 1, 3, 16.0, "16", None, 1 << 20, 1 << 60),
            "r": (0, 1.5, None, 1 << 60),
            "p": (0, 1.5, None, 1 << 60),
            "maxmem": (-1, 1 << 40, 10, 1.5),
            "dklen": (0, -1, 1 << 40, 1.5),
            "salt": (None, "s", 5),
        }.items():
            for value in values:
                with self.subTest(name=name, value=value):
                    self.same(1, b"p", **{**good, name: value})
        self.same(1, "p", **good)
        self.same(1, b"p", n=16, r=1, p=1)

    def test_scrypt_refuses_numbers_that_are_not_unsigned(self) -> None:
        # Python 3.14 says ValueError here, earlier ones TypeError.
        for name in ("n", "r", "p"):
            with self.subTest(name=name), self.assertRaisesRegex(ValueError, "must be positive"):
                hashlib.scrypt(b"p", **{"salt": b"s", "n": 16, "r": 1, "p": 1, name: -2})
            with self.subTest(name=name), self.assertRaises(OverflowError):
                hashlib.scrypt(b"p", **{"salt": b"s", "n": 16, "r": 1, "p": 1, name: 1 << 70})

    def test_a_from_import_finds_them(self) -> None:
        from hashlib import pbkdf2_hmac, scrypt

        self.assertEqual((pbkdf2_hmac.__module__, scrypt.__module__), ("hashlib", "hashlib"))
        self.assertIn("pbkdf2_hmac", hashlib.__all__)


def _public(error: Exception) -> type[Exception]:
    """The type that people catch: OpenSSL has subclasses of its own."""
    return next(kind for kind in (OverflowError, ValueError, TypeError) if isinstance(error, kind))


class TimeZones(unittest.TestCase):
    def setUp(self) -> None:
        modules = set(sys.modules)
        path = mock.patch.object(sys, "path", [*sys.path, *time_zones.PATH])
        path.start()
        self.addCleanup(path.stop)
        native = zoneinfo.TZPATH
        zoneinfo.reset_tzpath(())
        self.addCleanup(zoneinfo.reset_tzpath, native)
        self.addCleanup(zoneinfo.ZoneInfo.clear_cache)
        self.addCleanup(lambda: [sys.modules.pop(m) for m in set(sys.modules) - modules])
        zoneinfo.ZoneInfo.clear_cache()

    def test_every_zone_is_there_without_any_on_the_host(self) -> None:
        zones = zoneinfo.available_timezones()

        self.assertGreater(len(zones), 590)
        for name in ("UTC", "Europe/Prague", "America/Argentina/Buenos_Aires", "Asia/Kolkata"):
            self.assertIn(name, zones)
            self.assertEqual(zoneinfo.ZoneInfo(name).key, name)

    def test_the_data_can_be_read_as_resources(self) -> None:
        resource = importlib.resources.files("tzdata.zoneinfo").joinpath("UTC")

        self.assertEqual(resource.read_bytes()[:4], b"TZif")

    def test_the_licence_lies_beside_the_wheel(self) -> None:
        folder = Path(time_zones.PATH[0]).parent

        self.assertIn("Apache", (folder / "tzdata.LICENSE").read_text())


class Locks(unittest.TestCase):
    def setUp(self) -> None:
        patch = mock.patch.object(fcntl, "flock")
        patch.start()
        self.addCleanup(patch.stop)
        self.host = FakeHost()
        locks.install(self.host)

    def test_a_lock_is_asked_of_the_host(self) -> None:
        with tempfile.TemporaryFile() as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            fcntl.flock(file.fileno(), fcntl.LOCK_UN)

            self.assertEqual(
                self.host.locked, [(file.fileno(), fcntl.LOCK_EX), (file.fileno(), fcntl.LOCK_UN)]
            )

    def test_a_lock_that_another_has_is_a_blockingioerror(self) -> None:
        self.host.lock_answer = errno.EAGAIN

        with self.assertRaises(BlockingIOError):
            fcntl.flock(5, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def test_what_is_no_file_is_refused(self) -> None:
        for file, error in (
            (-1, ValueError),
            ("x", TypeError),
            (None, TypeError),
            (1.5, TypeError),
        ):
            with self.subTest(file=file), self.assertRaises(error):
                fcntl.flock(file, fcntl.LOCK_EX)  # type: ignore[arg-type]
        with self.assertRaises(TypeError):
            fcntl.flock(1, "x")  # type: ignore[arg-type]


class Sleep(unittest.TestCase):
    def setUp(self) -> None:
        for name in ("sleep", "monotonic"):
            patch = mock.patch.object(time, name)
            patch.start()
            self.addCleanup(patch.stop)
        self.now = 0.0
        time.monotonic = lambda: self.now
        self.host = FakeHost()
        self.host.on_suspend = self.pass_time
        sleep.install(self.host)

    def pass_time(self, ms: float) -> int:
        self.now += ms / 1000
        return 0

    def test_it_suspends_for_as_long_as_it_was_asked(self) -> None:
        time.sleep(1.5)
        time.sleep(2)
        time.sleep(True)

        self.assertEqual(self.host.slept, [1500, 2000, 1000])

    def test_nothing_is_a_chance_for_others(self) -> None:
        time.sleep(0)

        self.assertEqual(self.host.slept, [0])

    def test_it_goes_back_to_sleep_when_it_was_woken_too_soon(self) -> None:
        def early(ms: float) -> int:
            self.host.on_suspend = self.pass_time
            self.now += 0.4
            return 1

        self.host.on_suspend = early

        time.sleep(1)

        self.assertEqual(self.host.slept, [1000, 600])

    def test_more_than_a_timer_can_take_is_slept_in_parts(self) -> None:
        time.sleep(60 * 86400)

        self.assertEqual(self.now, 60 * 86400)
        self.assertGreater(len(self.host.slept), 1)

    def test_it_refuses_what_pythons_own_refuses(self) -> None:
        for length, error in ((-1, ValueError), (-0.1, ValueError), (float("nan"), ValueError),
                              ("1", TypeError), (None, TypeError), (1j, TypeError)):  # fmt: skip
            with self.subTest(length=length), self.assertRaises(error):
                time.sleep(length)  # type: ignore[arg-type]


class Refusals(unittest.TestCase):
    def patched(self, owner: Any, *names: str) -> None:
        for name in names:
            if hasattr(owner, name):
                patch = mock.patch.object(owner, name, getattr(owner, name))
                patch.start()
                self.addCleanup(patch.stop)

    def test_a_thread_that_is_started_says_that_there_are_none(self) -> None:
        import _thread

        self.patched(threading, "_start_new_thread", "_start_joinable_thread")
        self.patched(_thread, "start_new_thread", "start_new", "start_joinable_thread")
        threads.install()

        for start in (
            lambda: threading.Thread(target=print).start(),
            lambda: threading.Timer(1, print).start(),
            lambda: _thread.start_new_thread(print, ()),
            lambda: ThreadPoolExecutor().submit(print),
        ):
            with self.assertRaisesRegex(RuntimeError, f"can't start new thread.*{LIMITS}"):
                start()
        self.assertEqual(threading.enumerate(), [threading.main_thread()])

    def test_a_process_that_is_started_says_that_there_are_none(self) -> None:
        self.patched(os, "fork", "forkpty", "posix_spawn", "posix_spawnp", "execv", "execve")
        self.patched(os, "system")
        self.patched(subprocess.Popen, "__init__")
        finders = mock.patch.object(sys, "meta_path", list(sys.meta_path))
        finders.start()
        self.addCleanup(finders.stop)
        processes.install()

        for start in (
            os.fork,
            lambda: os.system("true"),
            lambda: os.popen("true"),
            lambda: os.execl("/bin/true", "true"),
            lambda: os.spawnl(os.P_WAIT, "/bin/true", "true"),
            lambda: subprocess.run(["true"], check=True),
            lambda: subprocess.check_output("true", shell=True),
        ):
            with self.assertRaisesRegex(
                OSError, f"processes cannot be started.*{LIMITS}"
            ) as caught:
                start()
            self.assertEqual(caught.exception.errno, errno.ENOTSUP)

    def test_a_pool_of_processes_says_that_there_are_none(self) -> None:
        module = types.SimpleNamespace()

        processes._limit_pool(module)

        self.assertTrue(module._system_limits_checked)
        self.assertRegex(module._system_limited, LIMITS)

    def test_multiprocessing_says_what_is_missing(self) -> None:
        with (
            mock.patch.object(sys, "meta_path", [processes.NoMultiprocessing(), *sys.meta_path]),
            mock.patch.dict(sys.modules),
            self.assertRaisesRegex(ImportError, f"multiprocessing needs processes.*{LIMITS}"),
        ):
            sys.modules.pop("_multiprocessing", None)
            importlib.import_module("_multiprocessing")

    def test_a_socket_leads_nowhere_and_says_so(self) -> None:
        for name in ("connect", "connect_ex", "sendto", "sendmsg", "bind", "listen"):
            self.patched(socket.socket, name)
        sockets.install()

        with contextlib.closing(socket.socket()) as sock:
            for call in (
                lambda: sock.connect(("127.0.0.1", 1)),
                lambda: sock.sendto(b"", ("127.0.0.1", 1)),
                lambda: socket.create_connection(("127.0.0.1", 1)),
            ):
                with self.assertRaisesRegex(OSError, f"no network {LIMITS}") as caught:
                    call()
                self.assertEqual(caught.exception.errno, errno.ENETUNREACH)
            self.assertEqual(sock.connect_ex(("127.0.0.1", 1)), errno.ENETUNREACH)
            for call in (lambda: sock.bind(("127.0.0.1", 0)), sock.listen):
                with self.assertRaisesRegex(OSError, f"the server does that {LIMITS}"):
                    call()


class Imports(unittest.TestCase):
    def setUp(self) -> None:
        for patch in (
            mock.patch.object(sys, "meta_path", list(sys.meta_path)),
            mock.patch.object(sys, "path", list(sys.path)),
            mock.patch.dict(sys.modules),
        ):
            patch.start()
            self.addCleanup(patch.stop)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        sys.path.insert(0, folder.name)

    def test_a_module_is_changed_after_its_first_import(self) -> None:
        (self.folder / "after_a.py").write_text("value = 1\n")
        AfterImport("after_a", lambda module: setattr(module, "value", module.value + 1)).install()

        module = importlib.import_module("after_a")

        self.assertEqual(module.value, 2)
        self.assertNotIn("exec_module", vars(module.__loader__))

    def test_a_module_that_is_there_already_is_changed_at_once(self) -> None:
        module: Any = types.ModuleType("after_b")
        sys.modules["after_b"] = module

        AfterImport("after_b", lambda module: setattr(module, "value", 1)).install()

        self.assertEqual(module.value, 1)

    def test_others_are_left_alone_and_a_missing_one_stays_missing(self) -> None:
        (self.folder / "after_c.py").write_text("value = 1\n")
        seen: list[Any] = []
        AfterImport("after_d", seen.append).install()

        self.assertEqual(importlib.import_module("after_c").value, 1)
        with self.assertRaises(ModuleNotFoundError):
            importlib.import_module("after_d")
        self.assertEqual(seen, [])

    def test_asgiref_gets_an_executor_that_runs_at_once(self) -> None:
        sync_to_async = type("SyncToAsync", (), {"threadlocal": threading.local()})
        sync = types.SimpleNamespace(SyncToAsync=sync_to_async, ThreadPoolExecutor=None)

        asgiref_sync.adapt(sync)
        executor: Any = sync.ThreadPoolExecutor(max_workers=1)
        sync_to_async.threadlocal.main_event_loop = object()
        sync_to_async.threadlocal.task_context = 5

        self.assertEqual(executor.submit(divmod, 7, 2).result(), (3, 1))
        with self.assertRaises(ZeroDivisionError):
            executor.submit(divmod, 7, 0).result()
        self.assertIsNone(sync_to_async.threadlocal.main_event_loop)
        self.assertEqual(sync_to_async.threadlocal.task_context, 5)


if __name__ == "__main__":
    unittest.main()
