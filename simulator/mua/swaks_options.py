"""The options of swaks(1) as it reads them: from ~/.swaksrc, from SWAKS_OPT_... in the environment, from the command line.

Long options may have one dash and may be cut short; `--no-NAME` takes an option back; `--h-NAME value` is a header.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from simulator.unix.program import Exit, Process

FLAG, OPTIONAL, REQUIRED, NUMBER = "flag", "optional", "required", "number"

#: key -> names, and what follows. Keys in LISTS may be given several times.
OPTIONS: dict[str, tuple[str, str]] = {
    "from": ("from f", OPTIONAL), "to": ("to t", OPTIONAL), "helo": ("helo ehlo lhlo h", OPTIONAL), "server": ("server s", OPTIONAL),
    "port": ("port p", OPTIONAL), "protocol": ("protocol", REQUIRED), "data": ("data d", OPTIONAL), "timeout": ("timeout", OPTIONAL),
    "copy_routing": ("copy-routing", OPTIONAL), "ipv4": ("4", FLAG), "ipv6": ("6", FLAG), "config": ("config", OPTIONAL),
    "quit_after": ("quit-after quit q", REQUIRED), "drop_after": ("drop-after drop da", REQUIRED),
    "drop_after_send": ("drop-after-send das", REQUIRED),
    "suppress_data": ("suppress-data n", FLAG),
    "auth": ("auth a", OPTIONAL), "auth_user": ("auth-user au", OPTIONAL), "auth_password": ("auth-password ap", OPTIONAL),
    "auth_hide_password": ("auth-hide-password ahp", OPTIONAL), "auth_plaintext": ("auth-plaintext apt", FLAG),
    "auth_optional": ("auth-optional ao", OPTIONAL), "auth_optional_strict": ("auth-optional-strict aos", OPTIONAL),
    "auth_map": ("auth-map am", REQUIRED), "auth_extra": ("auth-extra ae", REQUIRED),
    "local_interface": ("local-interface li", OPTIONAL), "local_port": ("local-port lport lp", OPTIONAL),
    "tls": ("tls", FLAG), "tls_optional": ("tls-optional tlso", FLAG), "tls_optional_strict": ("tls-optional-strict tlsos", FLAG),
    "tls_on_connect": ("tls-on-connect tlsc", FLAG), "tls_cert": ("tls-cert", REQUIRED), "tls_key": ("tls-key", REQUIRED),
    "tls_protocol": ("tls-protocol tlsp", REQUIRED), "tls_cipher": ("tls-cipher", REQUIRED), "tls_sni": ("tls-sni", REQUIRED),
    "tls_get_peer_cert": ("tls-get-peer-cert", OPTIONAL), "tls_verify": ("tls-verify", FLAG), "tls_ca_path": ("tls-ca-path", REQUIRED),
    "silent": ("silent S", NUMBER), "no_hints": ("no-hints nth", FLAG), "no_send_hints": ("no-send-hints nsh", FLAG),
    "no_receive_hints": ("no-receive-hints nrh", FLAG), "no_info_hints": ("no-info-hints nih", FLAG), "hide_receive": ("hide-receive hr", FLAG),
    "hide_send": ("hide-send hs", FLAG), "hide_informational": ("hide-informational hi", FLAG), "hide_all": ("hide-all ha", FLAG),
    "show_time_lapse": ("show-time-lapse stl", OPTIONAL), "version": ("version", FLAG), "help": ("help", FLAG), "support": ("support", FLAG),
    "no_data_fixup": ("no-data-fixup ndf", FLAG), "no_strip_from": ("no-strip-from nsf", FLAG), "show_raw_text": ("show-raw-text raw", FLAG),
    "protect_prompt": ("protect-prompt pp", FLAG), "output": ("output output-file", REQUIRED), "output_stdout": ("output-file-stdout", REQUIRED),
    "output_stderr": ("output-file-stderr", REQUIRED), "body": ("body", OPTIONAL), "attach_name": ("attach-name", OPTIONAL),
    "attach_type": ("attach-type", OPTIONAL), "attach": ("attach", OPTIONAL), "attach_body": ("attach-body", OPTIONAL),
    "add_header": ("add-header ah", OPTIONAL), "header": ("header", OPTIONAL), "dump": ("dump", OPTIONAL), "dump_mail": ("dump-mail", FLAG),
    "pipeline": ("pipeline", FLAG), "xclient": ("xclient", OPTIONAL), "xclient_optional": ("xclient-optional", FLAG),
    "xclient_optional_strict": ("xclient-optional-strict", FLAG), "xclient_before_starttls": ("xclient-before-starttls", FLAG),
    "xclient_no_verify": ("xclient-no-verify", FLAG), "xclient_name": ("xclient-name", OPTIONAL), "xclient_addr": ("xclient-addr", OPTIONAL),
    "xclient_port": ("xclient-port", OPTIONAL), "xclient_proto": ("xclient-proto", OPTIONAL), "xclient_destaddr": ("xclient-destaddr", OPTIONAL),
    "xclient_destport": ("xclient-destport", OPTIONAL), "xclient_helo": ("xclient-helo", OPTIONAL), "xclient_login": ("xclient-login", OPTIONAL),
    "xclient_reverse_name": ("xclient-reverse-name", OPTIONAL), "force_getpwuid": ("force-getpwuid", FLAG), "pipe": ("pipe", OPTIONAL),
    "socket": ("socket", OPTIONAL), "prdr": ("prdr", FLAG), "proxy": ("proxy", OPTIONAL), "dump_as_body": ("dump-as-body dab", OPTIONAL),
}  # fmt: skip
LISTS = frozenset(("attach_name", "attach_type", "attach", "attach_body", "add_header", "header", "xclient"))
#: What swaks knows and this one does not.
MISSING = frozenset(("pipe", "socket", "prdr", "proxy", "dump", "dump_as_body", "auth_map", "auth_extra", "output_stdout", "output_stderr"))
_NAMES = {name: key for key, (names, _) in OPTIONS.items() for name in names.split()}
_HEADER = re.compile(r"--?h(?:eader)?-([^:]+):?\Z")
_ASSIGNED = re.compile(r"(-[^=]+)=(.*)\Z", re.S)


@dataclass(slots=True)
class Settings:
    """What was given. `order` keeps the sequence of those that may come several times."""

    values: dict[str, list[str]] = field(default_factory=dict)
    order: list[tuple[str, str]] = field(default_factory=list)

    def __contains__(self, key: str) -> bool:
        return bool(self.values.get(key))

    def get(self, key: str) -> str | None:
        """The value; None: not given; "": given without one. Flags are "1"."""
        found = self.values.get(key)
        return found[-1] if found else None

    def text(self, key: str, default: str = "") -> str:
        return self.get(key) or default

    def store(self, key: str, value: str) -> None:
        if key in LISTS:
            self.values.setdefault(key, []).append(value)
            self.order.append((key, value))
        else:
            self.values[key] = [value]

    def remove(self, key: str) -> None:
        self.values.pop(key, None)
        self.order = [pair for pair in self.order if pair[0] != key]


def read_options(p: Process) -> Settings:
    """All three sources, the command line last. Ends the program on a wrong option."""
    settings = Settings()
    _config_file(p, settings)
    environment: list[str] = []
    for name in sorted(p.env):
        if name.startswith("SWAKS_OPT_"):
            environment.append("--" + name.removeprefix("SWAKS_OPT_").replace("_", "-"))
            environment += [p.env[name]] if p.env[name] else []
    _Parser(p, settings, "environment").run(environment)
    _Parser(p, settings, "command line").run(list(p.argv[1:]))
    for key in sorted(MISSING & settings.values.keys()):
        p.err(f"simulator: swaks: option --{OPTIONS[key][0].split()[0]} is not simulated\n")
        raise Exit(1)
    return settings


def _config_file(p: Process, settings: Settings) -> None:
    name = f"{p.env.get('HOME', '')}/.swaksrc"
    explicit = False
    for place, word in enumerate(p.argv):
        if word in ("-config", "--config"):
            if place + 1 >= len(p.argv) or p.argv[place + 1].startswith("-"):
                return
            name, explicit = p.argv[place + 1], True
    try:
        text = p.read(name).decode("utf-8", "surrogateescape")
    except OSError as error:
        if explicit:
            p.err(f"*** Config file {name} could not be opened ({error.strerror}).  Exiting\n")
            raise Exit(1) from None
        return
    words: list[str] = []
    for line in text.splitlines():
        if line and not line.startswith("#"):
            words += (line if line.startswith("-") else f"--{line}").split(None, 1)
    _Parser(p, settings, f"Config file {name}").run(words)


class _Parser:
    """Getopt::Long, as swaks uses it."""

    def __init__(self, p: Process, settings: Settings, source: str) -> None:
        self.p = p
        self.settings = settings
        self.source = source

    def run(self, words: list[str]) -> None:
        words, stray, wrong = self._prepared(words), [], False
        while words:
            word = words.pop(0)
            if word == "--":
                stray += words
                break
            if not word.startswith("-") or word == "-":
                stray.append(word)
                continue
            wrong |= not self._option(word.lstrip("-") if word[:2] == "--" else word[1:], words)
        if wrong:
            raise Exit(1)
        if stray:
            shown = ", ".join(f"'{word}'" for word in stray)
            self.p.err(f"*** Data left in option list when processing  {self.source} ({shown}).  Exiting\n")
            raise Exit(1)

    def _prepared(self, words: list[str]) -> list[str]:
        """`--option=value` as two words, `--h-Subject x` as `--header "Subject: x"`, -g as `--data -`."""
        result: list[str] = []
        queue = list(words)
        while queue:
            word = queue.pop(0)
            assigned = _ASSIGNED.match(word)
            if assigned:
                word = assigned[1]
                queue.insert(0, assigned[2])
            header = _HEADER.match(word)
            if header:
                result += ["--header", f"{header[1]}: {queue.pop(0) if queue else ''}"]
            elif word in ("-g", "--g"):
                self.p.err("*** DEPRECATION WARNING: The -g option is deprecated and will be removed. Please use '--data -' instead.\n")
                result += ["--data", "-"]
            else:
                result.append(word)
                if assigned:
                    result.append(queue.pop(0))
        return result

    def _option(self, name: str, words: list[str]) -> bool:
        key, remove = self._key(name)
        if not key:
            return False
        if remove:
            self.settings.remove(key)
            return True
        kind = OPTIONS[key][1]
        if kind == FLAG:
            value = "1"
        elif kind == REQUIRED:
            if not words:
                self.p.err(f"Option {name} requires an argument\n")
                return False
            value = words.pop(0)
        elif kind == NUMBER:
            value = words.pop(0) if words and words[0].lstrip("+-").isdigit() else "1"
        else:
            value = words.pop(0) if words and not re.match(r"-.", words[0]) else ""
        self.settings.store(key, value)
        return True

    def _key(self, name: str) -> tuple[str, bool]:
        """The key for a name, which may be cut short; and whether it is taken back (`no-NAME`)."""
        if name in _NAMES:
            return _NAMES[name], False
        if name.startswith("no-") and name[3:] in _NAMES:
            return _NAMES[name[3:]], True
        found = sorted(full for full in _NAMES if full.startswith(name))
        if len({_NAMES[full] for full in found}) == 1:
            return _NAMES[found[0]], False
        if found:
            self.p.err(f"Option {name} is ambiguous ({', '.join(found)})\n")
        else:
            self.p.err(f"Unknown option: {name}\n")
        return "", False
