"""A headless Chromium, driven over WebDriver's own protocol: no library beyond requests."""

import base64
import json
import shutil
import socket
import subprocess
import time
from pathlib import Path

import requests

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the key of an element's identifier (W3C WebDriver)
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = shutil.which("chromedriver")
OPTIONS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"]


class Browser:
    """One window. Errors of the page's console and requests that it made are kept."""

    def __init__(self, width: int = 1280, height: int = 900) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.driver = subprocess.Popen([DRIVER, f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.address = f"http://127.0.0.1:{port}/session"
        self._wait_for(port)
        wanted = {
            "goog:chromeOptions": {"binary": CHROMIUM, "args": [*OPTIONS, f"--window-size={width},{height}"]},
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        }
        answer = self._ask("POST", "", {"capabilities": {"alwaysMatch": wanted}})
        self.address += f"/{answer['sessionId']}"

    def open(self, file: Path) -> None:
        self._ask("POST", "/url", {"url": Path(file).resolve().as_uri()})

    def run(self, script: str, *arguments: object) -> object:
        """The value that a script returns."""
        return self._ask("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def click(self, selector: str) -> None:
        """As a person does: refused where the element is hidden or covered."""
        found = self._ask("POST", "/element", {"using": "css selector", "value": selector})
        self._ask("POST", f"/element/{found[ELEMENT]}/click", {})

    def type(self, selector: str, text: str) -> None:
        found = self._ask("POST", "/element", {"using": "css selector", "value": selector})
        self._ask("POST", f"/element/{found[ELEMENT]}/value", {"text": text})

    def press(self, key: str) -> None:
        """A key to whatever has the focus."""
        strokes = [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]
        self._ask("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": strokes}]})

    def phone(self, width: int) -> None:
        """The layout of a small screen; a window cannot be made that narrow."""
        metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": True}
        self._ask("POST", "/goog/cdp/execute", {"cmd": "Emulation.setDeviceMetricsOverride", "params": metrics})

    def dark(self) -> None:
        features = {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
        self._ask("POST", "/goog/cdp/execute", {"cmd": "Emulation.setEmulatedMedia", "params": features})

    def screenshot(self, file: Path) -> None:
        Path(file).write_bytes(base64.b64decode(self._ask("GET", "/screenshot")))

    def pdf(self, file: Path) -> None:
        Path(file).write_bytes(base64.b64decode(self._ask("POST", "/print", {"orientation": "landscape"})))

    def errors(self) -> list[str]:
        """What the page's console complained of."""
        return [entry["message"] for entry in self._log("browser") if entry["level"] in ("SEVERE", "WARNING")]

    def requested(self) -> list[str]:
        """Addresses that were asked for, data addresses left out."""
        events = [json.loads(entry["message"])["message"] for entry in self._log("performance")]
        sent = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
        return [address for address in sent if not address.startswith("data:")]

    def close(self) -> None:
        try:
            self._ask("DELETE", "")
        finally:
            self.driver.terminate()
            self.driver.wait()

    def _log(self, kind: str) -> list[dict]:
        return self._ask("POST", "/se/log", {"type": kind})

    def _ask(self, verb: str, path: str, content: object = None) -> object:
        answer = requests.request(verb, self.address + path, json=content, timeout=60)
        value = answer.json()["value"]
        if answer.status_code != 200:
            raise RuntimeError(f"{path}: {value['error']}: {value['message'].splitlines()[0]}")
        return value

    def _wait_for(self, port: int) -> None:
        for _ in range(200):
            if self.driver.poll() is not None:
                raise RuntimeError("chromedriver ended at once")
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("chromedriver does not answer")
