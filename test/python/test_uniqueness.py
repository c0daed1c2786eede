"""Random numbers: what is counted, and that no copy of a memory goes on where another does."""

import os
import random
import secrets
import sys
import tempfile
import types
import unittest
import uuid
from typing import Any
from unittest import mock

import fake_host  # noqa: F401 - puts the package on the module path
from wasgi import uniqueness

urandom = os.urandom


class Counting(unittest.TestCase):
    def setUp(self) -> None:
        self.native = (os.urandom, random.Random.seed)
        uniqueness.start_counting()
        self.addCleanup(uniqueness.stop_counting)

    def run_as(self, file: str, text: str, **names: Any) -> dict[str, Any]:
        """Run `text` as the module of a file."""
        space: dict[str, Any] = {"__name__": os.path.basename(file)[:-3], **names}
        exec(compile(text, file, "exec"), space)
        return space

    def test_every_way_to_a_secret_is_counted_where_it_was_asked_for(self) -> None:
        for text in (
            "import os; os.urandom(4)",
            "from os import urandom; urandom(4)",
            "import secrets; secrets.token_bytes()",
            "import secrets; secrets.token_hex(8)",
            "import secrets; secrets.token_urlsafe()",
            "import secrets; secrets.choice('abc')",
            "import uuid; uuid.uuid4()",
            "import random; random.SystemRandom().random()",
        ):
            with self.subTest(text=text):
                uniqueness.start_counting()

                self.run_as("/app/shop.py", f"\n\n{text}\n")

                where = [draw["where"] for draw in uniqueness.draws()]
                self.assertEqual(where, ["shop (/app/shop.py:3)"])

    def test_draws_of_one_place_are_added(self) -> None:
        text = "import os\nfor _ in range(3):\n    os.urandom(1)\nos.urandom(1)\n"

        self.run_as("/srv/shop.py", text)

        self.assertEqual(
            uniqueness.draws(),
            [
                {"where": "shop (/srv/shop.py:3)", "count": 3},
                {"where": "shop (/srv/shop.py:4)", "count": 1},
            ],
        )

    def test_a_package_that_draws_is_named_not_who_imported_it(self) -> None:
        package = self.run_as(
            "/lib/site-packages/signer.py", "def key():\n return __import__('os').urandom(8)\n"
        )

        self.run_as("/app/shop.py", "key()", key=package["key"])

        self.assertEqual(
            [draw["where"] for draw in uniqueness.draws()],
            ["signer (/lib/site-packages/signer.py:2)"],
        )

    def test_random_numbers_that_are_seeded_anew_are_no_draw(self) -> None:
        random.random()
        random.seed()
        random.Random().choice("abc")
        tempfile._RandomNameSequence().rng.random()  # type: ignore[attr-defined]

        self.assertEqual(uniqueness.draws(), [])

    def test_a_name_that_was_imported_before_is_counted_too(self) -> None:
        urandom(4)

        self.assertEqual([draw["count"] for draw in uniqueness.draws()], [1])

    def test_afterwards_everything_is_as_it_was(self) -> None:
        kept = self.run_as("/app/shop.py", "from os import urandom as kept")["kept"]
        self.assertIsNot(os.urandom, self.native[0])

        uniqueness.stop_counting()

        self.assertEqual((os.urandom, random.Random.seed), self.native)
        self.assertIs(urandom, self.native[0])
        self.assertIs(random._urandom, self.native[0])  # type: ignore[attr-defined]
        self.assertEqual((len(kept(4)), len(os.urandom(4)), len(secrets.token_hex(4))), (4, 4, 8))
        self.assertEqual(uniqueness.draws(), [])

    def test_what_multiprocessing_draws_for_itself_is_no_warning(self) -> None:
        self.run_as("/lib/process.py", "import os; os.urandom(4)")
        space = {"__name__": "multiprocessing.process"}
        exec("import os; os.urandom(4)", space)

        self.assertEqual(
            [draw["where"] for draw in uniqueness.draws()], ["process (/lib/process.py:1)"]
        )


