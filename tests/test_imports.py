"""The arrows of the design: who may know whom, and that nothing touches the real machine."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent / "simulator"
#: The rooms from the ground up; a room may know those of lower rank, and itself.
RANK = {
    "clock": 0, "trace": 0, "mail": 0, "content": 0,
    "net": 1, "world": 1,
    "journey": 2,
    "unix": 2,
    "shell": 3, "netprog": 3,
    "postfix": 4, "dovecot": 4, "exim": 4, "sendmail": 4, "mua": 4, "mda": 4, "mra": 4,
    "installed": 5, "session": 5, "why": 5, "dialogue": 5, "lab": 6, "trainer": 7, "cli": 8, "jupyter": 8,
}  # fmt: skip
#: Rooms that stand side by side and do not know each other.
SIBLINGS = {"postfix", "dovecot", "exim", "sendmail", "mua", "mda", "mra"}
#: Modules that reach the real disk, network, clock, processes or chance.
REAL = {"socket", "subprocess", "shutil", "tempfile", "glob", "threading", "multiprocessing", "requests", "urllib.request", "http.client", "ssl", "secrets",
        "signal", "pty", "select"}  # fmt: skip
#: Who may, and why.
ALLOWED = {
    "cli.py": "the command line is of the real world",
    "lab.py": "a session is saved to a real file, atomically",
    "content.py": "package data",
    "net/gateway.py": "the loopback door",
    "shell/bash.py": "a worker thread, so that Ctrl-C reaches a running line",
}


def modules() -> list[Path]:
    return sorted(path for path in ROOT.rglob("*.py") if "_content" not in path.parts)


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """Every imported module of a file with its line, also those inside functions; TYPE_CHECKING blocks are only names."""
    tree = ast.parse(path.read_text("utf-8"))
    typing_only = {id(node) for branch in ast.walk(tree) if isinstance(branch, ast.If) and "TYPE_CHECKING" in ast.dump(branch.test) for node in ast.walk(branch)}
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, node.lineno
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def room(dotted: str) -> str | None:
    parts = dotted.split(".")
    return parts[1] if parts[0] == "simulator" and len(parts) > 1 and parts[1] in RANK else None


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_knows_only_lower_rooms(path: Path) -> None:
    """One arrow against the stream, and a rule of Postfix needs changes in many files."""
    own = path.relative_to(ROOT).parts[0].removesuffix(".py")
    if own == "__init__":
        return
    assert own in RANK, f"{own} has no place in the map of rooms"
    for name, line in imports(path):
        other = room(name)
        if other is None or other == own:
            continue
        assert RANK[other] < RANK[own], f"{path.name}:{line}: {own} must not know {other}"
        assert not (own in SIBLINGS and other in SIBLINGS), f"{path.name}:{line}: {own} and {other} are siblings"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_touches_the_real_machine(path: Path) -> None:
    """A learner's input never reaches the real disk, network, clock or processes."""
    relative = str(path.relative_to(ROOT))
    if relative in ALLOWED or relative.startswith("jupyter/"):
        return
    used = {name for name, _ in imports(path) if name in REAL}
    assert not used, f"{relative} imports {', '.join(sorted(used))}"
    calls = {ast.unparse(node.func) for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)}
    forbidden = {"open", "time.time", "time.sleep", "time.monotonic", "datetime.now", "datetime.datetime.now", "random.random", "random.choice", "os.urandom",
                 "os.getpid", "os.system", "uuid.uuid4", "os.open", "os.listdir", "os.environ.get"}  # fmt: skip
    assert not calls & forbidden, f"{relative} calls {', '.join(sorted(calls & forbidden))}"


def test_only_the_notebook_room_knows_widgets() -> None:
    """ipywidgets and IPython are known to simulator/jupyter alone."""
    for path in modules():
        if path.relative_to(ROOT).parts[0] in ("jupyter", "cli.py"):
            continue
        assert not {name for name, _ in imports(path) if name.split(".")[0] in ("ipywidgets", "IPython", "anywidget", "traitlets")}, path
