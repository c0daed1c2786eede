"""Writes a chosen package to the staging folder, with the record that an uninstaller needs."""

import base64
import csv
import hashlib
import io
import json
import stat
import zipfile
import zlib
from collections.abc import Iterator

from .failures import PackageIntegrity
from .host import progress, write
from .paths import fault_of
from .project_metadata import (
    MetadataError,
    check_identity,
    dist_info_folder,
    parse_metadata,
)
from .sources import Sdist, Wheel

_MAX_BYTES = 1024 * 2**20
_SOURCES_OF_EXTENSIONS = (".c", ".h", ".pyx", ".pxd", ".so", ".pyd", ".pyc")
# Where the parts of `NAME.data` go; headers are of no use without a compiler.
_DATA_FOLDERS = {"purelib": "", "platlib": "", "data": "", "scripts": "bin/", "headers": None}
_WHEEL_FILE = "Wheel-Version: 1.0\nGenerator: wasgi\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


class _Writer:
    """Writes the files of one package and remembers them for its RECORD."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._rows: list[tuple[str, str, str]] = []

    def add(self, path: str, data: bytes, *, executable: bool = False) -> None:
        write(f"{self._folder}/{path}", data, executable=executable)
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        self._rows.append((path, f"sha256={digest}", str(len(data))))

    def finish(self, dist_info: str, *, requested: bool, url: str | None) -> None:
        self.add(f"{dist_info}/INSTALLER", b"wasgi\n")
        if requested:
            self.add(f"{dist_info}/REQUESTED", b"")
        if url is not None:
            record = json.dumps({"url": url, "archive_info": {}})  # PEP 610
            self.add(f"{dist_info}/direct_url.json", record.encode())
        text = io.StringIO(newline="")
        rows = [*self._rows, (f"{dist_info}/RECORD", "", "")]
        csv.writer(text, lineterminator="\n").writerows(rows)
        write(f"{self._folder}/{dist_info}/RECORD", text.getvalue().encode())


def unpack(source: Wheel | Sdist, folder: str, *, requested: bool) -> None:
    """Write a package below `folder` of the staging folder."""
    if isinstance(source, Sdist):
        _unpack_sdist(source, folder, requested=requested)
        return
    try:
        _unpack_wheel(source, folder, requested=requested)
    except MetadataError as error:
        raise PackageIntegrity(source.file.filename, str(error)) from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, KeyError) as error:
        reason = f"it cannot be unpacked ({error})"
        raise PackageIntegrity(source.file.filename, reason) from error


def _unpack_wheel(wheel: Wheel, folder: str, *, requested: bool) -> None:
    writer = _Writer(folder)
    with zipfile.ZipFile(io.BytesIO(wheel.data)) as archive:
        members = list(_members(archive, wheel.file.filename))
        dist_info = dist_info_folder(archive, wheel.name)
        _check_wheel_version(archive.read(f"{dist_info}/WHEEL"))
        # What was resolved with may have come from beside the wheel; what counts is inside of it.
        metadata = parse_metadata(archive.read(f"{dist_info}/METADATA"))
        check_identity(metadata, wheel.name, wheel.version)
        if metadata.requires != wheel.metadata.requires:
            raise MetadataError("it requires other packages than the index said")
        data_folder = f"{dist_info.removesuffix('.dist-info')}.data/"
        ours = {f"{dist_info}/{name}" for name in ("RECORD", "INSTALLER", "REQUESTED")}
        for member in members:
            path = _target_path(member.filename, data_folder)
            if path is None or path in ours or path == f"{dist_info}/direct_url.json":
                continue
            executable = bool((member.external_attr >> 16) & 0o111)
            writer.add(path, archive.read(member), executable=executable)
    url = wheel.file.url if wheel.direct and not wheel.file.url.startswith("local:") else None
    writer.finish(dist_info, requested=requested, url=url)


def _members(archive: zipfile.ZipFile, filename: str) -> Iterator[zipfile.ZipInfo]:
    """The files of a wheel, after all of them were looked at."""
    total = 0
    for member in archive.infolist():
        fault = fault_of(member.filename.removesuffix("/"))
        if fault is None and stat.S_ISLNK(member.external_attr >> 16):
            fault = f"it holds the symbolic link {member.filename!r}"
        total += member.file_size
        if fault is None and total > _MAX_BYTES:
            fault = f"it unpacks to more than {_MAX_BYTES} bytes"
        if fault is not None:
            raise PackageIntegrity(filename, fault)
    yield from (member for member in archive.infolist() if not member.is_dir())


def _check_wheel_version(text: bytes) -> None:
    for line in text.decode("utf-8", "replace").splitlines():
        name, _, value = line.partition(":")
        if name.strip().lower() == "wheel-version":
            if value.strip().partition(".")[0] != "1":
                raise MetadataError(f"its wheel format {value.strip()} is not known")
            return
    raise MetadataError("its WHEEL file has no Wheel-Version")


def _target_path(path: str, data_folder: str) -> str | None:
    if not path.startswith(data_folder):
        return path
    scheme, _, rest = path.removeprefix(data_folder).partition("/")
    if scheme not in _DATA_FOLDERS or rest == "":
        raise MetadataError(f"it holds {path!r}, whose place is not known")
    prefix = _DATA_FOLDERS[scheme]
    return None if prefix is None else prefix + rest


def _unpack_sdist(sdist: Sdist, folder: str, *, requested: bool) -> None:
    """Copy what the table names out of a source archive, and write a `.dist-info` for it."""
    progress("building", sdist.name, str(sdist.version), "plain Python of its source archive")
    writer = _Writer(folder)
    count = 0
    for source_folder, target_folder in sdist.recipe.copies:
        for path, content in sdist.archive.below(source_folder):
            if path.endswith(_SOURCES_OF_EXTENSIONS):
                continue
            fault = fault_of(path)
            if fault is not None:
                raise PackageIntegrity(sdist.file.filename, fault)
            writer.add(f"{target_folder}/{path}", content)
            count += 1
    if count == 0:
        raise PackageIntegrity(sdist.file.filename, "its layout is not the one that is known")
    dist_info = f"{sdist.name.replace('-', '_')}-{sdist.version}.dist-info"
    writer.add(f"{dist_info}/METADATA", sdist.archive.package_info())
    writer.add(f"{dist_info}/WHEEL", _WHEEL_FILE.encode())
    for name, content in sdist.archive.licences():
        writer.add(f"{dist_info}/licenses/{name}", content)
    writer.finish(dist_info, requested=requested, url=None)
