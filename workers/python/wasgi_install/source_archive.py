"""Reads a source archive as a bag of regular files. Links and everything else in it are ignored."""

import io
import tarfile
import zipfile
from collections.abc import Iterator

from .failures import PackageIntegrity

_MAX_BYTES = 256 * 2**20
_FORMATS = (".tar.gz", ".tgz", ".zip")


def is_source_archive(filename: str) -> bool:
    """Tell by its name whether a file is a source archive that this module reads."""
    return filename.endswith(_FORMATS)


class SourceArchive:
    """The files below an archive's one top folder, by their paths in it."""

    def __init__(self, filename: str, data: bytes) -> None:
        self._filename = filename
        try:
            reader = _zip_files if filename.endswith(".zip") else _tar_files
            self._files = {
                path.partition("/")[2]: content
                for path, content in _bounded(reader(data), filename)
                if "/" in path
            }
        except (tarfile.TarError, zipfile.BadZipFile, OSError, EOFError) as error:
            raise PackageIntegrity(filename, f"it cannot be unpacked ({error})") from error

    def package_info(self) -> bytes:
        """The archive's PKG-INFO."""
        info = self._files.get("PKG-INFO")
        if info is None:
            raise PackageIntegrity(self._filename, "it has no PKG-INFO")
        return info

    def below(self, folder: str) -> Iterator[tuple[str, bytes]]:
        """Files of a folder, by their paths relative to it."""
        prefix = f"{folder}/"
        for path, content in self._files.items():
            if path.startswith(prefix):
                yield path.removeprefix(prefix), content

    def licences(self) -> Iterator[tuple[str, bytes]]:
        """Licence files at the archive's top."""
        for path, content in self._files.items():
            if "/" not in path and path.upper().startswith(("LICEN", "COPY", "NOTICE")):
                yield path, content


def _bounded(files: Iterator[tuple[str, int, bytes]], filename: str) -> Iterator[tuple[str, bytes]]:
    total = 0
    for path, size, content in files:
        total += size
        if total > _MAX_BYTES:
            raise PackageIntegrity(filename, f"it unpacks to more than {_MAX_BYTES} bytes")
        yield path, content


def _tar_files(data: bytes) -> Iterator[tuple[str, int, bytes]]:
    # Streamed, so that a bomb is noticed before it is all in memory.
    with tarfile.open(fileobj=io.BytesIO(data), mode="r|gz") as archive:
        for member in archive:
            if member.size > _MAX_BYTES:
                yield member.name, member.size, b""
            if member.isreg():
                content = archive.extractfile(member)
                yield member.name, member.size, content.read() if content else b""


def _zip_files(data: bytes) -> Iterator[tuple[str, int, bytes]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for member in archive.infolist():
            if member.file_size > _MAX_BYTES:
                yield member.filename, member.file_size, b""
            if not member.is_dir():
                yield member.filename, member.file_size, archive.read(member)
