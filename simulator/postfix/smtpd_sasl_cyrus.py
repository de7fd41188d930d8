"""Cyrus SASL as smtpd(8) finds it on a host where nobody has stored a password: SASL_README.

/etc/postfix/sasl/smtpd.conf is read for pwcheck_method and mech_list. There are no passwords in /etc/sasldb2 and no saslauthd runs,
so that every login fails, as it does on a fresh host.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from simulator.postfix.lib.dovecot_auth import Mechanisms, Progress, Step

if TYPE_CHECKING:
    from simulator.postfix.smtpd import Smtpd

Ask = Callable[[str], Awaitable[str]]
#: What is installed, the strongest first, with the properties that smtpd_sasl_security_options looks at.
_INSTALLED: Mechanisms = (
    *((f"SCRAM-SHA-{size}", frozenset({"dictionary"})) for size in (512, 384, 256, 224, 1)),
    ("DIGEST-MD5", frozenset({"mutual-auth"})),
    ("CRAM-MD5", frozenset({"active"})),
    ("NTLM", frozenset({"active", "dictionary"})),
    ("PLAIN", frozenset({"plaintext", "active", "dictionary"})),
    ("LOGIN", frozenset({"plaintext", "active", "dictionary"})),
)
_CONFIGURATION = "/etc/postfix/sasl/smtpd.conf"
_FAILURE = "authentication failure"
_PLAIN_PARTS = 3


class CyrusSasl:
    """The library, for one login."""

    def __init__(self, smtpd: Smtpd) -> None:
        self.smtpd = smtpd
        self.settings = self._read()

    def _read(self) -> dict[str, str]:
        try:
            text = self.smtpd.fs.read(_CONFIGURATION).decode("utf-8", "replace")
        except OSError:
            return {}  # the library has defaults for all of it
        pairs = (line.partition(":") for line in text.splitlines() if not line.startswith("#"))
        return {name.strip(): value.strip() for name, colon, value in pairs if colon}

    def mechanisms(self) -> Mechanisms:
        """What may be offered."""
        wanted = self.settings.get("mech_list", "").upper().split()
        return tuple(pair for pair in _INSTALLED if not wanted or pair[0] in wanted)

    def _complain(self, text: str) -> None:
        self.smtpd.log.warning(f"SASL authentication failure: {text}")

    async def login(self, offered: str, mechanism: str, response: str | None, ask: Ask) -> Step:
        """One AUTH command."""
        name = mechanism.upper()
        if name not in offered.upper().split():
            self._complain(f"Couldn't find mech {mechanism}")
            return Step(Progress.FAILED, "no mechanism available")
        methods = {"PLAIN": self._plain, "LOGIN": self._login, "CRAM-MD5": self._cram_md5}
        if name not in methods:
            self.smtpd.log.warning(f"simulator: SASL mechanism {name} is not simulated")
            return Step(Progress.FAILED, "no mechanism available")
        try:
            return await methods[name](response, ask)
        except binascii.Error as problem:
            return Step(Progress.FAILED, str(problem))

    async def _plain(self, response: str | None, ask: Ask) -> Step:
        text = _decode(await ask("") if response is None else response)
        parts = text.split("\0")
        if len(parts) != _PLAIN_PARTS:
            self._complain("Can only find author (no password)" if len(parts) == 1 else "Can only find author/en (no password)")
            return Step(Progress.FAILED, "bad protocol / cancel")
        step = self._check(parts[1])
        self._complain("Password verification failed")
        return step

    async def _login(self, response: str | None, ask: Ask) -> Step:
        user = _decode(await ask("VXNlcm5hbWU6") if response is None else response)
        _decode(await ask("UGFzc3dvcmQ6"))
        return self._check(user)

    async def _cram_md5(self, response: str | None, ask: Ask) -> Step:
        smtpd = self.smtpd
        challenge = f"<{smtpd.pid * 7919}.{int(smtpd.clock.now)}@{smtpd.settings.myhostname}>"
        answer = _decode(await ask(base64.b64encode(challenge.encode()).decode()))
        return Step(Progress.FAILED, _FAILURE, answer.partition(" ")[0])

    def _check(self, user: str) -> Step:
        """Nobody's password is known."""
        if self.settings.get("pwcheck_method", "auxprop").split()[:1] == ["saslauthd"]:
            self._complain("cannot connect to saslauthd server: No such file or directory")
            return Step(Progress.TEMPORARY, "generic failure", user)
        return Step(Progress.FAILED, _FAILURE, user)


def _decode(text: str) -> str:
    """Raises binascii.Error with the library's words, which are odd for an incomplete text: sasl_decode64(3)."""
    if len(text) % 4:
        raise binascii.Error("another step is needed in authentication")
    try:
        return base64.b64decode(text.encode("utf-8", "surrogateescape"), validate=True).decode("utf-8", "surrogateescape")
    except binascii.Error:
        raise binascii.Error("bad protocol / cancel") from None
