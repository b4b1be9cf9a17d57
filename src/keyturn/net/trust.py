"""Whose certificates are believed: the system's, or those that SSL_CERT_FILE names."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from keyturn.protocol.errors import ServerUnreachable

if TYPE_CHECKING:
    from collections.abc import Mapping


def system_context(environ: Mapping[str, str]) -> ssl.SSLContext:
    """Return a context that checks certificate and host name.

    ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` win: whoever sets them means them. Otherwise the
    ``truststore`` package, where it is installed, asks the operating system.

    Raises:
        ServerUnreachable: those two name something that holds no certificates.
    """
    file, folder = environ.get("SSL_CERT_FILE") or None, environ.get("SSL_CERT_DIR") or None
    if file or folder:
        try:
            return ssl.create_default_context(cafile=file, capath=folder)
        except OSError:
            raise ServerUnreachable(
                "SSL_CERT_FILE or SSL_CERT_DIR names certificates that cannot be read.",
                kind="tls",
                hint="Correct the variable, or unset it.",
            ) from None
    try:
        import truststore
    except ImportError:
        return ssl.create_default_context()
    context: ssl.SSLContext = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return context
