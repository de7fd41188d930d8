"""Why did this happen to my mail? A few sentences for each recipient, and the line of the file that decided.

    print(lab.why("8D0AE4125D"))                     # a queue id
    print(lab.why("carla@example.net", language="de"))

Everything comes from the trace; files are opened only to say where a decision stands. They are read as they are now.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.journey import Journeys, Message, names
from simulator.why.source import Line
from simulator.why.story import Step, Teller, clock_time
from simulator.why.texts import SENTENCES, WORDS, pick

if TYPE_CHECKING:
    from simulator.lab import Lab
    from simulator.trace import Event

__all__ = ["Line", "Step", "Story", "Why", "explain"]

#: Recipients told of at most; a list may have thousands.
_MOST_RECIPIENTS = 20


@dataclass(frozen=True, slots=True)
class Story:
    """One recipient: the address, what became of it last (sent, deferred, bounced, rejected ...), and the steps."""

    recipient: str
    status: str
    steps: tuple[Step, ...]

    @property
    def causes(self) -> list[Line]:
        """The lines of files that decided, in the order of the story."""
        return list(dict.fromkeys(line for step in self.steps for line in step.causes))


@dataclass(frozen=True, slots=True)
class Why:
    """The answer: a story for each recipient. `print(why)` shows it; a notebook shows it as Markdown."""

    subject: str
    language: str
    stories: tuple[Story, ...]

    def sentence(self, step: Step) -> str:
        """A step as a sentence."""
        return pick(SENTENCES[step.kind], self.language).format(**step.facts).rstrip()

    def reason(self, line: Line) -> str:
        """A line that decided, with its place."""
        if not line.path:
            return f"{line.text}   ({pick(WORDS['default'], self.language)})"
        return f"{line.place}: {line.text}" if line.number else f"{line.path} ({pick(WORDS['no line'], self.language)})"

    def _nothing(self) -> str:
        return pick(WORDS["nothing"], self.language).format(subject=self.subject)

    def __str__(self) -> str:
        rows: list[str] = []
        for story in self.stories:
            rows.append(f"{story.recipient}: {story.status}")
            for step in story.steps:
                rows.append(f"  {clock_time(step.when)} {step.host}: {self.sentence(step)}")
                rows += [f"      {self.reason(line)}" for line in step.causes]
        return "\n".join(rows or [self._nothing()])

    def _repr_markdown_(self) -> str:
        rows: list[str] = []
        for story in self.stories:
            rows.append(f"**{story.recipient}: {story.status}**\n")
            for step in story.steps:
                rows.append(f"- `{clock_time(step.when)} {step.host}` {_escaped(self.sentence(step))}")
                rows += [f"    - `{self.reason(line)}`" for line in step.causes]
            rows.append("")
        return "\n".join(rows or [self._nothing()])


def _escaped(text: str) -> str:
    """Text that Markdown and HTML leave as it is."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("*", "\\*").replace("_", "\\_").replace("`", "\\`")


def explain(lab: Lab, subject: str, language: str = "en") -> Why:
    """What happened to a message (by queue id or message-id), or to the last one for or from an address.

    Raises ValueError for a language other than en and de.
    """
    pick(WORDS["nothing"], language)
    teller = Teller(lab, language)
    stories = _of_messages(teller, teller.journeys.named(subject)[:1])
    return Why(subject, language, tuple(stories or _of_address(teller, subject.strip("<>"))))


def _of_messages(teller: Teller, messages: list[Message]) -> list[Story]:
    found = [(message, name) for message in messages for name in message.recipients or ["?"]]
    return [_story(teller, message, name) for message, name in found[:_MOST_RECIPIENTS]]


def _story(teller: Teller, message: Message, recipient: str) -> Story:
    fates = [event.event for event in message.deliveries if event.data["recipient"] == recipient or recipient.casefold() in names(event)]
    gone = message.first("expired") or message.first("deleted") or message.first("refused") or message.first("discarded")
    status = gone.event if gone is not None else fates[-1] if fates else teller.word("waiting")
    return Story(recipient, status, tuple(teller.message(message, recipient)))


def _of_address(teller: Teller, address: str) -> list[Story]:
    """The last thing that happened to an address: a message for it, a refusal of it, or a message from it."""
    wanted = address.casefold()
    refusals = [event for event in teller.journeys.unqueued if event.event == "rejected" and wanted in names(event)]
    refusals += [event for one in teller.journeys.messages for event in one.all("rejected") if wanted in names(event)]
    messages = [message for message in teller.journeys.messages if _first_use(message, wanted) is not None]
    refusal = max(refusals, key=lambda event: event.when, default=None)
    message = max(messages, key=lambda one: one.opened, default=None)
    if refusal is not None and not _follows(teller.journeys, message, refusal):
        return [Story(address, teller.word("rejected"), tuple(teller.refusal(refusal)))]
    if message is None:
        from_it = [one for one in teller.journeys.messages if one.sender.casefold() == wanted]
        return _of_messages(teller, from_it[-1:])
    message = teller.journeys.origin(message)
    recipients = [name for name in message.recipients if _leads_to(message, name, wanted)] or message.recipients
    return [_story(teller, message, name) for name in recipients[:_MOST_RECIPIENTS]]


def _first_use(message: Message, wanted: str) -> Event | None:
    own = [event for event in message.events if event.event != "rejected" and "recipient" in event.data and wanted in names(event)]
    mapped = [event for event in message.all("mapped") if event.data["key"].casefold() == wanted]
    return next(iter(own or mapped), None)


def _follows(journeys: Journeys, message: Message | None, refusal: Event) -> bool:
    """Is there something to tell that comes after the refusal, or that ended in it?"""
    if message is None:
        return False
    return message.events[-1].when >= refusal.when


def _leads_to(message: Message, recipient: str, wanted: str) -> bool:
    known = {recipient.casefold()}
    for event in message.events:
        if recipient.casefold() in names(event):
            known |= names(event)
    return wanted in known
