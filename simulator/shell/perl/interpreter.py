"""The whole Perl machine: on top of statements and operators, files and functions."""

from __future__ import annotations

import posixpath

from simulator.shell.perl import handles
from simulator.shell.perl.builtins import BUILTINS
from simulator.shell.perl.control import Control
from simulator.shell.perl.handles import Handle
from simulator.shell.perl.machine import Flat, Value
from simulator.shell.perl.nodes import Node, NotSimulated
from simulator.shell.perl.text import sprintf, string
from simulator.unix.program import Process


class Interpreter(Control):
    """One running Perl program."""

    def __init__(self, p: Process, file: str, args: list[str]) -> None:
        super().__init__(p, file, args)
        self.builtins = dict(BUILTINS)

    def handle(self, value: Value) -> Handle | None:
        """The open file that a value or a name stands for."""
        return value if isinstance(value, Handle) else self.files.get(string(value).upper() if string(value).lower() == "stdin" else string(value))

    def do_readline(self, node: Node, want: str) -> Value:
        name = node.text
        value = self.do_scalar(Node("scalar", node.line, text=name[1:]), "") if name.startswith("$") else name
        handle = self._argv() if name == "ARGV" else self.handle(value)
        if handle is None:
            return Flat([]) if want == "list" else None
        separator = self.globals["$/"]
        if want == "list":
            lines = []
            while (line := handle.read_line(separator)) is not None:
                lines.append(line)
            self.globals["$."] = handle.line
            return Flat(lines)
        line = handle.read_line(separator)
        self.globals["$."] = handle.line
        return line

    def _argv(self) -> Handle:
        """<>: the files of @ARGV one after the other, or standard input."""
        if "ARGV" not in self.files:
            names, text = self.array("ARGV"), ""
            for name in names:
                try:
                    text += self.p.read(string(name)).decode("utf-8", "surrogateescape")
                except OSError as error:
                    self.p.err(f"Can't open {name}: {error.strerror} at {self.file} line {self.line}.\n")
            self.files["ARGV"] = Handle("ARGV", "<", text=text) if names else self.files["STDIN"]
            names.clear()
        return self.files["ARGV"]

    def do_backticks(self, node: Node, want: str) -> Value:
        done = self.p.run(["/bin/sh", "-c", self.interpolate(node.text, node.line)])
        self.p.err(done.stderr)
        self.globals["$?"] = done.exit_code << 8
        return Flat(done.stdout.splitlines(keepends=True)) if want == "list" else done.stdout

    def do_print(self, node: Node, want: str) -> Value:
        handle = self.handle(self.scalar(node.args[0]))
        values = self.lists(node.args[1:]) if len(node.args) > 1 else [self.do_scalar(Node("scalar", node.line, text="_"), "")]
        if node.text == "printf":
            text = sprintf(string(values[0]), values[1:]) if values else ""
        else:
            text = (
                string(self.globals["$,"]).join(string(value) for value in values)
                + string(self.globals["$\\"])
                + ("\n" if node.text == "say" else "")
            )
        if handle is None:
            return False
        return handles.write(self.p, handle, text)

    def do_filetest(self, node: Node, want: str) -> Value:
        path = posixpath.join(self.p.cwd, string(self.scalar(node.args[0])))
        try:
            entry = self.p.fs.stat(path, self.p.cred, follow=node.text != "l")
        except OSError:
            return None
        if node.text in "rwx":
            return self.p.fs.access(path, {"r": 4, "w": 2, "x": 1}[node.text], self.p.cred)
        answers = {
            "e": True,
            "f": entry.is_file,
            "d": entry.is_dir,
            "s": entry.size or False,
            "z": entry.size == 0,
            "l": entry.is_link,
            "p": entry.kind == "p",
        }
        return answers[node.text]

    def do_call(self, node: Node, want: str) -> Value:
        function = self.builtins.get(node.text)
        if function is None:
            raise NotSimulated(f"the function {node.text}", node.line)
        return function(self, node, want)

    def do_with_block(self, node: Node, want: str) -> Value:
        return self.builtins[f"{node.text} BLOCK"](self, node, want)
