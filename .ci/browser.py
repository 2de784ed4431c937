#!/usr/bin/env python3
"""Shows the dashboard's example in a real browser and looks at it: `BROWSER [--shots FOLDER]`.

The page must show a running load, a rotation and a cooldown live, without an error in the console
and without a request to another origin. It must fit widths from 360 px on, light and dark. It must
come back when its stream has ended. `--shots` keeps pictures.
"""

import argparse
import base64
import json
import os
import select
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Above all that a busy machine needs.
TIMEOUT = 60


class Browser:
    """Chromium without a window, told what to do over a pair of pipes: a JSON text each, ended by a
    zero byte, in the Chrome DevTools Protocol."""

    def __init__(self, program, profile):
        there, self.commands = os.pipe()
        self.responses, back = os.pipe()

        def pipes():
            # The protocol's numbers; the pipes' own may be the same.
            read, write = os.dup(there), os.dup(back)
            os.dup2(read, 3)
            os.dup2(write, 4)

        self.process = subprocess.Popen(
            [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             "--no-first-run", "--disable-background-networking", "--disable-component-update",
             "--disable-sync", "--force-device-scale-factor=1", "--remote-debugging-pipe",
             f"--user-data-dir={profile}", "about:blank"],
            close_fds=False, preexec_fn=pipes, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(there)
        os.close(back)
        self.read, self.number, self.events, self.session = b"", 0, [], None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self.session = attached["sessionId"]

    def message(self, deadline):
        while b"\0" not in self.read:
            wait = deadline - time.monotonic()
            if wait <= 0 or not select.select([self.responses], [], [], wait)[0]:
                raise SystemExit("the browser does not respond")
            more = os.read(self.responses, 1 << 16)
            if not more:
                raise SystemExit("the browser has ended")
            self.read += more
        message, self.read = self.read.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **params):
        self.number += 1
        command = {"id": self.number, "method": method, "params": params}
        if self.session:
            command["sessionId"] = self.session
        os.write(self.commands, json.dumps(command).encode() + b"\0")
        deadline = time.monotonic() + TIMEOUT
        while True:
            message = self.message(deadline)
            if message.get("id") == self.number:
                if "error" in message:
                    raise SystemExit(f"{method}: {message['error']}")
                return message["result"]
            self.events.append(message)

    def look(self, expression):
        """The value of a JavaScript expression in the page."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True,
                           awaitPromise=True)
        if "exceptionDetails" in result:
            raise SystemExit(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def wait(self, what, expression):
        """Waits until it is true."""
        deadline = time.monotonic() + TIMEOUT
        while not self.look(expression):
            if time.monotonic() > deadline:
                text = self.look("document.body.innerText")
                raise SystemExit(f"the page does not show {what}:\n{text}")
            time.sleep(0.2)
        print(f"shown: {what}")

    def screen(self, width, scheme):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=800,
                  deviceScaleFactor=1, mobile=False)
        self.call("Emulation.setEmulatedMedia",
                  features=[{"name": "prefers-color-scheme", "value": scheme}])

    def shoot(self, path):
        picture = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(picture["data"]))

    def close(self):
        self.process.kill()
        self.process.wait()


def text(id):
    return f"(document.getElementById({id!r})?.innerText ?? '')"


def faults(events, origin):
    """What the console, the network and the page's own policy have to say."""
    for event in events:
        method, params = event.get("method"), event.get("params", {})
        if method == "Runtime.exceptionThrown":
            yield f"a script failed: {params['exceptionDetails']}"
        if method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning"):
            yield f"the console says: {params['args']}"
        if method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            yield f"the log says: {params['entry']}"
        if method == "Network.requestWillBeSent":
            url = params["request"]["url"]
            if not url.startswith(origin) and url != "about:blank":
                yield f"a request to {url}"


# What is wider than the page, by its name.
OVERFLOW = """(() => {
  const width = document.documentElement.clientWidth;
  const wide = [...document.querySelectorAll('body *:not(.skip):not(.hidden)')].filter((it) => {
    const box = it.getBoundingClientRect();
    return box.width && (box.right > width + 1 || box.left < -1);
  });
  return wide.map((it) => it.id || it.className.toString() || it.tagName).join(' ');
})()"""

# The names that a screen reader has for parts that would be mute.
UNNAMED = """[...document.querySelectorAll('svg, section, table')].filter((it) => it.checkVisibility()
  && !(it.getAttribute('aria-label') || it.getAttribute('aria-labelledby') || it.caption))
  .map((it) => it.id || it.tagName).join(' ')"""

# The least contrast between a text and what is behind it, by WCAG 2.
CONTRAST = """(() => {
  const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = (color) => {
    const [r, g, b] = numbers(color).map((c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (it) => {
    for (; it; it = it.parentElement) {
      const color = getComputedStyle(it).backgroundColor;
      if (numbers(color)[3] !== 0) return color;
    }
    return 'rgb(255, 255, 255)';
  };
  let least = [99, ''];
  for (const it of document.querySelectorAll('body *')) {
    const own = [...it.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || !it.checkVisibility() || it.closest('noscript, .skip')) continue;
    const style = getComputedStyle(it);
    const [a, b] = [light(it.closest('svg') ? style.fill : style.color), light(behind(it))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < least[0]) least = [contrast, it.id || it.textContent];
  }
  return least;
})()"""


