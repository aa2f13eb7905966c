"""A headless Chromium, driven by chromedriver over the WebDriver protocol
(https://www.w3.org/TR/webdriver2/); nothing but Python's own library and Debian's packages."""
import base64
import json
import shutil
import tempfile

from harness import Process, eventually, request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


ENTER, ESCAPE, TAB = "\ue007", "\ue00c", "\ue004"  # as the protocol names keys


class Browser:
    def __init__(self, width=1280, height=900):
        self.profile = tempfile.mkdtemp(prefix="browser.")
        self.driver = Process(["chromedriver", "--port=0"], r"on port (\d+)\.")
        self.port = int(self.driver.match.group(1))
        self.session = ""
        # Root in a container has no sandbox of its own; the pages are ours.
        options = {"args": ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--no-proxy-server",
                            "--force-color-profile=srgb", "--hide-scrollbars", f"--user-data-dir={self.profile}",
                            f"--window-size={width},{height}"]}
        made = self.call("POST", "/session", {"capabilities": {"alwaysMatch": {
            "browserName": "chrome", "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL"}}}})
        self.session = "/session/" + made["sessionId"]

    def call(self, method, path, body=None):
        status, _, data = request(self.port, method, path, body if body is not None or method == "GET" else {},
                                  timeout=120)
        answer = json.loads(data)["value"]
        if status != 200:
            raise RuntimeError(f"{path}: {answer['error']}: {answer['message'][:400]}")
        return answer

    def go(self, address):
        self.call("POST", self.session + "/url", {"url": address})

    def script(self, text, *arguments):
        return self.call("POST", self.session + "/execute/sync", {"script": text, "args": list(arguments)})

    def wait(self, text, what, seconds=30):
        """Until the script answers something true; the page says when, no time is assumed."""
        try:
            return eventually(lambda: self.script(text), what, seconds)
        except AssertionError as failed:
            raise AssertionError(f"{failed}; the page says:\n" + self.text()[:2000]) from None

    def ready(self, address):
        self.wait(f"return document.getElementById('main').dataset.ready === {json.dumps(address)}", address)

    def text(self):
        return self.script("return document.body.innerText")

    def press(self, label, within="document"):
        """Clicks the last visible button or link with that text: of a dialog, if one is open."""
        self.script("""
            const found = [...document.querySelectorAll('button, a, summary')].filter(
                (each) => each.textContent.trim() === arguments[0] && each.checkVisibility());
            if (!found.length) throw new Error('nothing to press: ' + arguments[0]);
            found.at(-1).click();""", label)

    def type(self, selector, text):
        found = self.call("POST", self.session + "/element", {"using": "css selector", "value": selector})
        self.call("POST", f"{self.session}/element/{found[ELEMENT]}/clear")
        self.call("POST", f"{self.session}/element/{found[ELEMENT]}/value", {"text": text})

    def keys(self, text):
        """Typed at whatever has the focus."""
        typed = [{"type": what, "value": each} for each in text for what in ("keyDown", "keyUp")]
        self.call("POST", self.session + "/actions", {"actions": [{"type": "key", "id": "keys", "actions": typed}]})

    def size(self, width, height):
        self.call("POST", self.session + "/window/rect", {"width": width, "height": height})

    def screenshot(self, path, whole=True):
        if whole:
            height = self.script("return document.documentElement.scrollHeight")
            width = self.script("return window.innerWidth")
            frame = self.script("return window.outerHeight - window.innerHeight")
            self.size(width, height + frame)
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.call("GET", self.session + "/screenshot")))

    def console(self):
        """What the browser complained of since the last time."""
        return [line["message"] for line in
                self.call("POST", self.session + "/se/log", {"type": "browser"})
                if line["level"] in ("SEVERE", "WARNING")]

    def close(self):
        try:
            self.call("DELETE", self.session)
        finally:
            self.driver.stop()
            shutil.rmtree(self.profile, ignore_errors=True)
