"""What Debian's packages dovecot-core, -imapd, -pop3d, -lmtpd and -sieve put on a host besides the programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.unix.snakeoil import CERTIFICATE, KEY

if TYPE_CHECKING:
    from simulator.unix.host import Host

_LIBEXEC = ("anvil auth checkpassword-reply config decode2text.sh dict director dns-client doveadm-server gdbhelper health-check.sh imap imap-hibernate "
            "imap-login imap-urlauth imap-urlauth-login imap-urlauth-worker indexer indexer-worker ipc lmtp log maildirlock old-stats pop3 pop3-login "
            "quota-status rawlog replicator script script-login stats submission submission-login xml2text").split()  # fmt: skip
_MAIN = """\
# The settings are in conf.d; `doveconf -n` shows which differ from the defaults.
!include_try /usr/share/dovecot/protocols.d/*.protocol
dict {
}
!include conf.d/*.conf
!include_try local.conf
"""
_CONF_D = {
    "10-auth.conf": "#disable_plaintext_auth = yes\nauth_mechanisms = plain\n!include auth-system.conf.ext\n#!include auth-passwdfile.conf.ext\n",
    "10-director.conf": "service director {\n}\n",
    "10-logging.conf": "#log_path = syslog\n#auth_verbose = no\n#mail_debug = no\nplugin {\n}\n",
    "10-mail.conf": "mail_location = mbox:~/mail:INBOX=/var/mail/%u\nnamespace inbox {\n  inbox = yes\n  location = \n  prefix = \n}\n"
    "mail_privileged_group = mail\n",
    "10-master.conf": "service imap-login {\n  inet_listener imap {\n    #port = 143\n  }\n  inet_listener imaps {\n    #port = 993\n    #ssl = yes\n  }\n}\n"
    "service lmtp {\n  unix_listener lmtp {\n    #mode = 0666\n  }\n}\nservice auth {\n  unix_listener auth-userdb {\n    #mode = 0666\n  }\n"
    "  #unix_listener /var/spool/postfix/private/auth {\n  #  mode = 0666\n  #}\n}\n",
    "10-ssl.conf": "ssl = yes\nssl_cert = </etc/dovecot/private/dovecot.pem\nssl_key = </etc/dovecot/private/dovecot.key\n"
    "ssl_client_ca_dir = /etc/ssl/certs\nssl_dh = </usr/share/dovecot/dh.pem\n",
    "10-tcpwrapper.conf": "# login_access_sockets = tcpwrap\n",
    "15-lda.conf": "#lda_mailbox_autocreate = no\nprotocol lda {\n}\n",
    "15-mailboxes.conf": "namespace inbox {\n  mailbox Drafts {\n    special_use = \\Drafts\n  }\n  mailbox Junk {\n    special_use = \\Junk\n  }\n"
    "  mailbox Trash {\n    special_use = \\Trash\n  }\n  mailbox Sent {\n    special_use = \\Sent\n  }\n"
    '  mailbox "Sent Messages" {\n    special_use = \\Sent\n  }\n}\n',
    "20-imap.conf": "protocol imap {\n}\n",
    "20-lmtp.conf": "protocol lmtp {\n}\n",
    "20-pop3.conf": "protocol pop3 {\n}\n",
    "90-acl.conf": "plugin {\n}\n",
    "90-plugin.conf": "plugin {\n}\n",
    "90-quota.conf": "plugin {\n  #quota_rule = *:storage=1G\n}\n",
    "90-sieve-extprograms.conf": "plugin {\n}\n",
    "90-sieve.conf": "plugin {\n  sieve = file:~/sieve;active=~/.dovecot.sieve\n}\n",
    "auth-passwdfile.conf.ext": "passdb {\n  driver = passwd-file\n  args = scheme=CRYPT username_format=%u /etc/dovecot/users\n}\n"
    "userdb {\n  driver = passwd-file\n  args = username_format=%u /etc/dovecot/users\n}\n",
    "auth-static.conf.ext": "#userdb {\n#  driver = static\n#  args = uid=vmail gid=vmail home=/home/%u\n#}\n",
    "auth-system.conf.ext": "passdb {\n  driver = pam\n}\nuserdb {\n  driver = passwd\n}\n",
}  # fmt: skip


def install_dovecot(host: Host) -> None:
    """Unpack and configure the packages."""
    fs = host.fs
    for path in ("/etc/dovecot/conf.d", "/etc/dovecot/private", "/usr/lib/dovecot/modules", "/usr/share/dovecot/protocols.d", "/var/lib/dovecot"):
        if not fs.exists(path):
            fs.mkdir(path, parents=True)
    fs.chmod("/etc/dovecot/private", 0o700)
    fs.write("/etc/dovecot/dovecot.conf", _MAIN.encode())
    for name, text in _CONF_D.items():
        fs.write(f"/etc/dovecot/conf.d/{name}", text.encode())
    group = host.users.group_by_name("dovecot")
    for name in ("dovecot-dict-auth.conf.ext", "dovecot-dict-sql.conf.ext", "dovecot-sql.conf.ext"):
        fs.write(f"/etc/dovecot/{name}", b"# not used by the simulated Dovecot\n")
        fs.chown(f"/etc/dovecot/{name}", 0, group.gid if group is not None else 0)
        fs.chmod(f"/etc/dovecot/{name}", 0o640)
    for protocol, name in (("imap", "imapd"), ("lmtp", "lmtpd"), ("pop3", "pop3d")):
        fs.write(f"/usr/share/dovecot/protocols.d/{name}.protocol", f"protocols = $protocols {protocol}\n".encode())
    fs.write("/usr/share/dovecot/dh.pem", b"-----BEGIN DH PARAMETERS-----\n-----END DH PARAMETERS-----\n")
    fs.symlink(CERTIFICATE, "/etc/dovecot/private/dovecot.pem")
    fs.symlink(KEY, "/etc/dovecot/private/dovecot.key")
    for name in _LIBEXEC:
        if not fs.exists(f"/usr/lib/dovecot/{name}"):
            fs.write(f"/usr/lib/dovecot/{name}", b"\x7fELF\x02\x01\x01\x00" + name.encode())
            fs.chmod(f"/usr/lib/dovecot/{name}", 0o755)
