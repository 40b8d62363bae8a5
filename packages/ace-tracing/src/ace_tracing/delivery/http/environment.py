"""The environment's share in failed requests: files of certificates, and what to change when a request fails."""

from __future__ import annotations

import errno
import os
import ssl
from typing import Final, NamedTuple

import httpx

_CERTIFICATES: Final = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_KEY_LOG: Final = "SSLKEYLOGFILE"
_UNVERIFIED: Final = "CERTIFICATE_VERIFY_FAILED"
_TOO_MANY_FILES: Final = frozenset({errno.EMFILE, errno.ENFILE})


class TlsFiles(NamedTuple):
    """Files of certificates that `OTEL_EXPORTER_OTLP_*` variables name.

    Attributes:
        authorities: The certificates of the trusted authorities. None for those of the environment or of certifi.
        certificate: The client's certificate. None without one.
        key: The key of `certificate`. None if it is in the same file.
    """

    authorities: str | None = None
    certificate: str | None = None
    key: str | None = None


NO_FILES: Final = TlsFiles()


def make_tls_context(files: TlsFiles = NO_FILES) -> ssl.SSLContext:
    """Return the TLS settings, with the certificates of the environment or of certifi.

    Args:
        files: The files to use in place of those, and the client's certificate.

    Raises:
        httpx.ConnectError: A file of the environment cannot be used. The message contains its variable.
    """
    if files != NO_FILES:
        return _read_tls_files(files)
    try:
        return httpx.create_ssl_context()
    except Exception as error:
        raise httpx.ConnectError(f"{_describe_tls_failure(error)}{advice_for(error)}") from error


def _read_tls_files(files: TlsFiles) -> ssl.SSLContext:
    if files.key is not None and files.certificate is None:
        raise httpx.ConnectError("OTEL_EXPORTER_OTLP_CLIENT_KEY is set without OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE")
    if files.authorities is None:
        context = make_tls_context()
    else:
        try:
            context = ssl.create_default_context(cafile=files.authorities)
        except OSError as error:
            name = f"OTEL_EXPORTER_OTLP_CERTIFICATE={files.authorities!r}"
            raise httpx.ConnectError(f"the certificates of {name} cannot be read: {error}") from error
    if files.certificate is not None:
        try:
            # Without the function, OpenSSL would ask for the password of an encrypted key on the terminal.
            context.load_cert_chain(files.certificate, files.key, lambda: "")
        except OSError as error:
            name = f"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE={files.certificate!r}"
            raise httpx.ConnectError(f"{name} and its key cannot be used: {error}") from error
    return context


def advice_for(error: BaseException) -> str:
    """Return what to change in the environment after an error, as the end of its message; empty if that is unknown."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in _TOO_MANY_FILES:
            return "; close files, or raise the limit of open files (ulimit -n)"
        cause = cause.__cause__ or cause.__context__
    if _UNVERIFIED in str(error):
        name = _set_variable()
        if name is not None:
            return f"; check {name}={os.environ[name]!r}"
        return "; set SSL_CERT_FILE to the certificate of your own authority"
    return ""


def _describe_tls_failure(error: Exception) -> str:
    key_log = os.environ.get(_KEY_LOG)
    if key_log and isinstance(error, OSError) and error.filename == key_log:
        return f"the file of {_KEY_LOG}={key_log!r} cannot be written, correct or unset it: {error}"
    name = _set_variable()
    if name is None:
        return f"the certificates of certifi cannot be read: {error}"
    return f"the certificates of {name}={os.environ[name]!r} cannot be read, correct or unset it: {error}"


def _set_variable() -> str | None:
    """Return the variable that the certificates are read from; None for certifi's."""
    return next((name for name in _CERTIFICATES if os.environ.get(name)), None)
