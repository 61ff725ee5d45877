"""Mesa's page of a running model, SolaraViz, shows a World and steps it: in a browser, where there is one.

`make viz` installs what it needs. Where Chromium, its driver, the extra or the page's own files are missing the test is
skipped and says which.
"""

import importlib.util
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import tomllib
import urllib.request
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PATIENCE = 60  # seconds
APP = """
from mesa.visualization import SolaraViz, make_plot_component

import sim

scenario = sim.Scenario.make(run={"users": 60, "days": 20})
page = SolaraViz(
    sim.World(scenario), components=[make_plot_component("users.daily")], model_params={"scenario": scenario}, name="hongbao"
)
"""


def constraints() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.split("==") for line in lines if "==" in line)
    return {name.lower().replace("_", "-"): version for name, version in pairs}


def test_what_is_tested_with_is_what_the_extra_asks_for() -> None:
    """Breaks if a refresh of constraints.txt brings Vuetify 3, with which Mesa's page does not come up."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [Requirement(it) for it in project["optional-dependencies"]["viz"]]
    known = constraints()
    assert {"mesa", "ipyvuetify", "ipyvue", "solara"} <= {it.name for it in asked}
    for it in asked:
        assert it.specifier.contains(known[it.name]), it
    assert known["ipyvuetify"].startswith("1."), "Mesa 3.3 uses v.TabsItems, which Vuetify 3 has no more"


@pytest.fixture
def browser() -> Iterator[Any]:
    """A headless Chromium."""
    for name in ("solara", "selenium"):
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"no {name} here: pip install -c constraints.txt -e '.[browser]', or make viz")
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    driver = shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("no Chromium with its driver here: install chromium and chromedriver")
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1200,900"):
        options.add_argument(argument)
    found = webdriver.Chrome(options=options, service=Service(driver))
    try:
        yield found
    finally:
        found.quit()


@pytest.fixture
def address(browser: Any, tmp_path: Path) -> Iterator[str]:
    """Where the page of a small world is served."""
    if importlib.util.find_spec("solara_assets") is None:
        from solara.server.settings import assets

        try:
            urllib.request.urlopen(assets.cdn, timeout=10).close()
        except OSError as problem:
            files = f"solara-assets=={constraints()['solara-assets']}"
            pytest.skip(f"the page's own files cannot be fetched ({problem}): pip install {files}")
    (tmp_path / "app.py").write_text(APP, encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "solara", "run", "app.py", "--host", "127.0.0.1", "--port", str(port), "--no-open"]
    environment = os.environ | {
        "SOLARA_TELEMETRY_MIXPANEL_ENABLE": "False",
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
    }
    log = tmp_path / "server.log"
    with log.open("w", encoding="utf-8") as said:
        server = subprocess.Popen(
            [*command, "--production"], cwd=tmp_path, env=environment, stdout=said, stderr=subprocess.STDOUT
        )
        try:
            wait_for(lambda: answers(f"http://127.0.0.1:{port}/readyz"), log)
            yield f"http://127.0.0.1:{port}/"
        finally:
            server.terminate()
            server.wait(20)


def answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=5).close()
    except OSError:
        return False
    return True


def wait_for(what: Callable[[], Any], log: Path | None = None) -> Any:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if found := what():
            return found
        time.sleep(0.2)
    return pytest.fail(log.read_text(encoding="utf-8") if log else "it did not come")


def test_mesas_page_shows_a_world_and_steps_it(browser: Any, address: str) -> None:
    from selenium.webdriver.common.by import By

    def text() -> str:
        return str(browser.find_element(By.TAG_NAME, "body").text)

    browser.get(address)
    wait_for(lambda: "Step: 0" in text() or "Traceback" in text())
    assert "Traceback" not in text(), f"Mesa {version('mesa')}, ipyvuetify {version('ipyvuetify')}:\n{text()}"
    assert re.search("hongbao", text())
    button = next(it for it in browser.find_elements(By.TAG_NAME, "button") if it.text.strip().lower() == "step")
    button.click()
    wait_for(lambda: "Step: 1" in text() or "Traceback" in text())
    assert "Traceback" not in text(), text()
    assert wait_for(lambda: browser.find_elements(By.CSS_SELECTOR, "img, svg")), "daily users are drawn"
