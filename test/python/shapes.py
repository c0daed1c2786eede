"""Applications of the shapes that the tests need again and again."""

from collections.abc import Iterator
from typing import Any

PLAIN = [("Content-Type", "text/plain")]


class Closing:
    """An iterable that counts what is done to it."""

    def __init__(self, chunks: list[Any], error: BaseException | None = None) -> None:
        self.chunks = chunks
        self.error = error
        self.closed = 0
        self.asked = 0

    def __iter__(self) -> Iterator[Any]:
        for chunk in self.chunks:
            self.asked += 1
            if isinstance(chunk, BaseException):
                raise chunk
            yield chunk

    def close(self) -> None:
        self.closed += 1
        if self.error is not None:
            raise self.error


def answering(result: Any, headers: Any = PLAIN, status: str = "200 OK") -> Any:
    def application(environ: dict[str, Any], start_response: Any) -> Any:
        start_response(status, headers)
        return result

    return application
