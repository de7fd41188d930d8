"""Perl's words. Whether a slash divides or begins a pattern depends on what stood before it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from simulator.shell.perl.nodes import PerlSyntax

_CLOSE = {"(": ")", "[": "]", "{": "}", "<": ">"}
_SPACE = re.compile(r"(?:\s+|\#[^\n]*)+")
_POD = re.compile(r"^=[a-zA-Z].*?^=cut[^\n]*\n?|^=[a-zA-Z].*", re.M | re.S)
_NUMBER = re.compile(r"0[xX][0-9a-fA-F_]+|0[bB][01_]+|(?:\d[\d_]*(?:\.(?!\.)[\d_]*)?|\.\d[\d_]*)(?:[eE][-+]?\d+)?")
_NAME = re.compile(r"(?:::)?[A-Za-z_]\w*(?:(?:::|')[A-Za-z_]\w*)*")
_VARIABLE = re.compile(
    r"[$@%&](?=\$+[A-Za-z_{])|\$\#\{|\$\#\$?[A-Za-z_]\w*|[\$@%]\^?(?:::)?[A-Za-z_]\w*(?:::\w+)*|\$\d+|\$[&`'+!@/\\,;.0_\"$<>(\[\]\)|]|@_|%ENV|[$@%&]\{\^?|[$@%&](?=\$)"
)
_OPERATOR = re.compile(
    r"<=>|\*\*=|\|\|=|&&=|//=|\.\.\.|<<=|>>=|->|\+\+|--|\*\*|=~|!~|==|!=|<=|>=|&&|\|\||//|\.\.|::|\+=|-=|\*=|/=|\.=|%=|x=(?!=)|&=|\|=|\^=|<<|>>|=>|[-+*/%=<>!~\\?:.,;(){}\[\]&|^]"
)
#: Words after which a term is expected, so that a slash begins a pattern.
_BEFORE_TERM = frozenset(
    "if unless while until and or not xor return print push unshift split grep map join x lt gt le ge eq ne cmp when say".split()
)
_QUOTES = frozenset(("q", "qq", "qw", "m", "s", "tr", "y", "qr", "qx"))


@dataclass(frozen=True, slots=True)
class Token:
    """A word: its kind (name, variable, number, string, pattern, operator, end), its text, and where it stood."""

    kind: str
    text: str
    line: int
    parts: tuple[str, ...] = ()
    spaced: bool = False


class Lexer:
    """Cuts a program into tokens."""

    def __init__(self, source: str, first_line: int = 1) -> None:
        source = re.split(r"^__(?:END|DATA)__$", source, maxsplit=1, flags=re.M)[0]
        self.source = _POD.sub(lambda match: "\n" * match[0].count("\n"), source)
        self.at, self.line = 0, first_line
        self.tokens: list[Token] = []
        self.pending: list[tuple[int, str, bool, bool]] = []

    def run(self) -> list[Token]:
        """All tokens, the last of kind "end". Raises PerlSyntax, NotSimulated."""
        while True:
            spaced = self._space()
            if self.at >= len(self.source):
                self.tokens.append(Token("end", "", self.line))
                return self.tokens
            self._token(spaced)

    def _space(self) -> bool:
        start = self.at
        while self.at < len(self.source):
            character = self.source[self.at]
            if character == "\n":
                self._advance(1)
                self._here_documents()
            elif character.isspace():
                self._advance(1)
            elif character == "#":
                end = self.source.find("\n", self.at)
                self.at = len(self.source) if end < 0 else end
            else:
                break
        return self.at > start

    def _advance(self, count: int) -> None:
        self.line += self.source.count("\n", self.at, self.at + count)
        self.at += count

    def _add(self, kind: str, text: str, *parts: str, spaced: bool = False, line: int = 0) -> None:
        self.tokens.append(Token(kind, text, line or self.line, parts, spaced))

    def _term_expected(self) -> bool:
        if not self.tokens:
            return True
        last = self.tokens[-1]
        if last.kind in ("variable", "number", "string", "pattern"):
            return False
        if last.kind == "name":
            return last.text in _BEFORE_TERM
        return last.text not in (")", "]", "}")

    def _token(self, spaced: bool) -> None:
        rest = self.source[self.at : self.at + 1]
        name = _NAME.match(self.source, self.at)
        if name and rest == "x" and not self._term_expected() and re.fullmatch(r"x\d+", name[0]):
            self._add("operator", "x", spaced=spaced)
            self._advance(1)
            return
        if name:
            self._name(name[0], spaced)
            return
        number = _NUMBER.match(self.source, self.at)
        if number and (rest.isdigit() or self._term_expected()):
            self._add("number", number[0], spaced=spaced)
            self._advance(number.end() - self.at)
            return
        after_name = bool(self.tokens) and self.tokens[-1].kind == "name" and re.match(r"[%&][A-Za-z_{$]", self.source[self.at : self.at + 2])
        if rest in "$@" or (rest in "%&" and (self._term_expected() or after_name)):
            variable = _VARIABLE.match(self.source, self.at)
            if variable:
                self._add("variable", variable[0], spaced=spaced)
                self._advance(variable.end() - self.at)
                return
        if rest in "\"'`":
            self._quoted(rest, spaced)
            return
        if self._term_expected() and self._term_sign(rest, spaced):
            return
        operator = _OPERATOR.match(self.source, self.at)
        if operator is None:
            raise PerlSyntax(f"Unrecognized character {rest}; marked by <-- HERE at {{file}} line {self.line}.")
        self._add("operator", operator[0], spaced=spaced)
        self._advance(operator.end() - self.at)

    def _term_sign(self, sign: str, spaced: bool) -> bool:
        """Signs that begin a term: a pattern, a file handle, a here-document, a file test."""
        if sign == "/":
            line = self.line
            self.at += 1
            body = self._until("/")
            self._add("pattern", "m", body, self._flags(), line=line, spaced=spaced)
            return True
        if sign == "<":
            here = re.compile(r"<<(~?)(?:\"([^\"\n]*)\"|'([^'\n]*)'|([A-Za-z_]\w*))").match(self.source, self.at)
            if here:
                self._advance(here.end() - self.at)
                word = here[2] if here[2] is not None else here[3] if here[3] is not None else here[4]
                self.pending.append((len(self.tokens), word, here[3] is None, bool(here[1])))
                self._add("string", "qq" if here[3] is None else "q", "", spaced=spaced)
                return True
            handle = re.compile(r"<(\$?\w*)>").match(self.source, self.at)
            if handle:
                self._add("readline", handle[1], spaced=spaced)
                self._advance(handle.end() - self.at)
                return True
        if sign == "-":
            test = re.compile(r"-([edfrwxszlp])(?=\s+[\$\"'(]|\s*[\"'$])(?!\w)").match(self.source, self.at)
            if test:
                self._add("filetest", test[1], spaced=spaced)
                self._advance(2)
                return True
        return False

    def _name(self, name: str, spaced: bool) -> None:
        following = self.source[self.at + len(name) :]
        stripped = following.lstrip()
        is_key = stripped.startswith("=>") or (self.tokens and self.tokens[-1].text in ("->", "{") and stripped.startswith("}"))
        if (
            name in _QUOTES
            and not is_key
            and following[:1] not in (",", ";", ")")
            and re.match(r"\s*[^\w\s=,;)]|=(?![=~>])|\s+[^\w\s=,;)#]", following)
        ):
            self._quote_like(name, spaced)
            return
        self._add("name", name, spaced=spaced)
        self._advance(len(name))

    # -- quotes ----------------------------------------------------------------------------------------------------------

    def _quoted(self, quote: str, spaced: bool) -> None:
        line = self.line
        self.at += 1
        self._add("string", {"'": "q", '"': "qq", "`": "qx"}[quote], self._until(quote), spaced=spaced, line=line)

    def _until(self, close: str, open_sign: str = "") -> str:
        """The text up to the closing sign, with nested pairs; backslashes are kept but for those before the sign."""
        start, depth, line = self.at, 0, self.line
        while self.at < len(self.source):
            character = self.source[self.at]
            if character == "\\":
                self._advance(2)
                continue
            if open_sign and character == open_sign:
                depth += 1
            elif character == close:
                if not depth:
                    text = self.source[start : self.at]
                    self._advance(1)
                    return text
                depth -= 1
            self._advance(1)
        sign = {'"': "'\"'", "'": '"\'"'}.get(close, f'"{close}"')
        raise PerlSyntax(f"Can't find string terminator {sign} anywhere before EOF at {{file}} line {line}.")

    def _delimited(self) -> tuple[str, str]:
        sign = self.source[self.at]
        self.at += 1
        close = _CLOSE.get(sign, sign)
        return self._until(close, sign if close != sign else ""), sign

    def _quote_like(self, name: str, spaced: bool) -> None:
        line = self.line
        self._advance(len(name))
        while self.source[self.at].isspace():
            self._advance(1)
        body, sign = self._delimited()
        if name in ("s", "tr", "y"):
            if sign in _CLOSE:
                while self.source[self.at].isspace():
                    self._advance(1)
                second, _ = self._delimited()
            else:
                second = self._until(sign)
            self._add("pattern", "s" if name == "s" else "tr", body, second, self._flags(), sign, line=line, spaced=spaced)
        elif name in ("m", "qr"):
            self._add("pattern", name, body, self._flags(), sign, line=line, spaced=spaced)
        else:
            self._add("string", name if name != "qq" or sign != "'" else "q", body, spaced=spaced, line=line)

    def _flags(self) -> str:
        match = re.compile(r"[a-z]*").match(self.source, self.at)
        assert match is not None
        self.at = match.end()
        return match[0]

    def _here_documents(self) -> None:
        for index, word, interpolate, indented in self.pending:
            lines: list[str] = []
            while True:
                if self.at >= len(self.source):
                    raise PerlSyntax(f'Can\'t find string terminator "{word}" anywhere before EOF at {{file}} line {self.tokens[index].line}.')
                end = self.source.find("\n", self.at)
                end = len(self.source) if end < 0 else end
                line = self.source[self.at : end]
                self._advance(end + 1 - self.at)
                if (line.strip() if indented else line) == word:
                    break
                lines.append(line)
            if indented:
                margin = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
                lines = [line[margin:] for line in lines]
            token = self.tokens[index]
            text = "".join(f"{line}\n" for line in lines)
            self.tokens[index] = Token("string", "heredoc" if interpolate else "rawdoc", token.line, (text,), token.spaced)
        self.pending.clear()
