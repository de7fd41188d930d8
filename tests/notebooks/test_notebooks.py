"""Every notebook runs from top to bottom, is stored without outputs, and speaks English and German."""

import json
from pathlib import Path

import nbclient
import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path: Path, tmp_path: Path) -> None:
    """No cell raises, none says that something is not simulated, and every host cell shows a prompt."""
    book = nbformat.read(path, as_version=4)
    nbclient.NotebookClient(book, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    for cell in book.cells:
        if cell.cell_type != "code":
            continue
        shown = "".join(output.get("text", "") for output in cell.outputs)
        assert "simulator:" not in shown, cell.source
        assert "command not found" not in shown, cell.source
        assert "No manual entry" not in shown, cell.source
        if cell.source.startswith("%%host"):
            assert f"@{cell.source.split()[1]}:" in shown, cell.source
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_stored_clean(path: Path) -> None:
    """Outputs are cleared, so that a difference between two versions can be read."""
    book = json.loads(path.read_text("utf-8"))
    for cell in book["cells"]:
        if cell["cell_type"] == "code":
            assert (cell["outputs"], cell["execution_count"]) == ([], None)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_explanation_is_there_in_german(path: Path) -> None:
    """An English sentence is followed by its German one, in italics."""
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "markdown":
            assert "*" in cell.source or "·" in cell.source, cell.source


def test_the_course_notes_are_all_there() -> None:
    """Every command of the notes stands in the notebook, in their order."""
    commands = [
        "apt install postfix", "man postfix", "aptitude show postfix", "apt install mailutils", "postconf | grep direct", "postconf -n", "postconf -d ",
        "postconf -e ", "postfix reload", "postqueue -p", "mailq", "postqueue -f", """postqueue -j | jq -r '.|select(.sender=="root@ubuntu")'""",
        """postqueue -j | jq -r '.|select(.recipients[0].address=="vati123@ubuntu")|.queue_id'""",
        """postqueue -j | jq -r '.|select(.recipients[]|contains({"address": "vati123@ubuntu"}))'""",
        """postqueue -j | jq -r '.|select(.recipients[]|contains({"address": "vati123@ubuntu"}))|.queue_id' | xargs -I ID postsuper -d ID""",
        "postsuper -d ", "newaliases", "mail2file: /tmp/mail2file", "maileater.pl", ":include:/etc/verteiler1", "echo verteiler-test | mail -s test verteiler1@ubuntu",
        "tail -20 /var/log/mail.log", "man 5 aliases", "man 8 local", ".forward", "man mailq", "/var/spool/postfix",
    ]  # fmt: skip
    path = next(path for path in NOTEBOOKS if path.stem == "01-course-notes")
    text = "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code")
    position = 0
    for command in commands:
        found = text.find(command, position)
        assert found >= 0, f"{command} is missing after {text[max(0, position - 60):position]!r}"
        position = found
