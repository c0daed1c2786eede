"""What a version of a package can come from: a wheel, a listed source archive, or the target folder
itself, where it is installed already.
"""

import io
from collections.abc import Collection
from dataclasses import dataclass, field

from packaging.version import Version

from .failures import IndexUnreachable
from .host import progress
from .index import Index
from .optional_extensions import OptionalExtension
from .pages import ProjectFile
from .project_metadata import (
    ProjectMetadata,
    check_identity,
    parse_metadata,
    read_wheel_metadata,
)
from .remote_zip import RangesUnavailable
from .source_archive import SourceArchive


@dataclass(eq=False)
class Installed:
    """A version that is in the target folder."""

    folder: str
    metadata: ProjectMetadata

    @property
    def version(self) -> Version:
        """The version that is there."""
        return self.metadata.version


@dataclass(eq=False)
class Wheel:
    """A wheel that runs here."""

    index: Index
    name: str
    version: Version
    file: ProjectFile
    rank: tuple[int, tuple[int, str] | tuple[()]] = (0, ())
    """Smaller is more specific; then the build number, where larger is newer."""
    asked: Collection[str] = ()
    direct: bool = False
    _metadata: ProjectMetadata | None = None

    @property
    def metadata(self) -> ProjectMetadata:
        """The wheel's METADATA; from the index where it offers that, else out of the wheel."""
        if self._metadata is None:
            self._metadata = self._read_metadata()
        return self._metadata

    @property
    def data(self) -> bytes:
        """The whole file."""
        if not self.index.has(self.file):
            progress("downloading", self.name, str(self.version), self.file.filename)
        return self.index.download(self.file, self.asked)

    def _read_metadata(self) -> ProjectMetadata:
        if self.file.metadata is not None:
            text = self.index.download_metadata(self.file)
        else:
            text = self._metadata_inside()
        metadata = parse_metadata(text)
        check_identity(metadata, self.name, self.version)
        return metadata

    def _metadata_inside(self) -> bytes:
        if not self.direct and not self.index.is_first(self.name):
            progress("resolving", self.name, str(self.version))
            try:
                return read_wheel_metadata(self.index.open_part(self.file), self.name)
            except (RangesUnavailable, IndexUnreachable):
                pass  # then all of it
        return read_wheel_metadata(io.BytesIO(self.data), self.name)


@dataclass(eq=False)
class Sdist:
    """A source archive of a package whose extension is optional (optional_extensions.py)."""

    index: Index
    name: str
    version: Version
    file: ProjectFile
    recipe: OptionalExtension
    asked: Collection[str] = ()
    _archive: SourceArchive | None = field(default=None, repr=False)
    _metadata: ProjectMetadata | None = None

    @property
    def metadata(self) -> ProjectMetadata:
        """The archive's PKG-INFO."""
        if self._metadata is None:
            metadata = parse_metadata(self.archive.package_info())
            check_identity(metadata, self.name, self.version)
            self._metadata = metadata
        return self._metadata

    @property
    def archive(self) -> SourceArchive:
        """The archive, downloaded and listed once."""
        if self._archive is None:
            progress("downloading", self.name, str(self.version), self.file.filename)
            data = self.index.download(self.file, self.asked)
            self._archive = SourceArchive(self.file.filename, data)
        return self._archive


Source = Installed | Wheel | Sdist
