"""Why an installation cannot be: one exception class for each row of the host's error table."""


class InstallFailure(Exception):
    """Ends the installation. `code` and `texts` are what the host's error table needs."""

    code = "WASGI_ERR_INTERNAL"

    def __init__(self, *texts: str) -> None:
        super().__init__(": ".join(texts))
        self.texts = texts


class PackageNotFound(InstallFailure):
    """No index has the package, or none of its versions is wanted. Takes (what, reason)."""

    code = "WASGI_ERR_PACKAGE_NOT_FOUND"


class PackageUnsupported(InstallFailure):
    """It exists, but nothing of it runs here. Takes (what, reason)."""

    code = "WASGI_ERR_PACKAGE_UNSUPPORTED"


class PackageConflict(InstallFailure):
    """No set of versions pleases everybody. Takes (who wants what)."""

    code = "WASGI_ERR_PACKAGE_CONFLICT"


class PackageIntegrity(InstallFailure):
    """What was downloaded is not what it should be. Takes (what, reason)."""

    code = "WASGI_ERR_PACKAGE_INTEGRITY"


class IndexUnreachable(InstallFailure):
    """The index, or a file of it, cannot be had. Takes (URL, reason)."""

    code = "WASGI_ERR_INDEX_UNREACHABLE"


class RequirementInvalid(InstallFailure):
    """The operator's own text is no requirement. Takes (text, where it is, reason)."""

    code = "WASGI_ERR_REQUIREMENT_INVALID"


class TargetUnwritable(InstallFailure):
    """The host cannot write. Takes (path, reason)."""

    code = "WASGI_ERR_TARGET_UNWRITABLE"
