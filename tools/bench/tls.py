"""A throw-away certificate authority for 127.0.0.1, beside real roots, so that reading the bundle costs what it costs on Lambda."""

import subprocess
from pathlib import Path


class OpensslMissing(Exception):
    """The command openssl is missing."""


def make(folder, real_roots):
    """Creates an authority and a server certificate in `folder`; returns the server's certificate with its key, and a bundle of `real_roots` (PEM) and the authority."""
    folder = Path(folder)
    authority, key, request, server = (folder / name for name in ("authority.pem", "authority.key", "server.csr", "server.pem"))
    extensions = folder / "extensions"
    extensions.write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\nbasicConstraints=critical,CA:FALSE\nextendedKeyUsage=serverAuth\n")
    # RSA with 2,048 bits, as AWS's endpoints.
    new = ["req", "-newkey", "rsa:2048", "-nodes", "-sha256"]
    _openssl(*new, "-x509", "-days", "2", "-subj", "/CN=Benchmark", "-keyout", key, "-out", authority)
    _openssl(*new, "-subj", "/CN=127.0.0.1", "-keyout", folder / "server.key", "-out", request)
    _openssl("x509", "-req", "-sha256", "-days", "2", "-in", request, "-CA", authority, "-CAkey", key, "-set_serial", "1", "-extfile", extensions, "-out", server)
    server.write_text(server.read_text() + (folder / "server.key").read_text())
    bundle = folder / "bundle.pem"
    bundle.write_text(Path(real_roots).read_text("utf-8") + "\n" + authority.read_text())
    return server, bundle


def count(bundle):
    """The number of certificates in a bundle."""
    return Path(bundle).read_text("utf-8").count("-----BEGIN CERTIFICATE-----")


def _openssl(*arguments):
    try:
        ran = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True)
    except FileNotFoundError:
        raise OpensslMissing("bench: the command `openssl` is missing. Install it (Debian: apt install openssl) and run the command again.") from None
    if ran.returncode:
        raise RuntimeError(f"bench: `openssl {arguments[0]}` failed: {ran.stderr.strip()[-300:]}")