class Seeding(unittest.TestCase):
    def setUp(self) -> None:
        uniqueness.start_counting()
        self.addCleanup(uniqueness.stop_counting)
        self.addCleanup(random.seed)
        self.addCleanup(setattr, uniqueness._State, "generators", ())

    def copies(self, *generators: Any) -> list[tuple[Any, ...]]:
        """What two copies of this memory draw from each."""
        uniqueness.find_generators()
        uniqueness.stop_counting()
        states = [(generator, generator.getstate()) for generator in generators]
        drawn = []
        for _ in range(2):
            for generator, state in states:
                generator.setstate(state)
            uniqueness.reseed()
            drawn.append([generator.random() for generator in generators])
        return list(zip(*drawn, strict=True))

    def test_the_functions_of_random_differ(self) -> None:
        random.seed(42)  # whatever the application did to them
        state = random.getstate()
        uniqueness.find_generators()

        drawn = set()
        for _ in range(3):
            random.setstate(state)
            uniqueness.reseed()
            drawn.add((random.random(), random.gauss(0, 1)))

        self.assertEqual(len(drawn), 3)

    def test_generators_that_somebody_holds_differ(self) -> None:
        class Dice(random.Random):
            pass

        held = {"a": [random.Random()], "b": Dice(), "c": random.Random(None)}

        for first, second in self.copies(held["a"][0], held["b"], held["c"]):  # type: ignore[index]
            self.assertNotEqual(first, second)

    def test_one_that_was_seeded_on_purpose_stays(self) -> None:
        constructed, seeded, undone = random.Random(42), random.Random(), random.Random(7)
        seeded.seed("levels", version=1)
        undone.seed()

        (one, two, three) = self.copies(constructed, seeded, undone)

        self.assertEqual((one[0], two[0]), (one[1], two[1]))
        self.assertEqual(one[0], random.Random(42).random())
        self.assertNotEqual(*three)

    def test_one_that_cannot_be_seeded_does_not_keep_the_others_from_it(self) -> None:
        class Stubborn(random.Random):
            __hash__ = None  # type: ignore[assignment]

            def seed(self, a: Any = None, *more: Any) -> None:
                if uniqueness._State.generators:
                    raise TypeError("a seed is needed")
                super().seed(a)

        stubborn, other = Stubborn(), random.Random()

        first, second = self.copies(other)[0]

        self.assertNotEqual(first, second)
        del stubborn

    def test_a_generator_is_not_kept_alive(self) -> None:
        generator = random.Random()
        uniqueness.find_generators()
        count = len(uniqueness._State.generators)
        del generator

        uniqueness.reseed()

        self.assertGreater(count, sum(ref() is not None for ref in uniqueness._State.generators))

    def test_nothing_is_looked_for_when_it_must_be_fast(self) -> None:
        uniqueness.find_generators()

        with mock.patch.object(uniqueness, "gc", None):
            uniqueness.reseed()


class Renewing(unittest.TestCase):
    def test_uuids_forget_the_node_and_the_counter(self) -> None:
        for name in ("_node", "_last_timestamp", "_last_timestamp_v7"):
            if hasattr(uuid, name):
                patch = mock.patch.object(uuid, name, 123)
                patch.start()
                self.addCleanup(patch.stop)

        uniqueness.reseed()

        self.assertIsNone(uuid._node)  # type: ignore[attr-defined]
        self.assertIsNone(uuid._last_timestamp)  # type: ignore[attr-defined]
        self.assertIsNone(getattr(uuid, "_last_timestamp_v7", None))

    @unittest.skipUnless(hasattr(uuid, "uuid7"), "since Python 3.14")
    def test_ordered_uuids_of_two_copies_differ(self) -> None:
        uuid.uuid7()  # type: ignore[attr-defined]
        state = (uuid._last_timestamp_v7, uuid._last_counter_v7)  # type: ignore[attr-defined]

        tails = set()
        for _ in range(2):
            uuid._last_timestamp_v7, uuid._last_counter_v7 = state  # type: ignore[attr-defined]
            uniqueness.reseed()
            tails.add(uuid.uuid7().int & ((1 << 74) - 1))  # type: ignore[attr-defined]

        self.assertEqual(len(tails), 2)

    def test_names_of_temporary_files_differ(self) -> None:
        tempfile._get_candidate_names()  # type: ignore[attr-defined]
        sequence = tempfile._name_sequence  # type: ignore[attr-defined]

        uniqueness.reseed()

        self.assertIsNot(tempfile._get_candidate_names(), sequence)  # type: ignore[attr-defined]

    def test_numpy_is_seeded_if_it_is_there_and_may_fail(self) -> None:
        for failure in (None, RuntimeError("no")):
            numpy = types.ModuleType("numpy.random")
            seed = mock.Mock(side_effect=failure)
            numpy.seed = seed  # type: ignore[attr-defined]

            with mock.patch.dict(sys.modules, {"numpy.random": numpy}):
                uniqueness.reseed()

            seed.assert_called_once_with()

    def test_multiprocessings_secret_is_renewed(self) -> None:
        from multiprocessing import process

        before = process.current_process().authkey

        uniqueness.reseed()

        after = process.current_process().authkey
        self.assertNotEqual(before, after)
        self.assertEqual((len(after), type(after)), (32, process.AuthenticationString))  # type: ignore[attr-defined]

    def test_what_is_not_loaded_is_not_loaded_for_it(self) -> None:
        absent = ("uuid", "tempfile", "numpy.random", "multiprocessing.process")
        with mock.patch.dict(sys.modules):
            for name in absent:
                sys.modules.pop(name, None)

            uniqueness.reseed()

            self.assertEqual([name for name in absent if name in sys.modules], [])


if __name__ == "__main__":
    unittest.main()
