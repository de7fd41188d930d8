"""The command `maillab`.

    maillab                     open JupyterLab on the notebooks
    maillab shell LAB [HOST]    a terminal on a host of a lab, for example: maillab shell ubuntu
    maillab serve LAB [HOST]    open a door at 127.0.0.1 through which real mail programs reach a host
    maillab labs                the labs there are
"""

from __future__ import annotations

import argparse
import os
import sys
import webbrowser
from collections.abc import Iterable, Sequence
from importlib.resources.abc import Traversable
from pathlib import Path

import platformdirs
from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory

from simulator import world
from simulator.clock import seconds
from simulator.content import folder
from simulator.lab import Lab, open_lab
from simulator.session import Session

#: Lines that the terminal itself understands; everything else goes to bash.
_CONTROLS = "%advance DURATION (let time pass), %host NAME [USER] (another terminal), %help, exit"


def data_directory() -> Path:
    """Where history and notebooks of this user lie; made if missing."""
    path = platformdirs.user_data_path("maillab", appauthor=False)
    path.mkdir(parents=True, exist_ok=True)
    return path


# -- notebooks ----------------------------------------------------------------------------------------------------------


def notebooks(target: Path) -> Path:
    """Copy the notebooks to where the learner works; what is already there stays as the learner left it."""
    target.mkdir(parents=True, exist_ok=True)
    _copy(folder("notebooks"), target)
    return target


def _copy(source: Traversable, target: Path) -> None:
    for entry in source.iterdir():
        place = target / entry.name
        if entry.is_dir():
            place.mkdir(exist_ok=True)
            _copy(entry, place)
        elif not place.exists():
            place.write_bytes(entry.read_bytes())


def lab_arguments(directory: Path, browser: bool, extra: Sequence[str]) -> list[str]:
    """The command line of JupyterLab for this machine: no browser where none can open, root allowed where we are root."""
    arguments = [f"--ServerApp.root_dir={directory}", "--LabApp.default_url=/lab/tree/00-start.ipynb"]
    if not browser:
        arguments.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        arguments.append("--allow-root")
    return arguments + list(extra)


def can_open_browser() -> bool:
    """Is there a browser that could show a page?"""
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return False
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True


def start_notebooks(options: argparse.Namespace) -> int:
    from jupyterlab.labapp import LabApp

    directory = notebooks(Path(options.directory) if options.directory else data_directory() / "notebooks")
    browser = can_open_browser() and not options.no_browser
    print(f"The notebooks are in {directory}", file=sys.stderr)
    if not browser:
        print("Open the address that follows (http://localhost:...) in a browser.", file=sys.stderr)
    sys.argv = ["jupyter-lab"]
    LabApp.launch_instance(lab_arguments(directory, browser, options.jupyter))
    return 0


# -- terminal -----------------------------------------------------------------------------------------------------------