def visit(browser, url, shots):
    for domain in ("Page", "Runtime", "Log", "Network"):
        browser.call(f"{domain}.enable")
    browser.call("Emulation.setScrollbarsHidden", hidden=True)
    browser.screen(1280, "light")
    browser.call("Page.navigate", url=url)
    browser.wait("that it is live", f"{text('live')} === 'live'")
    browser.wait("the quota", f"{text('limit')} === 'of 40 free'")
    browser.wait("a running load", f"Number({text('rate')}) > 0.5 && Number({text('flight')}) > 0")
    browser.wait("callers by name, whatever is in it",
                 f"{text('callers')}.includes('nightly renders')"
                 f" && {text('callers')}.includes('Ada <ada@example.com>')")
    browser.wait("who waits", f"Number({text('waiting')}) > 0")
    browser.wait("how slots come back",
                 "document.querySelectorAll('#forecast-table tr').length > 1"
                 " && document.querySelector('#forecast .curve') !== null")
    browser.wait("a rotation", f"{text('token')}.includes('replaced')"
                 f" && {text('log')}.includes('token was replaced')")
    browser.wait("a cooldown", f"{text('pause')}.includes('paused')"
                 f" && {text('log')}.includes('nothing leaves')"
                 " && document.querySelector('#forecast .closed') !== null")
    for width in (360, 1280):
        for scheme in ("light", "dark"):
            browser.screen(width, scheme)
            # Drawn for that width.
            browser.look("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
            time.sleep(0.3)
            wide = browser.look(OVERFLOW)
            if wide:
                raise SystemExit(f"at {width} px these do not fit: {wide}")
            contrast, where = browser.look(CONTRAST)
            if contrast < 4.5:
                raise SystemExit(f"{scheme}: contrast of {contrast:.2f} at {where}")
            if shots:
                browser.shoot(shots / f"{width}-{scheme}.png")
    unnamed = browser.look(UNNAMED)
    if unnamed:
        raise SystemExit(f"a screen reader has no name for: {unnamed}")
    print("fits 360 and 1280 px, light and dark; each part has a name, each text is readable")
    browser.wait("the end of the cooldown", f"{text('log')}.includes('Requests leave again')")


def press(browser, key, code, **more):
    for kind in ("keyDown", "keyUp"):
        browser.call("Input.dispatchKeyEvent", type=kind, key=key, code=key,
                     windowsVirtualKeyCode=code, **(more if kind == "keyDown" else {}))


def walk(browser):
    """All that can be used is reached and used with the keyboard alone."""
    browser.look("document.activeElement.blur()")
    press(browser, "Tab", 9)
    if browser.look("document.activeElement.className") != "skip":
        raise SystemExit("the first stop is not the link to the main part")
    seen = []
    while len(seen) < 20:
        press(browser, "Tab", 9)
        if browser.look("document.activeElement === document.body"):
            break
        name = browser.look("document.activeElement.innerText || document.activeElement.tagName")
        if name == "As a table":
            if browser.look("getComputedStyle(document.activeElement).outlineStyle") == "none":
                raise SystemExit("where the focus is does not show")
            press(browser, "Enter", 13, text="\r")
        seen.append(name)
    if seen != ["As a table", "As a table", "metrics", "state", "health", "readiness"]:
        raise SystemExit(f"the keyboard stops at {seen}")
    browser.wait("both tables, opened with the keyboard",
                 "document.querySelectorAll('details[open]').length === 2")


# As when another tab is shown in its place.
SHOW = """Object.defineProperty(document, 'hidden', { value: %s, configurable: true });
  document.dispatchEvent(new Event('visibilitychange'))"""


def hide(browser):
    """A page that is not seen keeps no stream open."""
    streams = "fetch('metrics').then((it) => it.text())" \
              ".then((it) => it.includes('comfycontrol_dashboard_streams %s\\n'))"
    browser.wait("one live page", streams % 1)
    browser.look(SHOW % "true")
    browser.wait("no live page once it is hidden", streams % 0)
    browser.look(SHOW % "false")
    browser.wait("that it is live again", f"{text('live')} === 'live'")


def serve(seconds, address="127.0.0.1:0"):
    example = ROOT / "target/debug/examples/live"
    served = subprocess.Popen([example, str(seconds), address], stdout=subprocess.PIPE, text=True)
    return served, served.stdout.readline().strip()


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("program")
    arguments.add_argument("--shots", type=Path)
    arguments = arguments.parse_args()
    if arguments.shots:
        arguments.shots.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as profile:
        served, url = serve(240)
        browser = None
        try:
            browser = Browser(arguments.program, profile)
            visit(browser, url, arguments.shots)
            walk(browser)
            hide(browser)
            found = list(faults(browser.events, url))
            browser.events.clear()

            before = browser.look(f"Number({text('good')})")
            served.kill()
            served.wait()
            browser.wait("that the program has gone", f"{text('live')} === 'not connected'")
            served, _ = serve(240, url.split("/")[2])
            browser.wait("that it is back, from the beginning",
                         f"{text('live')} === 'live' && {text('log')}.includes('started again')"
                         f" && Number({text('good')}) < {before}")
            # That it was away is in the log, and nothing else.
            away = "net::ERR_"
            found += [fault for fault in faults(browser.events, url) if away not in fault]
        finally:
            served.kill()
            served.wait()
            if browser:
                browser.close()
    if found:
        sys.exit("\n".join(found))
    print("no error in the console, no request to another origin")


if __name__ == "__main__":
    main()
