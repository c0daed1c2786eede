"""The package indexes as one: pages of projects and the files they name."""

from collections.abc import Iterable, Sequence

from .digests import verify, verify_asked
from .failures import IndexUnreachable, PackageIntegrity
from .host import Fetcher
from .pages import PageError, ProjectFile, parse_page
from .remote_zip import RemoteFile

_ABSENT = (404, 410)
_CACHE_BYTES = 128 * 2**20
_EARLY_PAGES = 8
"""How many pages are asked for before they are needed; each is held until it is."""


class Index:
    """All configured indexes. Their files count alike, as they do for pip."""

    def __init__(self, urls: Sequence[str], fetcher: Fetcher) -> None:
        self._urls = urls
        self._fetcher = fetcher
        self._pages: dict[str, list[ProjectFile] | None] = {}
        self._files: dict[str, bytes] = {}
        self._looked_at: set[str] = set()

    @property
    def shown(self) -> str:
        """The indexes as a message names them."""
        return " or ".join(self._urls) or "any index, as pip is configured with no-index"

    def prefetch(self, names: Iterable[str]) -> None:
        """Begin to fetch pages that will be needed soon."""
        missing = [name for name in names if name not in self._pages]
        for name in missing[:_EARLY_PAGES]:
            for url in self._urls:
                self._fetcher.begin(f"{url}/{name}/", "page")

    def files(self, name: str) -> list[ProjectFile] | None:
        """All files of a project, or None where no index has such a project."""
        if name not in self._pages:
            self._pages[name] = self._load(name)
        return self._pages[name]

    def _load(self, name: str) -> list[ProjectFile] | None:
        found: list[ProjectFile] | None = None
        for url in self._urls:
            page_url = f"{url}/{name}/"
            reply = self._fetcher.get(page_url, "page")
            if reply.status in _ABSENT:
                continue
            if reply.status != 200:
                raise IndexUnreachable(page_url, f"it answered with status {reply.status}")
            try:
                files = parse_page(reply.body, reply.content_type, reply.url, name)
            except PageError as error:
                raise IndexUnreachable(page_url, str(error)) from error
            found = [*(found or []), *files]
        return found

    def download(self, file: ProjectFile, asked: Iterable[str] = ()) -> bytes:
        """A file of the index, checked against its page and the operator's `--hash` values."""
        if file.url in self._files:
            return self._files[file.url]
        data = self._body(file.url)
        verify(file.filename, data, file.hashes)
        verify_asked(file.filename, data, frozenset(asked))
        self._keep(file.url, data)
        return data

    def has(self, file: ProjectFile) -> bool:
        """Whether `download` has it at hand."""
        return file.url in self._files

    def _keep(self, url: str, data: bytes) -> None:
        """Hold files for when they are unpacked; a long search must not fill the memory."""
        self._files[url] = data
        while len(self._files) > 1 and sum(map(len, self._files.values())) > _CACHE_BYTES:
            self._files.pop(next(iter(self._files)))

    def is_first(self, name: str) -> bool:
        """Whether no version of the project was looked into before: then it is likely chosen."""
        first = name not in self._looked_at
        self._looked_at.add(name)
        return first

    def open_part(self, file: ProjectFile) -> RemoteFile:
        """A file of the index to read a little of; nothing of it is verified."""
        return RemoteFile(lambda part: self._fetcher.get(file.url, f"range:{part}"))

    def download_metadata(self, file: ProjectFile) -> bytes:
        """The metadata file that lies beside a wheel (PEP 658)."""
        data = self._body(f"{file.url}.metadata")
        verify(f"{file.filename}.metadata", data, file.metadata or {})
        return data

    def _body(self, url: str) -> bytes:
        reply = self._fetcher.get(url, "file")
        if reply.status in _ABSENT:
            raise PackageIntegrity(url, "the index names this file, but does not have it")
        if reply.status != 200:
            raise IndexUnreachable(url, f"it answered with status {reply.status}")
        return reply.body
