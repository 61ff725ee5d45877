"""Where results go, and their pages: what commands that save something share."""

from collections.abc import Sequence
from pathlib import Path

import click

from sim.cli.screen import say

LONGEST = 100  # characters that name a folder by its scenarios


def folder_for(out: Path | None, names: Sequence[str], force: bool) -> Path:
    """Where a result goes: where it was asked to, else to a folder named after its scenarios, with a number if taken."""
    if out is not None:
        return out
    from sim.ground import paths

    usual = usual_folder(names)
    folder = usual if force else paths.free(usual)
    if folder != usual:
        say(f"{usual} is taken, so the result goes to {folder}; --force would replace what is there")
    return folder


def usual_folder(names: Sequence[str]) -> Path:
    """The folder named after some scenarios."""
    shown = next(n for n in range(len(names), 0, -1) if n == 1 or len("-".join(names[:n])) <= LONGEST)
    more = f"-and-{len(names) - shown}-more" if shown < len(names) else ""
    return Path("outputs", "-".join(names[:shown]) + more)


def write_page(folder: Path) -> Path:
    """Write the page of a saved run or comparison: what draws is loaded only now, when there is something to draw."""
    from sim import report

    return report.write(folder)


def _remember_open(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    ctx.meta["open"] = value


OPEN = click.option(
    "--open", is_flag=True, expose_value=False, callback=_remember_open, help="Show the report in the browser."
)


def open_page(page: Path) -> None:
    """Show a page in the browser, where that was asked for; it is said if there is none."""
    if not click.get_current_context().meta.get("open"):
        return
    import webbrowser

    if not webbrowser.open(page.resolve().as_uri()):
        say(f"there is no browser to show {page} in")
