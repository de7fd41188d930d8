"""The parameters of the SMTP and LMTP client: smtp_NAME in smtp(8), lmtp_NAME in lmtp(8), by one short name."""

from __future__ import annotations

from simulator.postfix.lib.parameters import Parameters

#: LMTP's own words: it greets with LHLO.
_LMTP_NAMES = {
    "helo_name": "lmtp_lhlo_name",
    "helo_timeout": "lmtp_lhlo_timeout",
    "discard_ehlo_keywords": "lmtp_discard_lhlo_keywords",
    "discard_ehlo_keyword_address_maps": "lmtp_discard_lhlo_keyword_address_maps",
}
Bool = bool
Int = int


class ClientParameters:
    """`of("connect_timeout")`: the parameter's full name; `int`, `bool`, `time` and `[]` take the short name."""

    def __init__(self, params: Parameters, protocol: str) -> None:
        self.params = params
        self.protocol = protocol

    def of(self, name: str) -> str:
        """The name that postconf(5) knows."""
        if self.protocol == "lmtp" and name in _LMTP_NAMES:
            return _LMTP_NAMES[name]
        return f"{self.protocol}_{name}"

    def __getitem__(self, name: str) -> str:
        return self.params[self.of(name)]

    def bool(self, name: str) -> Bool:
        return self.params.bool(self.of(name))

    def int(self, name: str) -> Int:
        return self.params.int(self.of(name))

    def time(self, name: str) -> Int:
        """In seconds."""
        return self.params.time(self.of(name))
