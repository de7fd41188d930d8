"""The built wheel works without the checkout: labs and notebooks come along."""

import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.slow
def test_the_wheel_carries_its_content(tmp_path: Path) -> None:
    """Build, install elsewhere, run there. The dependencies are those of this environment; only our own package is fresh."""
    subprocess.run([sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", tmp_path, ROOT], check=True)
    wheel = next(tmp_path.glob("maillab-*.whl"))
    venv.create(tmp_path / "env", with_pip=False, system_site_packages=False)
    python = tmp_path / "env/bin/python"
    site = next((tmp_path / "env/lib").glob("python*/site-packages"))
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", site, wheel], check=True)
    mine = [path for path in sys.path if path.endswith("site-packages")]
    (site / "borrowed.pth").write_text("\n".join(mine) + "\n")
    code = (
        "import simulator, sys; assert str(simulator.__file__).startswith(sys.prefix), simulator.__file__\n"
        "from simulator import cli\n"
        "sys.exit(cli.main(['labs']))"
    )
    done = subprocess.run([python, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "ubuntu" in done.stdout
    told = subprocess.run([python, "-m", "simulator.cli", "shell", "ubuntu"], cwd=tmp_path, input="hostname\n", capture_output=True, text=True, check=False)
    assert told.stdout == "root@ubuntu:~# hostname\nubuntu\n", told.stderr
    code = "from pathlib import Path; from simulator import cli; print(cli.notebooks(Path('books')) / '00-start.ipynb')"
    assert subprocess.run([python, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True).stdout.strip() == "books/00-start.ipynb"
    assert (tmp_path / "books/01-course-notes.ipynb").exists()
