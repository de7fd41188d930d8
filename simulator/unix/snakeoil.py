"""Debian's package ssl-cert: a certificate that the machine signed itself, for programs that want one before there is a real one."""

from __future__ import annotations

from importlib import resources

from simulator.net.certificates import load_bundle, name_hash
from simulator.unix.host import Host

CERTIFICATE = "/etc/ssl/certs/ssl-cert-snakeoil.pem"
KEY = "/etc/ssl/private/ssl-cert-snakeoil.key"


def install_snakeoil(host: Host) -> None:
    """The certificate, its key, and the link by which OpenSSL finds it in a directory of trusted certificates."""
    fs = host.fs
    data = resources.files("simulator.net").joinpath("data")
    certificate = data.joinpath("ssl-cert-snakeoil.pem").read_bytes()
    fs.write(CERTIFICATE, certificate)
    fs.write(KEY, data.joinpath("ssl-cert-snakeoil.key").read_bytes())
    group = host.users.group_by_name("ssl-cert")
    assert group is not None
    fs.chown(KEY, 0, group.gid)
    fs.chmod(KEY, 0o640)
    fs.symlink("ssl-cert-snakeoil.pem", f"/etc/ssl/certs/{name_hash(load_bundle(certificate.decode())[0].subject)}.0")
