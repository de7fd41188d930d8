"""The `*` lines of a recipe: expressions, sizes, programs, variables, negation and scores. procmailrc(5), procmailsc(5)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from simulator.mda.procmail_program import parse_command, run
from simulator.mda.procmail_regexp import Regexp
from simulator.mda.procmail_source import Source
from simulator.mda.procmail_text import LINE, Words

if TYPE_CHECKING:
    from simulator.mda.procmail_session import Session

_MAX: Final = 2_147_483_647.0
_TO: Final = "(^((Original-)?(Resent-)?(To|Cc|Bcc)|(X-Envelope|Apparently(-Resent)?)-To):(.*[^%s])?)"
_AFTER: Final = r")(([^).!:a-z0-9][-_a-z0-9]*)?[%@>\t ][^<)]*(\(.*\).*)?)?$([^>]|$)"
#: What the keywords stand for; the first two ignore case whatever the flag D says.
_KEYWORDS: Final = (
    (
        "^FROM_DAEMON",
        "(^(Mailing-List:|Precedence:.*(junk|bulk|list)|To: Multiple recipients of |"
        "(((Resent-)?(From|Sender)|X-Envelope-From):|>?From )([^>]*[^(.%@a-z0-9])?("
        "Post(ma?(st(e?r)?|n)|office)|(send)?Mail(er)?|daemon|m(mdf|ajordomo)|n?uucp|LIST(SERV|proc)|NETSERV|o(wner|ps)|"
        r"r(e(quest|sponse)|oot)|b(ounce|bs\.smtp)|echo|mirror|s(erv(ices?|er)|mtp(error)?|ystem)|"
        "A(dmin(istrator)?|MMGR|utoanswer)" + _AFTER + "))",
    ),
    ("^TO_", _TO % "-a-zA-Z0-9_."),
    ("^TO", _TO % "a-zA-Z"),
    (
        "^FROM_MAILER",
        "(^(((Resent-)?(From|Sender)|X-Envelope-From):|>?From )([^>]*[^(.%@a-z0-9])?("
        r"Post(ma(st(er)?|n)|office)|(send)?Mail(er)?|daemon|mmdf|n?uucp|ops|r(esponse|oot)|(bbs\.)?smtp(error)?|"
        "s(erv(ices?|er)|ystem)|A(dmin(istrator)?|MMGR)" + _AFTER + ")",
    ),
)
_WEIGHT: Final = re.compile(r"([-+]?(?:\d+(?:[.,]\d*)?|[.,]\d+))[ \t]*\^[ \t]*([-+]?(?:\d+(?:[.,]\d*)?|[.,]\d+))[ \t]*")
_AREA: Final = re.compile(r"([A-Za-z_]\w*)[ \t]*\?\?[ \t]*", re.A)


@dataclass(slots=True)
class _Test:
    """One condition in work: where it looks, whether it is negated, and its weight in the score."""

    area: str
    size: int
    text: str
    negate: bool = False
    scored: bool = False
    weight: float = 0.0
    exponent: float = 0.0


class Conditions:
    """All conditions of one recipe."""

    def __init__(self, session: Session, body: bool, head: bool, distinguish_case: bool) -> None:
        self.session = session
        self.case = distinguish_case
        self.score = 0.0
        self.scored = False
        mail = session.mail
        if body:
            self.area = mail.unfolded + mail.text[mail.body :] if head else mail.text[mail.body :]
        else:
            self.area = mail.unfolded

    def check(self, text: str) -> bool:
        """Does this line hold? A scored one always does and changes the score."""
        test = _Test(self.area, len(self.session.mail.text), text.strip(" \t"))
        before = self.score
        holds = self._dispatch(test)
        self._report(test, holds, self.score - before)
        return holds

    def finish(self, holds: bool) -> bool:
        """What all lines come to."""
        session = self.session
        session.score = int(self.score)
        if not session.score and self.score > 0:
            session.score = 1
        return holds and not (self.scored and self.score <= 0)

    # -- the parts of a line ----------------------------------------------------------------------------------------------

    def _dispatch(self, test: _Test) -> bool:
        while True:
            text = test.text
            if text.startswith("!"):
                test.negate = not test.negate
                test.text = text[1:].lstrip(" \t")
            elif text.startswith("$"):
                test.text = Words(self.session, Source('"' + text[1:]), LINE).read()[0].lstrip(" \t")
            elif match := _WEIGHT.match(text):
                test.weight, test.exponent = (float(part.replace(",", ".")) for part in match.groups())
                test.scored = self.scored = True
                test.text = text[match.end() :]
            elif match := _AREA.match(text):
                self._choose_area(test, match[1])
                test.text = text[match.end() :]
            else:
                break
        if test.text[:1] in ("<", ">"):
            return self._size(test)
        if test.text.startswith("?"):
            return self._program(test)
        return self._expression(test)

    def _choose_area(self, test: _Test, name: str) -> None:
        mail = self.session.mail
        known = {"B": mail.text[mail.body :], "H": mail.unfolded, "HB": mail.unfolded + mail.text[mail.body :]}
        known["BH"] = known["HB"]
        test.area = known[name] if name in known else self.session.get(name)
        test.size = len(test.area)

    def _size(self, test: _Test) -> bool:
        text = Words(self.session, Source(test.text), LINE).read()[0]
        found = re.match(r"[<>][ \t]*(-?\d+)?", text)
        pivot = int(found[1]) if found and found[1] else 0
        rest = text[found.end() :].strip() if found else ""
        if rest:
            self.session.say_of("Skipped", rest)
        test.text = text
        smaller = text.startswith("<")
        if test.scored:
            one, two = (pivot, test.size) if smaller != test.negate else (test.size, pivot)
            self._add(_MAX if not two else test.weight * (one / two) ** test.exponent)
            return True
        holds = test.size < pivot if smaller else test.size > pivot
        return holds != test.negate

    def _program(self, test: _Test) -> bool:
        line = parse_command(self.session, test.text[1:])
        result = run(self.session, line, test.area)
        test.text = line.shown
        if not test.scored:
            return (result.exit_code == 0) != test.negate
        if test.negate:
            for _ in range(min(result.exit_code, 255)):
                self._add(test.weight)
                test.weight *= test.exponent
        else:
            self._add(test.exponent if result.exit_code else test.weight)
        return True

    def _expression(self, test: _Test) -> bool:
        text, any_case = _with_keywords(_squeezed(test.text))
        expression = Regexp(text, any_case or not self.case)
        if expression.invalid:
            self.session.say_of("Invalid regexp", text)
        if test.scored:
            self._score(test, expression)
            return True
        if not text:
            return not test.negate
        match = expression.search(test.area)
        if match is not None and match.right is not None and not test.negate:
            self.session.assign("MATCH", "")
            self.session.env["MATCH"] = match.right
            self.session.tell("Matched", match.right)
        return (match is not None) != test.negate

    # -- scores -----------------------------------------------------------------------------------------------------------

    def _add(self, points: float) -> None:
        self.score = max(-_MAX, min(_MAX, self.score + points))

    def _score(self, test: _Test, expression: Regexp) -> None:
        """Each further match counts less (or more): weight * exponent^n."""
        if test.negate:
            if expression.search(test.area) is None:
                self._add(test.weight)
            return
        weight, start = test.weight, 0
        while weight and abs(self.score) < _MAX and (match := expression.search(test.area, start)) is not None:
            self._add(weight)
            before, weight = weight, weight * test.exponent
            if match.end <= start:
                self._empty_match(test, weight)
                return
            if weight * weight < before * before < 1:
                return
            start = match.end

    def _empty_match(self, test: _Test, weight: float) -> None:
        """An expression that matches nothing at all matches for ever: the sum of the series."""
        if 0 < test.exponent < 1:
            self._add(weight / (1 - test.exponent))
        elif test.exponent >= 1 and weight:
            self._add(-_MAX if weight < 0 else _MAX)

    def _report(self, test: _Test, holds: bool, points: float) -> None:
        session = self.session
        if not session.verbose:
            return
        shown = f' "{test.text}"' if not test.negate else f' ! "{test.text}"'
        if test.scored:
            session.say(f"Score: {int(points):7d} {int(self.score):7d}{shown}\n")
        else:
            session.say(f"{'Match' if holds else 'No match'} on{shown}\n")


def _squeezed(text: str) -> str:
    """Lines that a backslash continued, as one; blanks at the beginning of the next line go."""
    return re.sub(r"\\\n[ \t]*", "", text)


def _with_keywords(text: str) -> tuple[str, bool]:
    """The expression with ^TO_, ^TO, ^FROM_DAEMON and ^FROM_MAILER replaced; do they ask to ignore case?"""
    any_case = False
    for key, meaning in _KEYWORDS:
        at = text.find(key)
        while at >= 0 and not (at and text[at - 1] == "\\"):
            text = text[:at] + meaning + text[at + len(key) :]
            any_case = any_case or key == "^FROM_DAEMON"
            at = text.find(key, at + len(meaning))
    return text, any_case
