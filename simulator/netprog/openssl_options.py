"""Options and files of openssl(1)'s commands: words with one dash, PEM in and out, error lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from simulator.unix.program import Exit, Process

_PEM = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----\n.*?-----END \1-----\n?", re.S)
DIGESTS = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")
CIPHERS = ("aes128", "aes192", "aes256", "aes-128-cbc", "aes-192-cbc", "aes-256-cbc", "des3", "des-ede3-cbc")
_THREAD = 0x9E3779B1


@dataclass(slots=True)
class Options:
    """Options in the order given, and what stands after them."""

    found: list[tuple[str, str]] = field(default_factory=list)
    operands: list[str] = field(default_factory=list)

    def __contains__(self, name: str) -> bool:
        return any(one == name for one, _ in self.found)

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self.found)

    def value(self, name: str, default: str = "") -> str:
        """The value of the last such option."""
        return next((value for one, value in reversed(self.found) if one == name), default)

    def values(self, name: str) -> list[str]:
        return [value for one, value in self.found if one == name]

    def among(self, names: tuple[str, ...]) -> str:
        """The last option that is one of these."""
        return next((one for one, _ in reversed(self.found) if one in names), "")


def read_options(p: Process, flags: str, valued: str, numbers: str = "", also: str = "") -> Options:
    """Read p.argv[2:]. `also`: "message digest" or "cipher" where such a name is an option as well. Raises Exit."""
    command, options, rest = p.argv[1], Options(), list(p.argv[2:])
    more = {"message digest": DIGESTS, "cipher": CIPHERS}.get(also, ())
    known, with_value = (*flags.split(), *more), (*valued.split(), *numbers.split())
    while rest and rest[0].startswith("-") and rest[0] != "-":
        word = rest.pop(0)
        name = word[2:] if word.startswith("--") else word[1:]
        if name == "help":
            p.err(f"Usage: {command} [options]\nsimulator: openssl {command}: see man openssl for what is simulated\n")
            raise Exit(0)
        if name in known:
            options.found.append((name, ""))
        elif name in with_value:
            if not rest:
                raise usage(p, f"Option -{name} needs a value")
            value = rest.pop(0)
            if name in numbers.split() and not re.fullmatch(r"-?\d+|0x[0-9A-Fa-f]+", value):
                raise usage(p, f'Can\'t parse "{value}" as a number')
            options.found.append((name, value))
        else:
            raise usage(p, f"Unknown option or {also}: {name}" if also else f"Unknown option: {name}")
    options.operands = rest
    return options


def usage(p: Process, text: str) -> Exit:
    """A complaint about the command line."""
    p.err(f"{p.argv[1]}: {text}\n{p.argv[1]}: Use -help for summary.\n")
    return Exit(1)


def fail(p: Process, text: str, *errors: str) -> Exit:
    """A complaint, and lines of the error queue with the thread's number in front."""
    p.err(f"{text}\n" if text else "")
    queue(p, *errors)
    return Exit(1)


def queue(p: Process, *errors: str) -> None:
    """Lines of the error queue."""
    thread = f"80{p.pid * _THREAD & 0xFFFFFFFF:08X}7F0000"
    p.err("".join(f"{thread}:{line}\n" for line in errors))


def no_file(path: str, number: int, text: str) -> tuple[str, str]:
    """The error queue for a file that cannot be opened."""
    return (
        "error:16000069:STORE routines:ossl_store_get0_loader_int:unregistered scheme:../crypto/store/store_register.c:237:scheme=file",
        f"error:{0x80000000 + number:08X}:system library:file_open:{text}:../providers/implementations/storemgmt/file_store.c:268:"
        f"calling stat({path})",
    )


def read_text(p: Process, path: str, what: str) -> str:
    """A file, or standard input without a name. `what` it should hold is for the complaint. Raises Exit."""
    if not path or path == "-":
        return p.stdin
    try:
        return p.read(path).decode("latin-1")
    except OSError as error:
        p.err(f"Could not open file or uri for loading {what} from {path}\n")
        queue(p, *no_file(path, error.errno or 2, error.strerror or ""))
        raise Exit(1) from None


def pem_blocks(text: str) -> list[tuple[str, str]]:
    """Labels and blocks in a text."""
    return [(match[1], match[0]) for match in _PEM.finditer(text.replace("\r\n", "\n"))]


def write_text(p: Process, path: str, text: str, secret: bool = False) -> None:
    """To a file, or to standard output. Raises Exit."""
    if not path:
        p.out(text)
        return
    try:
        p.write(path, text.encode("latin-1"), 0o600 if secret else 0o666)
    except OSError as error:
        number = error.errno or 2
        raise fail(
            p, f"Can't open \"{path}\" for writing, {error.strerror}",
            f"error:{0x80000000 + number:08X}:system library:BIO_new_file:{error.strerror}:../crypto/bio/bss_file.c:67:calling fopen({path}, w)",
            "error:10080002:BIO routines:BIO_new_file:system lib:../crypto/bio/bss_file.c:77:",
        ) from None  # fmt: skip


def secret(p: Process, source: str) -> str:
    """A password as -passin and -passout give it: pass:, file:, env:, stdin. Raises Exit."""
    kind, _, value = source.partition(":")
    if kind == "pass":
        return value
    if kind == "env":
        return p.env.get(value, "")
    if kind == "file":
        return read_text(p, value, "password").split("\n")[0]
    if source == "stdin":
        return p.stdin.split("\n")[0]
    raise fail(
        p, f'Invalid password argument, missing ":" within the first {len(source) + 1} chars' if ":" not in source else "Error getting passwords"
    )
