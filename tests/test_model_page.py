"""sim/MODEL.md lists every number of the model as it is: `pytest tests/test_model_page.py --refresh` writes it anew."""

from pathlib import Path

import pytest

from sim.scenario import Scenario

PAGE = Path(__file__).parents[1] / "sim" / "MODEL.md"
HEAD = "## 9. Every number"


def numbers() -> str:
    """A table a section: setting, value, range, unit, decided or assumed, meaning, source."""
    lines = [
        HEAD, "", "Written by the code (`pytest tests/test_model_page.py --refresh`). Ranges are those that sweeps explore.",
    ]  # fmt: skip
    section = ""
    for it in Scenario().parameters():
        here, key = it.name.split(".", 1)
        if here != section:
            section = here
            lines += [
                "",
                f"### {here}",
                "",
                "| setting | value | range | unit | origin | meaning | source |",
                "|---|---|---|---|---|---|---|",
            ]
        span = "" if it.low is None and it.high is None else f"{it.low} to {it.high}"
        cells = (f"`{key}`", it.value, span, it.unit, it.origin, it.meaning, it.source)
        lines.append("| " + " | ".join(str(cell).replace("|", "/").replace("\n", " ") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def test_the_page_lists_every_number_as_it_is(request: pytest.FixtureRequest) -> None:
    written = PAGE.read_text(encoding="utf-8")
    prose, _, listed = written.partition(HEAD)
    if request.config.getoption("--refresh", default=False):
        PAGE.write_text(prose + numbers(), encoding="utf-8")
        return
    assert HEAD + listed == numbers(), (
        "the numbers changed: pytest tests/test_model_page.py --refresh, and say why in CHANGELOG.md"
    )
