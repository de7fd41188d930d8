"""Parentheses of PCRE patterns: groups, assertions, conditions, calls, options, verbs. pcre2pattern(3)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import regex

from simulator.postfix.lib.tables.pcre_scanner import NotSimulated, Piece, Scanner
from simulator.postfix.lib.tables.posix_bracket import RegexError

MISSING_PAREN: Final = "missing closing parenthesis"
BAD_OPTION: Final = "unrecognized character after (? or (?-"
DUPLICATE_NAME: Final = "two named subpatterns have the same name (PCRE2_DUPNAMES not set)"
BAD_VERB: Final = "(*VERB) not recognized or malformed"
_MAX_DEPTH: Final = 250
_VERBS: Final = {"FAIL": "(?!)", "F": "(?!)", "PRUNE": "(*PRUNE)", "SKIP": "(*SKIP)"}
_KNOWN_VERBS: Final = frozenset(("ACCEPT", "FAIL", "F", "COMMIT", "PRUNE", "SKIP", "THEN", "MARK", ""))
_LOOKAROUND: Final = ("?=", "?!", "?<=", "?<!")
_CONDITION = regex.compile(r"([+-]?\d+)\)|<(\w+)>\)|'(\w+)'\)|(DEFINE)\)|(?!R\)|R\d|VERSION)([A-Za-z_]\w*)\)")
_VERB = regex.compile(r"\*([A-Z_]*)(?:(:)([^)]*))?\)")
_SWITCHES: Final = {
    "i": "icase", "m": "multiline", "s": "dotall", "x": "extended", "n": "no_capture", "J": "same_names", "U": "ungreedy"
}  # fmt: skip


class Groups(Scanner):
    """All that begins with a parenthesis."""

    def _alternatives(self, reset: bool = False) -> list[Piece]:
        """The branches up to a closing parenthesis or the end. `reset`: each begins with the same group number."""
        raise NotImplementedError

    # -- parentheses ------------------------------------------------------------------------------------------------------

    def _parenthesis(self) -> Piece | None:
        start = self.position
        self.position += 1
        if self._at() == "*" and self._at(2) not in ("*", "*)"):
            return self._verb()
        if self._at() != "?":
            return self._group("(?:" if self.options.no_capture else "(")
        self.position += 1
        if self.position >= len(self.pattern):
            raise RegexError(MISSING_PAREN, self.position)
        for opener in (":", ">", "|", "=", "!", "<=", "<!"):
            if self.pattern.startswith(opener, self.position):
                self.position += len(opener)
                return self._group("(?" + opener, start)
        return self._question(self._at())

    def _question(self, char: str) -> Piece | None:
        if char == "*" or self._at(2) == "<*":
            raise NotSimulated("a non-atomic assertion, (?*...)")
        if char in ("<", "'"):
            return self._named_group({"<": ">", "'": "'"}[char])
        if char == "P":
            return self._python_style()
        if char == "(":
            return self._condition()
        if char == "C":
            self._callout()
            return None
        if char in "R&" or char.isdigit() or (char in "+-" and self.pattern[self.position + 1 : self.position + 2].isdigit()):
            return self._call(char)
        if char == "+":
            raise RegexError("digit expected after (?+ or (?-", self.position)
        return self._option_setting()

    def _group(self, opener: str, start: int = 0, name: str | None = None) -> Piece:
        looking = opener[1:] in _LOOKAROUND
        if opener == "(":
            self.groups += 1
            if name is not None:
                self.names.setdefault(name, self.groups)
        self.depth += 1
        self.lookaround += looking
        if self.depth > _MAX_DEPTH:
            raise RegexError("parentheses are too deeply nested", self.position)
        saved = self.options
        if "<" in opener:
            slot = len(self.not_fixed)
        pieces = self._alternatives(reset=opener == "(?|")
        if self._at() != ")":
            raise RegexError(MISSING_PAREN, len(self.pattern))
        self.position += 1
        self.options = saved
        self.depth -= 1
        self.lookaround -= looking
        lengths = {piece.length for piece in pieces}
        if "<" in opener and None in lengths:
            self.not_fixed.insert(slot, start)
        length = 0 if looking else lengths.pop() if len(lengths) == 1 else None
        return Piece(f"{opener}{'|'.join(piece.text for piece in pieces)})", length)

    def _named_group(self, closer: str) -> Piece:
        self.position += 1
        begin = self.position
        name = self._name(closer)
        if self.names.get(name, self.groups + 1) != self.groups + 1 and not self.options.same_names:
            raise RegexError(DUPLICATE_NAME, begin + len(name) + 1)
        return self._group("(", name=name)

    def _python_style(self) -> Piece:
        self.position += 1
        char = self._at()
        if not char:
            raise RegexError(MISSING_PAREN, self.position)
        if char == "<":
            return self._named_group(">")
        if char not in ">=":
            raise RegexError("unrecognized character after (?P", self.position)
        self.position += 1
        begin = self.position
        name = self._name(")")
        return self._backref(name, begin) if char == "=" else self._called(name, begin)

    def _call(self, char: str) -> Piece:
        begin = self.position
        self.position += 1
        if char == "R":
            if self._at() != ")":
                raise RegexError("(?R (recursive pattern call) must be followed by a closing parenthesis", self.position)
            self.position += 1
            return Piece("(?R)", None)
        if char == "&":
            return self._called(self._name(")"), begin + 1)
        while self._at().isdigit():
            self.position += 1
        number = self._relative(self.pattern[begin : self.position], self.position)
        if self._at() != ")":
            raise RegexError(MISSING_PAREN, self.position)
        self.position += 1
        return self._called(number, self.position - 1)

    def _called(self, target: int | str, offset: int) -> Piece:
        self.references.append((target, offset))
        return Piece(f"(?\0{target}\0)" if isinstance(target, str) else f"(?{target})", None)

    def _callout(self) -> None:
        end = self.pattern.find(")", self.position)
        if end < 0:
            raise RegexError(MISSING_PAREN, len(self.pattern))
        if not self.pattern[self.position + 1 : end].isdigit() and end > self.position + 1:
            raise NotSimulated("(?C...), a callout")
        self.position = end + 1

    def _condition(self) -> Piece:
        self.position += 1
        match = _CONDITION.match(self.pattern, self.position)
        if match is None:
            raise NotSimulated("a conditional group, (?(condition)yes|no)")
        offset = self.position + (0 if match[1] or match[5] else 1)
        target: int | str = self._relative(match[1], match.end() - 1) if match[1] else match[2] or match[3] or match[4] or match[5]
        self.position = match.end()
        if match[4] is None:
            self.references.append((target, match.end(1) if match[1] else offset))
        spelt = "DEFINE" if match[4] else f"\0{target}\0" if isinstance(target, str) else target
        piece = self._group(f"(?({spelt})")
        return replace(piece, length=None)

    def _option_setting(self) -> Piece | None:
        options, value, hyphen = self.options, True, True
        if self._at() == "^":
            options = replace(options, icase=False, multiline=False, dotall=False, extended=False, no_capture=False)
            self.position, hyphen = self.position + 1, False
        while (char := self._at()) and char not in "):":
            self.position += 1
            if char == "-":
                if not hyphen:
                    after_caret = self.pattern[self.position - 2] == "^"
                    raise RegexError("invalid hyphen in option setting", self.position - after_caret)
                value = hyphen = False
            elif char in _SWITCHES:
                more = char == "x" and self._at() == "x"
                self.position += more
                options = replace(options, **{_SWITCHES[char]: value})
                options = replace(options, extended_more=more and value) if char == "x" else options
            else:
                raise RegexError(BAD_OPTION, self.position - 1)
        if not char:
            raise RegexError(MISSING_PAREN, len(self.pattern))
        self.position += 1
        if char == ")":
            self.options = options
            return None
        saved, self.options = self.options, options
        piece = self._group("(?:")
        self.options = saved
        return piece

    def _verb(self) -> Piece | None:
        match = _VERB.match(self.pattern, self.position)
        if match is None or match[1] not in _KNOWN_VERBS or not (match[1] or match[2]):
            self._bad_verb()
        assert match is not None
        if match[1] == "MARK" and not match[3]:
            raise RegexError("(*MARK) must have an argument", match.end() - 1)
        self.position = match.end()
        if match[1] in ("", "MARK"):
            return None
        if match[1] not in _VERBS:
            raise NotSimulated(f"(*{match[1]})")
        return Piece(_VERBS[match[1]], None if match[1] == "SKIP" else 0, repeatable=False)

    def _bad_verb(self) -> None:
        word = regex.compile(r"\*(\w*)").match(self.pattern, self.position)
        name = word[1] if word else ""
        if name and name[0].islower():
            raise NotSimulated("(*name:...), an alphabetic assertion")
        raise RegexError(BAD_VERB, self.position + 1 + len(name))

