#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Shows a page to a real browser (headless Chromium) and says what came of it, as JSON; for tests of
index.html and for looking at it.

usage: render_page.py [OPTION]... PAGE.html
  --width N           of the window in CSS pixels (default 1280)
  --dark              as for people who want dark pages
  --screenshot FILE   PNG of the whole page, or of --part TOP,HEIGHT
  --pdf FILE          as it is printed
  --open              all <details> opened first

What it prints: scroll_width and inner_width (the page scrolls sideways if the first is larger), wide (elements that
reach beyond the window and are in no box that scrolls by itself), requests (all but the page's own), errors (of
scripts and of the console), background, counts of elements, alert (true: a script ran), texts (of headings).
Exit code 4: there is no Chromium. It is driven through a pipe (Chrome DevTools Protocol), which needs no port."""
import argparse
import base64
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

FACTS = r"""
(() => {
  const inside = e => { for (let p = e.parentElement; p; p = p.parentElement) {
      if (p.scrollWidth > p.clientWidth && getComputedStyle(p).overflowX === 'auto') return true; } return false; };
  const shown = e => { const r = e.getBoundingClientRect(); return r.width > 0 && r.height > 0; };
  const all = s => [...document.querySelectorAll(s)];
  const wide = all('body *').filter(e => shown(e) && e.getBoundingClientRect().right > innerWidth + 1 && !inside(e));
  const svgs = all('svg').filter(shown);
  const clipped = svgs.flatMap(s => { const box = s.getBoundingClientRect(); return [...s.querySelectorAll('text')]
      .filter(t => { const r = t.getBoundingClientRect(); return r.left < box.left - 1 || r.right > box.right + 1; })
      .map(t => t.textContent); });
  const sizes = svgs.flatMap(s => [...s.querySelectorAll('text')].map(t =>
      parseFloat(getComputedStyle(t).fontSize) * s.getBoundingClientRect().width / s.viewBox.baseVal.width));
  const levels = all('h1,h2,h3,h4').map(h => +h.tagName[1]);
  const luminance = c => { const v = c.match(/[\d.]+/g).slice(0, 3).map(x => x / 255)
      .map(x => x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4); return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2]; };
  const paper = luminance(getComputedStyle(document.body).backgroundColor);
  const contrast = c => { const l = luminance(c); return (Math.max(l, paper) + 0.05) / (Math.min(l, paper) + 0.05); };
  const contrasts = all('p,td,th,a,figcaption,summary,li,dt,dd').filter(e => shown(e) && e.textContent.trim())
      .map(e => contrast(getComputedStyle(e).color)).concat(all('svg text').filter(shown).map(t => contrast(getComputedStyle(t).fill)));
  return {
    scroll_width: document.documentElement.scrollWidth, inner_width: innerWidth,
    wide: wide.slice(0, 5).map(e => e.tagName + '.' + e.className.toString() + ': ' + e.textContent.slice(0, 40)),
    background: getComputedStyle(document.body).backgroundColor, lang: document.documentElement.lang,
    counts: {tables: all('table').filter(shown).length, pictures: svgs.length, details: all('details').length,
             headings: levels.length, failed_rows: all('tr.failed').filter(shown).length},
    named_pictures: svgs.every(s => s.getAttribute('role') === 'img' && s.getAttribute('aria-label') &&
                                    s.querySelector('title').textContent),
    most_rows: Math.max(0, ...svgs.map(s => s.querySelectorAll('text.n').length)),
    clipped: clipped.slice(0, 5), smallest_text_px: Math.min(...sizes, 99),
    levels_in_order: levels[0] === 1 && levels.every((l, i) => i === 0 || l <= levels[i - 1] + 1),
    least_contrast: Math.min(...contrasts),
    script_elements: all('script,iframe,object,embed,img,link[rel=stylesheet]').length,
    handlers: all('*').filter(e => [...e.attributes].some(a => a.name.startsWith('on'))).length,
    alert: window.pwned === true,
    dots: svgs.map(s => s.querySelectorAll('circle').length), texts: all('h1,h2,h3').map(h => h.textContent)};
})()
"""


class Browser:
    """One page, by CDP over a pipe: NUL-terminated JSON, requests on descriptor 3, answers on 4."""

    def __init__(self, program, home):
        to_read, self.to = os.pipe()
        self.answers, from_write = os.pipe()
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
                 "--no-first-run", "--disable-extensions", "--remote-debugging-pipe", f"--user-data-dir={home}"]
        command = f'exec "$@" 3<&{to_read} 4>&{from_write}'
        self.process = subprocess.Popen(["bash", "-c", command, "bash", program, *flags, "about:blank"],
                                        pass_fds=[to_read, from_write], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, env={**os.environ, "HOME": home})
        os.close(to_read)
        os.close(from_write)
        self.number, self.rest, self.events, self.session = 0, b"", [], None
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def read(self):
        while b"\0" not in self.rest:
            block = os.read(self.answers, 1 << 16)
            if not block:
                sys.exit("render_page: Chromium ended before its time")
            self.rest += block
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def ask(self, method, **parameters):
        self.number += 1
        request = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            request["sessionId"] = self.session
        data = json.dumps(request).encode() + b"\0"
        while data:
            data = data[os.write(self.to, data):]
        while True:
            message = self.read()
            if message.get("id") == self.number:
                if "error" in message:
                    sys.exit(f"render_page: {method}: {message['error']}")
                return message["result"]
            self.events.append(message)

    def wait(self, method):
        while not any(e.get("method") == method for e in self.events):
            self.events.append(self.read())

    def close(self):
        os.close(self.to)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def clip(arguments):
    if not arguments.part:
        return {}
    top, height = map(int, arguments.part.split(","))
    return {"clip": {"x": 0, "y": top, "width": arguments.width, "height": height, "scale": 1}}


def render(browser, arguments):
    for domain in ("Page", "Network", "Runtime", "Log"):
        browser.ask(domain + ".enable")
    browser.ask("Emulation.setDeviceMetricsOverride", width=arguments.width, height=900, deviceScaleFactor=1,
                mobile=arguments.width < 700)
    browser.ask("Emulation.setEmulatedMedia",
                features=[{"name": "prefers-color-scheme", "value": "dark" if arguments.dark else "light"}])
    url = pathlib.Path(arguments.page).resolve().as_uri()
    browser.ask("Page.navigate", url=url)
    browser.wait("Page.loadEventFired")
    if arguments.open:
        browser.ask("Runtime.evaluate", expression="document.querySelectorAll('details').forEach(d => d.open = true)")
    answer = browser.ask("Runtime.evaluate", expression=FACTS, returnByValue=True)
    if "exceptionDetails" in answer:
        sys.exit(f"render_page: {answer['exceptionDetails']}")
    facts = answer["result"]["value"]
    if arguments.screenshot:
        shot = browser.ask("Page.captureScreenshot", captureBeyondViewport=True, format="png", **clip(arguments))
        pathlib.Path(arguments.screenshot).write_bytes(base64.b64decode(shot["data"]))
    if arguments.pdf:
        pdf = browser.ask("Page.printToPDF", printBackground=True, preferCSSPageSize=True)
        pathlib.Path(arguments.pdf).write_bytes(base64.b64decode(pdf["data"]))
    facts["requests"] = [e["params"]["request"]["url"] for e in browser.events
                         if e.get("method") == "Network.requestWillBeSent" and e["params"]["request"]["url"] != url]
    facts["errors"] = [e["params"] for e in browser.events
                       if e.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled")]
    return facts


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1])
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--screenshot")
    parser.add_argument("--part")
    parser.add_argument("--pdf")
    parser.add_argument("--open", action="store_true")
    parser.add_argument("page")
    arguments = parser.parse_args()
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if not program:
        print("render_page: chromium is not installed; as root: apt-get install chromium, or scripts/setup.sh --tests",
              file=sys.stderr)
        return 4
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        browser = Browser(program, home)
        try:
            print(json.dumps(render(browser, arguments), indent=1))
        finally:
            browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
