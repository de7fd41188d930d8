"""Add to exact.json every step that is exact now. What is in the list stays in it."""

from __future__ import annotations

import json

from tests.reality.replay import HERE, cases, differences, name


def main() -> None:
    target = HERE / "exact.json"
    exact: dict[str, list[int]] = json.loads(target.read_text("utf-8")) if target.exists() else {}
    for path in cases():
        steps = range(len(json.loads(path.read_text("utf-8"))["steps"]))
        try:
            good = set(steps) - set(differences(path))
        except Exception as bug:
            print(f"{name(path)}: {bug!r}")
            good = set()
        good |= set(exact.get(name(path), ()))
        if good:
            exact[name(path)] = sorted(good)
    lines = [f"{json.dumps(case)}: {json.dumps(numbers)}" for case, numbers in sorted(exact.items())]
    target.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")
    print(f"{sum(map(len, exact.values()))} steps of {len(exact)} recordings must be exact")


if __name__ == "__main__":
    main()