class HostCompleter(Completer):
    """Tab: programs for the first word, the host's paths for the others."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        text = document.text_before_cursor
        word = text.split(" ")[-1]
        found = self.session.programs(word) if " " not in text.lstrip() and "/" not in word else self.session.paths(word)
        for name in found:
            yield Completion(name, start_position=-len(word))


class Terminal:
    """`maillab shell`: one login at a time, in the real terminal."""

    def __init__(self, lab: Lab, host: str, user: str) -> None:
        self.lab = lab
        self.session = lab.login(host, user)
        self.logins = {(host, user): self.session}

    def control(self, line: str) -> str:
        """A line for the terminal itself; what to print."""
        name, *words = line.split()
        if name == "%advance" and len(words) == 1:
            try:
                self.lab.advance(seconds(words[0]))
            except ValueError as error:
                return f"{error}\n"
            self.lab.settle()
            return ""
        if name == "%host" and 1 <= len(words) <= 2:
            key = (words[0], words[1] if len(words) == 2 else "root")
            try:
                self.session = self.logins[key] = self.logins.get(key) or self.lab.login(*key)
            except KeyError as error:
                return f"{error.args[0]}\n"
            return ""
        return f"maillab: {_CONTROLS}\n"

    def run(self, text: str) -> str:
        """What one command, or one line for the terminal, prints."""
        if text.startswith("%"):
            return self.control(text)
        result = self.session.type(text)
        self.lab.settle()
        return result.stdout + result.stderr


def start_shell(options: argparse.Namespace) -> int:
    try:
        lab = open_lab(options.lab, started=not options.stopped, seed=options.seed)
    except world.WorldError as error:
        print(f"maillab: {error}", file=sys.stderr)
        return 2
    lab.settle()
    host = options.host or next(iter(lab))
    try:
        terminal = Terminal(lab, host, options.user)
    except KeyError as error:
        print(f"maillab: {error.args[0]}", file=sys.stderr)
        return 2
    return _interactive(terminal) if sys.stdin.isatty() else _piped(terminal)


def _interactive(terminal: Terminal) -> int:
    prompts: PromptSession[str] = PromptSession(history=FileHistory(str(data_directory() / "history")))
    print(f"{terminal.lab.name}: {', '.join(terminal.lab)}. {_CONTROLS}", file=sys.stderr)
    while True:
        session = terminal.session
        try:
            text = prompts.prompt(session.prompt, completer=HostCompleter(session), complete_while_typing=False)
            while session.wants_more(text):
                text += "\n" + prompts.prompt("> ")
        except KeyboardInterrupt:
            continue
        except EOFError:
            return 0
        if text.strip() in ("exit", "logout"):
            return 0
        sys.stdout.write(terminal.run(text))
        sys.stdout.flush()


def _piped(terminal: Terminal) -> int:
    """Lines from a file or a pipe: each is shown with its prompt, as in a terminal."""
    for command in terminal.session.commands(sys.stdin.read().rstrip("\n")):
        sys.stdout.write(f"{terminal.session.prompt}{command}\n")
        sys.stdout.write(terminal.run(command))
    return 0


# -- the door for real programs -----------------------------------------------------------------------------------------


def serve(options: argparse.Namespace) -> int:
    try:
        lab = open_lab(options.lab, seed=options.seed)
        lab.settle()
        host = options.host or next(iter(lab))
        door = lab.expose(lab[host].name, options.port)
    except world.WorldError as error:
        print(f"maillab: {error}", file=sys.stderr)
        return 2
    except KeyError as error:
        print(f"maillab: {error.args[0]}", file=sys.stderr)
        return 2
    print(f"{host}, port {options.port}, answers at 127.0.0.1 port {door.port}. Ctrl-C ends it.", flush=True)
    try:
        door.serve(options.seconds)
    except KeyboardInterrupt:
        print()
    finally:
        door.close()
    return 0


# -- the command line ---------------------------------------------------------------------------------------------------


def list_labs(options: argparse.Namespace) -> int:
    for name in world.available():
        plan = world.load(name)
        print(f"{name:<12}{plan.title.get('en', '')}: {', '.join(host.name for host in plan.hosts)}")
    return 0


def parser() -> argparse.ArgumentParser:
    """The arguments of `maillab`."""
    top = argparse.ArgumentParser(prog="maillab", description="Learn to run a mail server on simulated hosts.")
    top.set_defaults(run=start_notebooks, directory=None, no_browser=False, jupyter=[])
    commands = top.add_subparsers(title="commands")
    lab = commands.add_parser("notebooks", help="open JupyterLab on the notebooks (the same as no command)")
    lab.add_argument("--directory", help="where your copies of the notebooks lie")
    lab.add_argument("--no-browser", action="store_true", help="only print the address")
    lab.add_argument("jupyter", nargs="*", help="further arguments for JupyterLab, after --")
    lab.set_defaults(run=start_notebooks)
    shell = commands.add_parser("shell", help="a terminal on a host")
    shell.add_argument("lab", help="a lab, for example ubuntu or three")
    shell.add_argument("host", nargs="?", help="a host of the lab; its first one if none is named")
    shell.add_argument("--user", default="root", help="who logs in")
    shell.add_argument("--seed", type=int, default=0, help="what is drawn by chance depends on it")
    shell.add_argument("--stopped", action="store_true", help="leave the mail systems stopped")
    shell.set_defaults(run=start_shell)
    door = commands.add_parser("serve", help="let real mail programs on this computer talk to a host")
    door.add_argument("lab", help="a lab, for example three")
    door.add_argument("host", nargs="?", help="a host of the lab; its first one if none is named")
    door.add_argument("--port", type=int, default=25, help="the port of the host (25)")
    door.add_argument("--seconds", type=float, help="how long; until Ctrl-C if not given")
    door.add_argument("--seed", type=int, default=0, help="what is drawn by chance depends on it")
    door.set_defaults(run=serve)
    commands.add_parser("labs", help="the labs there are").set_defaults(run=list_labs)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point of the command `maillab`; its exit status."""
    options = parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except BrokenPipeError:
        sys.stderr.close()
        return 141


if __name__ == "__main__":
    sys.exit(main())
