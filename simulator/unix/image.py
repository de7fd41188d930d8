"""A fresh Debian 12: directories, devices, users and the small files that programs look at.

Owners and modes are those that `ls -l` showed on a real host. Programs are installed with their packages.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable

from simulator.unix.fs import ROOT, Cred, Fs
from simulator.unix.host import Host
from simulator.unix.program import PROGRAMS

#: path, mode, group
_DIRECTORIES = (
    ("/boot", 0o755, 0), ("/dev", 0o755, 0), ("/dev/pts", 0o755, 0), ("/dev/shm", 0o1777, 0), ("/etc", 0o755, 0), ("/etc/alternatives", 0o755, 0),
    ("/etc/cron.daily", 0o755, 0), ("/etc/default", 0o755, 0), ("/etc/init.d", 0o755, 0), ("/etc/logrotate.d", 0o755, 0),
    ("/etc/skel", 0o755, 0), ("/etc/ssl", 0o755, 0), ("/etc/ssl/certs", 0o755, 0), ("/etc/ssl/private", 0o710, 101), ("/home", 0o755, 0),
    ("/media", 0o755, 0), ("/mnt", 0o755, 0), ("/opt", 0o755, 0), ("/proc", 0o555, 0), ("/proc/self", 0o555, 0), ("/proc/self/fd", 0o1777, 0),
    ("/root", 0o700, 0), ("/run", 0o755, 0),
    ("/run/lock", 0o1777, 0), ("/srv", 0o755, 0), ("/sys", 0o555, 0), ("/tmp", 0o1777, 0), ("/usr", 0o755, 0), ("/usr/bin", 0o755, 0),
    ("/usr/lib", 0o755, 0), ("/usr/local", 0o755, 0), ("/usr/local/bin", 0o755, 0), ("/usr/local/sbin", 0o755, 0), ("/usr/local/etc", 0o755, 0),
    ("/usr/local/lib", 0o755, 0), ("/usr/local/share", 0o755, 0), ("/usr/sbin", 0o755, 0), ("/usr/share", 0o755, 0),
    ("/usr/share/doc", 0o755, 0), ("/usr/share/zoneinfo", 0o755, 0), ("/var", 0o755, 0), ("/var/backups", 0o755, 0), ("/var/cache", 0o755, 0),
    ("/var/lib", 0o755, 0), ("/var/local", 0o2775, 50), ("/var/log", 0o755, 0), ("/var/log/apt", 0o755, 0), ("/var/mail", 0o2775, 8),
    ("/var/opt", 0o755, 0), ("/var/spool", 0o755, 0), ("/var/tmp", 0o1777, 0),
)  # fmt: skip
_LINKS = (
    ("usr/bin", "/bin"), ("usr/sbin", "/sbin"), ("usr/lib", "/lib"), ("usr/lib", "/lib64"), ("/run", "/var/run"), ("/run/lock", "/var/lock"),
    ("../mail", "/var/spool/mail"), ("/usr/share/zoneinfo/Etc/UTC", "/etc/localtime"), ("/proc/self/fd", "/dev/fd"),
    ("/proc/self/fd/0", "/dev/stdin"), ("/proc/self/fd/1", "/dev/stdout"), ("/proc/self/fd/2", "/dev/stderr"),
)  # fmt: skip
_DEVICES = ("full", "null", "random", "tty", "urandom", "zero")
#: name, uid, gid, gecos, home, shell
_USERS = (
    "root:x:0:0:root:/root:/bin/bash", "daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin", "bin:x:2:2:bin:/bin:/usr/sbin/nologin",
    "sys:x:3:3:sys:/dev:/usr/sbin/nologin", "sync:x:4:65534:sync:/bin:/bin/sync", "games:x:5:60:games:/usr/games:/usr/sbin/nologin",
    "man:x:6:12:man:/var/cache/man:/usr/sbin/nologin", "lp:x:7:7:lp:/var/spool/lpd:/usr/sbin/nologin",
    "mail:x:8:8:mail:/var/mail:/usr/sbin/nologin", "news:x:9:9:news:/var/spool/news:/usr/sbin/nologin",
    "uucp:x:10:10:uucp:/var/spool/uucp:/usr/sbin/nologin", "proxy:x:13:13:proxy:/bin:/usr/sbin/nologin",
    "www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin", "backup:x:34:34:backup:/var/backups:/usr/sbin/nologin",
    "list:x:38:38:Mailing List Manager:/var/list:/usr/sbin/nologin", "irc:x:39:39:ircd:/run/ircd:/usr/sbin/nologin",
    "_apt:x:42:65534::/nonexistent:/usr/sbin/nologin", "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin",
    "fetchmail:x:100:65534::/var/lib/fetchmail:/bin/false", "dnsmasq:x:999:65534:dnsmasq:/var/lib/misc:/usr/sbin/nologin",
    "postfix:x:101:102::/var/spool/postfix:/usr/sbin/nologin", "dovecot:x:102:104:Dovecot mail server,,,:/usr/lib/dovecot:/usr/sbin/nologin",
    "dovenull:x:103:105:Dovecot login user,,,:/nonexistent:/usr/sbin/nologin",
)  # fmt: skip
_GROUPS = (
    "root:0 daemon:1 bin:2 sys:3 adm:4 tty:5 disk:6 lp:7 mail:8 news:9 uucp:10 man:12 proxy:13 kmem:15 dialout:20 fax:21 voice:22 cdrom:24 "
    "floppy:25 tape:26 sudo:27 audio:29 dip:30 www-data:33 backup:34 operator:37 list:38 irc:39 src:40 shadow:42 utmp:43 video:44 sasl:45 "
    "plugdev:46 staff:50 games:60 users:100 nogroup:65534 ssl-cert:101 postfix:102 postdrop:103 dovecot:104 dovenull:105"
)
_SHADOW_DAY = 20781
_SERVICES = (
    "ftp 21/tcp", "ssh 22/tcp", "telnet 23/tcp", "smtp 25/tcp mail", "domain 53/tcp", "domain 53/udp", "finger 79/tcp", "http 80/tcp www",
    "pop3 110/tcp pop-3", "auth 113/tcp", "nntp 119/tcp", "ntp 123/udp", "imap2 143/tcp imap", "snmp 161/udp", "qmtp 209/tcp", "ldap 389/tcp",
    "https 443/tcp", "submissions 465/tcp ssmtp smtps urd", "syslog 514/udp", "submission 587/tcp", "qmqp 628/tcp", "ldaps 636/tcp",
    "imaps 993/tcp", "pop3s 995/tcp", "sieve 4190/tcp",
)  # fmt: skip
_FILES = {
    "/etc/debian_version": "12.15\n",
    "/etc/environment": "",
    "/etc/host.conf": "multi on\n",
    "/etc/issue": "Debian GNU/Linux 12 \\n \\l\n\n",
    "/etc/issue.net": "Debian GNU/Linux 12\n",
    "/etc/motd": "",
    "/etc/networks": "default\t\t0.0.0.0\nloopback\t127.0.0.0\nlink-local\t169.254.0.0\n",
    "/etc/nsswitch.conf": "passwd:         files\ngroup:          files\nshadow:         files\ngshadow:        files\n\nhosts:          files dns\n"
    "networks:       files\n\nprotocols:      db files\nservices:       db files\n",
    "/etc/os-release": 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nVERSION="12 (bookworm)"\n'
    "VERSION_CODENAME=bookworm\nID=debian\n",
    "/etc/shells": "# /etc/shells: valid login shells\n/bin/sh\n/usr/bin/sh\n/bin/bash\n/usr/bin/bash\n",
    "/etc/timezone": "Etc/UTC\n",
    "/etc/skel/.bash_logout": "# left when a login shell ends\n",
    "/etc/skel/.bashrc": "# read by every interactive shell that is not a login shell\n",
    "/etc/skel/.profile": "# read by login shells\n",
    "/var/log/mail.log": "",
    "/root/.bashrc": "# read by every interactive shell that is not a login shell\n",
    "/root/.profile": "# read by login shells\n",
}


def install_base(host: Host) -> None:
    """Lay the operating system on an empty host."""
    fs = host.fs
    for path, mode, gid in _DIRECTORIES:
        fs.mkdir(path, Cred(0, gid, umask=0), mode)
        fs.chmod(path, mode)
    for target, path in _LINKS:
        fs.symlink(target, path)
    for name in _DEVICES:
        fs.mknod(f"/dev/{name}", "c", Cred(0, 0, umask=0), 0o666, name)
    for path, text in _FILES.items():
        fs.write(path, text.encode())
    fs.write("/etc/services", "".join(f"{line.split(None, 1)[0]}\t\t{line.split(None, 1)[1]}\n" for line in _SERVICES).encode())
    fs.write("/etc/hostname", f"{host.hostname}\n".encode())
    _write_users(fs)


def _write_users(fs: Fs) -> None:
    fs.write("/etc/passwd", "".join(line + "\n" for line in _USERS).encode())
    pairs = [entry.split(":") for entry in _GROUPS.split()]
    fs.write("/etc/group", "".join(f"{name}:x:{gid}:\n" for name, gid in pairs).encode())
    fs.write("/etc/shadow", "".join(f"{line.split(':')[0]}:*:{_SHADOW_DAY}:0:99999:7:::\n" for line in _USERS).encode())
    fs.write("/etc/gshadow", "".join(f"{name}:*::\n" for name, _ in pairs).encode())
    for path in ("/etc/shadow", "/etc/gshadow"):
        fs.chown(path, 0, 42)
        fs.chmod(path, 0o640)


def install_programs(host: Host, packages: Iterable[str]) -> None:
    """Install the registered programs of these packages; further paths of a program become links to the first."""
    wanted = set(packages)
    for path, entry in PROGRAMS.items():
        if entry.package not in wanted:
            continue
        host.fs.mkdir(posixpath.dirname(path), ROOT, 0o755, parents=True)
        host.fs.program(path, path, entry.mode)
        group = host.users.group_by_name(entry.group)
        if group is not None and group.gid:
            host.fs.chown(path, 0, group.gid)
            host.fs.chmod(path, entry.mode)
        for other in entry.paths[1:]:
            _link(host.fs, path, other)


def _link(fs: Fs, path: str, other: str) -> None:
    fs.mkdir(posixpath.dirname(other), ROOT, 0o755, parents=True)
    real_other = posixpath.join(fs.realpath(posixpath.dirname(other)), posixpath.basename(other))
    if not fs.exists(real_other):
        fs.symlink(posixpath.relpath(fs.realpath(path), posixpath.dirname(real_other)), real_other)


def add_user(host: Host, name: str, gecos: str = "") -> None:
    """A user with a home made from /etc/skel and a locked password, as `useradd -m -s /bin/bash NAME` makes it."""
    fs = host.fs
    uid = max([999] + [user.uid for user in host.users.all() if 1000 <= user.uid < 60000]) + 1
    fs.append("/etc/passwd", f"{name}:x:{uid}:{uid}:{gecos}:/home/{name}:/bin/bash\n".encode())
    fs.append("/etc/group", f"{name}:x:{uid}:\n".encode())
    fs.append("/etc/shadow", f"{name}:!:{_SHADOW_DAY}:0:99999:7:::\n".encode())
    fs.append("/etc/gshadow", f"{name}:!::\n".encode())
    own = Cred(uid, uid)
    fs.mkdir(f"/home/{name}")
    fs.chown(f"/home/{name}", uid, uid)
    for entry in sorted(fs.listdir("/etc/skel")):
        fs.write(f"/home/{name}/{entry}", fs.read(f"/etc/skel/{entry}"), own)
