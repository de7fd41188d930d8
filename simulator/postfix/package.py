"""What Debian's packages postfix and postfix-pcre put on a host besides the programs: spool, configuration, chroot copies.

Owners and modes are those that `find -ls` showed on a real host.
"""

from __future__ import annotations

from importlib import resources

from simulator.unix.fs import ROOT, Cred
from simulator.unix.host import Host

QUEUE_DIRECTORY = "/var/spool/postfix"
_ANY = Cred(0, 0, umask=0)
_DAEMONS = (
    "anvil bounce cleanup discard dnsblog error flush fsstone lmtp local master nqmgr oqmgr pickup pipe postlogd postscreen proxymap qmgr "
    "qmqpd scache showq smtp smtpd spawn tlsmgr tlsproxy trivial-rewrite verify virtual"
).split()
_SCRIPTS = ("post-install", "postfix-script", "postfix-tls-script", "postfix-wrapper", "postmulti-script")
_LIBRARIES = ("libpostfix-dns.so", "libpostfix-global.so", "libpostfix-master.so", "libpostfix-tls.so", "libpostfix-util.so", "postfix-pcre.so")
_SCRIPT = b"#!/bin/sh\n# part of the simulated Postfix: postfix(1) does this work\n"
#: path below the queue directory, owner, group, mode; hold and trace are made by the first start
_SPOOL = (
    *((name, "postfix", "root", 0o700) for name in "active bounce corrupt defer deferred flush incoming private saved".split()),
    ("maildrop", "postfix", "postdrop", 0o1730), ("public", "postfix", "postdrop", 0o2710), ("pid", "root", "root", 0o755),
    *((name, "root", "root", 0o755) for name in "dev etc etc/ssl etc/ssl/certs lib lib/x86_64-linux-gnu usr usr/lib usr/lib/sasl2 "
      "usr/lib/zoneinfo".split()),
)  # fmt: skip
_CHROOT_FILES = ("host.conf", "hosts", "localtime", "nsswitch.conf", "resolv.conf", "services")
_CHROOT_LIBRARIES = ("libgcc_s.so.1", "libnss_compat.so.2", "libnss_dns.so.2", "libnss_files.so.2", "libnss_hesiod.so.2", "libresolv.so.2")


def install_postfix(host: Host) -> None:
    """Unpack and configure the package; main.cf and the like come from the lab's folder afterwards."""
    fs = host.fs
    for path in ("/etc/postfix", "/etc/postfix/dynamicmaps.cf.d", "/etc/postfix/postfix-files.d", "/etc/postfix/sasl", "/usr/lib/postfix",
                 "/usr/lib/postfix/sbin", "/usr/share/postfix", "/usr/share/doc/postfix", QUEUE_DIRECTORY):
        fs.mkdir(path, parents=True)
    for name in _DAEMONS:
        if fs.exists(f"/usr/lib/postfix/sbin/{name}"):  # it can be run by hand: smtpd -S
            continue
        fs.write(f"/usr/lib/postfix/sbin/{name}", b"\x7fELF\x02\x01\x01\x00" + name.encode())
        fs.chmod(f"/usr/lib/postfix/sbin/{name}", 0o755)
    scripts = [f"/usr/lib/postfix/sbin/{name}" for name in _SCRIPTS] + [f"/etc/postfix/{name}" for name in _SCRIPTS[:2]]
    for name in scripts:
        fs.write(name, _SCRIPT)
        fs.chmod(name, 0o755)
    for name in _LIBRARIES:
        fs.write(f"/usr/lib/postfix/{name}", b"\x7fELF\x02\x01\x01\x00" + name.encode())
        fs.chmod(f"/usr/lib/postfix/{name}", 0o755)
    fs.write("/etc/postfix/dynamicmaps.cf", b"# type\tlocation of .so file\topen function\n\npcre\tpostfix-pcre.so\tdict_pcre_open\n")
    data = resources.files(__package__).joinpath("data")
    for name in ("master.cf", "master.cf.proto"):
        fs.write(f"/etc/postfix/{name}", data.joinpath("master.cf").read_bytes())
    fs.write("/etc/postfix/main.cf.proto", b"# The template for main.cf of further instances: postmulti(1)\n")
    fs.write("/etc/postfix/postfix-files", data.joinpath("postfix-files").read_bytes())
    fs.write("/etc/postfix/postfix-files.d/pcre.files", b"$shlib_directory/postfix-pcre.so:f:root:-:755\n")
    fs.write("/usr/share/postfix/makedefs.out", b"# How this Postfix was built: it is simulated\n")
    fs.symlink("/usr/share/postfix/makedefs.out", "/etc/postfix/makedefs.out")
    _make_spool(host)


def _make_spool(host: Host) -> None:
    fs, users = host.fs, host.users
    for name, owner, group, mode in _SPOOL:
        path = f"{QUEUE_DIRECTORY}/{name}"
        user, entry = users.by_name(owner), users.group_by_name(group)
        assert user is not None
        assert entry is not None
        fs.mkdir(path, ROOT)
        fs.chown(path, user.uid, entry.gid)
        fs.chmod(path, mode)
    for name in ("random", "urandom"):
        fs.mknod(f"{QUEUE_DIRECTORY}/dev/{name}", "c", _ANY, 0o666, name)
    for name in _CHROOT_LIBRARIES:
        fs.write(f"{QUEUE_DIRECTORY}/lib/x86_64-linux-gnu/{name}", b"\x7fELF")
    fs.symlink("/etc/localtime", f"{QUEUE_DIRECTORY}/usr/lib/zoneinfo/localtime")
    fs.write(f"{QUEUE_DIRECTORY}/restart", b"")
    fs.mkdir("/var/lib/postfix")
    owner_of_data = users.by_name("postfix")
    assert owner_of_data is not None
    fs.chown("/var/lib/postfix", owner_of_data.uid, owner_of_data.gid)


def configure_instance(host: Host) -> None:
    """Refresh the copies in the chroot: what Debian's service script does before `postfix start` (configure-instance.sh)."""
    fs = host.fs
    for name in _CHROOT_FILES:
        source = f"/etc/{name}"
        if fs.exists(source):
            fs.write(f"{QUEUE_DIRECTORY}/etc/{name}", fs.read(source))
            fs.chmod(f"{QUEUE_DIRECTORY}/etc/{name}", fs.stat(source).mode)
    for name in sorted(fs.listdir("/etc/ssl/certs")):
        target = f"{QUEUE_DIRECTORY}/etc/ssl/certs/{name}"
        if not fs.exists(target):
            fs.write(target, fs.read(f"/etc/ssl/certs/{name}"))
