"""The certificate report as a reader sees it: opened in headless Chromium, at the width of a telephone, a tablet and a
desktop, light and dark, and in print.

The browser is told what to do over DevTools' pipe, so the pages are opened as they are: nothing is put into them. With
ACCORD_REPORT_PICTURES, the folder that it names gets a picture of each.
"""

import base64
import contextlib
import fcntl
import html.parser
import json
import os
import pathlib
import re
import select
import shutil
import subprocess
import time
import unittest
import xml.etree.ElementTree
import zlib

from accord_program import BIN, DATA, Scratch, main, skip

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PICTURES = os.environ.get("ACCORD_REPORT_PICTURES")
WIDTHS = (360, 768, 1280)
PAPER = 700  # the width of A4 without its margins, in pixels of CSS
PATIENCE = 60
VOID = {"meta", "br", "hr", "img", "link", "input", "wbr", "col", "base"}


def make_pages(folder):
    """The pages to look at, by name: each with the texts that a reader must be able to see there."""
    subprocess.run([BIN / "test_app", "--test-case=the example pages are written*"], check=True, capture_output=True,
                   env={**os.environ, "ACCORD_REPORT_FOLDER": str(folder)})
    pages = {}
    for path in sorted(folder.glob("*.html")):
        pages[path.stem] = path, path.with_suffix(".texts").read_text().splitlines()
    return pages


def page_of_verb(scratch):
    """A page that the verb wrote of a store with a staged certificate and a partner that was not told of it."""
    scratch.issuer("s.db")
    scratch.ok("new-partner-application", "--store", "s.db", "--identity", "hr", "--application-identifier", "hr",
               "--realm", "contoso.com", "--application-trust-level", "full", "--certificate-file-data",
               DATA / "cert-other.pem")
    scratch.ok("request-certificate", "--store", "s.db", "--new", "--self-signed", "--identity", "global", "--type",
               "OAuthTokenIssuer", "--roll", "--effective-date", "+3d")
    ours = scratch.ok("get-certificate", "--store", "s.db", "--property", "Thumbprint", "--output", "value")
    words = ("test-certificate-configuration", "--store", "s.db")
    told = scratch.run(*words, "--report", "verb.html", "--output", "json", "--ignore-warning")
    assert told.code == 0, told
    texts = [*ours.text.split(), "hr", *told.json()["Commands"], *(one["Id"] for one in told.json()["Findings"])]
    return scratch.path / "verb.html", texts


class Browser:
    """One tab of a headless Chromium."""

    def __init__(self, home):
        to_browser, commands = os.pipe()
        answers, from_browser = os.pipe()
        # Chromium reads from 3 and writes to 4: out of the way of both first, so that neither hides the other.
        theirs = [fcntl.fcntl(fd, fcntl.F_DUPFD, 10) for fd in (to_browser, from_browser)]

        def connect():
            os.dup2(theirs[0], 3)
            os.dup2(theirs[1], 4)

        self.process = subprocess.Popen(
            [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-breakpad", "--no-first-run",
             "--disable-background-networking", "--disable-dev-shm-usage", "--remote-debugging-pipe",
             f"--user-data-dir={home}/profile"],
            env={"PATH": os.environ["PATH"], "HOME": str(home), "LC_ALL": "C.UTF-8"}, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=connect, pass_fds=(3, 4))
        for fd in (to_browser, from_browser, *theirs):
            os.close(fd)
        self.commands, self.answers = commands, answers
        self.buffer, self.number, self.session, self.events = b"", 0, None, []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.call(domain + ".enable")

    def close(self):
        with contextlib.suppress(OSError, RuntimeError):
            self.call("Browser.close")
        os.close(self.commands)
        os.close(self.answers)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def receive(self):
        end = time.monotonic() + PATIENCE
        while b"\0" not in self.buffer:
            if not select.select([self.answers], [], [], max(0, end - time.monotonic()))[0]:
                raise RuntimeError("the browser does not answer")
            some = os.read(self.answers, 1 << 20)
            if not some:
                raise RuntimeError("the browser has ended")
            self.buffer += some
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def open(self, path):
        """Opens the page; gives what it asked for besides itself, and what the browser complained about."""
        self.events = []
        self.call("Page.navigate", url=path.as_uri())
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self.events.append(self.receive())
        asked = [event["params"]["request"]["url"] for event in self.events
                 if event["method"] == "Network.requestWillBeSent"]
        complaints = [event["params"] for event in self.events if event["method"] == "Log.entryAdded"]
        return [url for url in asked if url != path.as_uri()], complaints

    def show_as(self, width, media="screen", scheme="light"):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1,
                  mobile=width < 600)
        self.call("Emulation.setEmulatedMedia", media=media,
                  features=[{"name": "prefers-color-scheme", "value": scheme}])

    def evaluate(self, script):
        result = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"])
        return result["result"].get("value")

    def picture(self, width, height):
        """The bytes of a PNG."""
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True,
                         clip={"x": 0, "y": 0, "width": width, "height": height, "scale": 1})["data"]
        return base64.b64decode(data)

    def pdf(self):
        return base64.b64decode(self.call("Page.printToPDF", preferCSSPageSize=True, paperWidth=8.27,
                                          paperHeight=11.69)["data"])


MEASURE = r"""(() => {
  const problems = [];
  const root = document.documentElement;
  const say = (what, element) => problems.push(what + ": " + (element.outerHTML || element.data).slice(0, 160));
  const visible = element => element.getClientRects().length > 0;
  if (root.scrollWidth > root.clientWidth) problems.push(`the page is ${root.scrollWidth} wide`);

  // Nothing is wider than its box, or hidden in it.
  for (const element of document.body.querySelectorAll("*")) {
    if (element.closest("svg") || !visible(element)) continue;
    const style = getComputedStyle(element);
    if (style.display === "inline") continue;
    if (element.scrollWidth > element.clientWidth + 1 && style.overflowX !== "auto")
      say(`wider than its box by ${element.scrollWidth - element.clientWidth}`, element);
    if (element.scrollHeight > element.clientHeight + 1 && style.overflowY === "hidden") say("cut below", element);
    const box = element.getBoundingClientRect();
    if (box.left < 0 || box.right > root.clientWidth + 0.5) say("outside the page", element);
  }

  // Every text can be read: its size, and its contrast with what is behind it.
  const channel = value => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const numbers = color => color.match(/[\d.]+/g).map(Number);
  const light = color => { const [r, g, b] = numbers(color);
    return 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b); };
  const ground = element => {
    for (; element; element = element.parentElement) {
      const color = getComputedStyle(element).backgroundColor;
      const alpha = numbers(color)[3];
      if (alpha === undefined || alpha === 1) return color;
    }
    return matchMedia("(prefers-color-scheme: dark)").matches ? "rgb(18, 18, 18)" : "rgb(255, 255, 255)";
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let lowest = 99, smallest = 99;
  while (texts.nextNode()) {
    const text = texts.currentNode, parent = text.parentElement;
    if (!text.data.trim() || !visible(parent) || parent.closest("title, desc")) continue;
    const style = getComputedStyle(parent);
    const chart = parent.closest("svg");
    const [a, b] = [light(chart ? style.fill : style.color), light(ground(parent))].sort((x, y) => y - x);
    const contrast = (a + 0.05) / (b + 0.05);
    lowest = Math.min(lowest, contrast);
    if (contrast < 4.5) say(`contrast ${contrast.toFixed(2)}`, parent);
    const scale = chart ? chart.getBoundingClientRect().width / chart.viewBox.baseVal.width : 1;
    const size = parseFloat(style.fontSize) * scale;
    smallest = Math.min(smallest, size);
    if (size < 10) say(`letters of ${size.toFixed(1)} pixels`, parent);
  }

  // In drawings no text leaves the drawing or meets another.
  let drawings = 0;
  for (const chart of document.querySelectorAll("svg[role=img]")) {
    if (!visible(chart)) continue;
    ++drawings;
    const view = chart.viewBox.baseVal;
    const boxes = [...chart.querySelectorAll("text")].map(text => [text, text.getBBox()]);
    boxes.forEach(([text, box], index) => {
      if (box.x < view.x || box.y < view.y || box.x + box.width > view.x + view.width ||
          box.y + box.height > view.y + view.height) say("text outside the drawing", text);
      for (const [other, its] of boxes.slice(index + 1))
        if (box.x < its.x + its.width && its.x < box.x + box.width && box.y + 1 < its.y + its.height &&
            its.y + 1 < box.y + box.height) say(`meets '${other.textContent}'`, text);
    });
  }
  const drawn = [...document.querySelectorAll("svg text")].filter(visible).map(text => text.textContent);
  return {problems, drawings, lowest, smallest, height: root.scrollHeight,
          text: document.body.innerText + "\n" + drawn.join("\n")};
})()"""


def is_blank(png):
    """A picture of one colour, with or without a bar across it, has few different bytes before it is packed."""
    assert png.startswith(b"\x89PNG"), png[:8]
    data, offset = b"", 8
    while offset < len(png):
        size = int.from_bytes(png[offset:offset + 4], "big")
        if png[offset + 4:offset + 8] == b"IDAT":
            data += png[offset + 8:offset + 8 + size]
        offset += size + 12
    return len(set(zlib.decompress(data))) < 64


class Outline(html.parser.HTMLParser):
    """Elements that are closed as they were opened, headings, ids."""

    def __init__(self):
        super().__init__()
        self.open, self.headings, self.ids, self.names, self.problems = [], [], [], set(), []

    def handle_starttag(self, tag, attrs):
        self.names.add(tag)
        self.ids += [value for name, value in attrs if name == "id"]
        if tag in ("h1", "h2", "h3", "h4"):
            self.headings.append(int(tag[1]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.problems.append(f"</{tag}> at {self.getpos()}")


class Markup(unittest.TestCase):
    def setUp(self):
        scratch = Scratch()
        self.addCleanup(scratch.close)
        self.pages = make_pages(scratch.path)

    def test_elements_are_closed_in_order_ids_are_unique_and_headings_leave_no_level_out(self):
        for name, (path, _) in self.pages.items():
            with self.subTest(page=name):
                outline = Outline()
                outline.feed(path.read_text())
                outline.close()
                self.assertEqual(outline.problems + outline.open, [])
                self.assertEqual(len(outline.ids), len(set(outline.ids)))
                self.assertEqual(outline.headings.count(1), 1)
                for before, after in zip([0, *outline.headings], outline.headings):
                    self.assertLessEqual(after, before + 1)
                self.assertFalse(outline.names & {"script", "img", "link", "iframe", "object", "embed", "base"})

    def test_each_drawing_is_xml_and_says_what_it_shows(self):
        for name, (path, _) in self.pages.items():
            drawings = 0
            for source in re.findall(r"<svg.*?</svg>", path.read_text(), re.DOTALL):
                with self.subTest(page=name, source=source[:80]):
                    drawing = xml.etree.ElementTree.fromstring(source)
                    if drawing.get("role") != "img":
                        self.assertEqual(drawing.get("aria-hidden"), "true")
                        continue
                    drawings += 1
                    labels = [drawing.find(part).get("id") for part in ("title", "desc")]
                    self.assertEqual(drawing.get("aria-labelledby").split(), labels)
                    self.assertTrue(drawing.findtext("title") and drawing.findtext("desc"))
            self.assertEqual(drawings, 0 if name == "empty" else 4, name)


class InABrowser(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = Scratch()
        cls.addClassCleanup(cls.scratch.close)
        cls.pages = make_pages(cls.scratch.path)
        cls.pages["verb"] = page_of_verb(cls.scratch)
        cls.browser = Browser(cls.scratch.path)
        cls.addClassCleanup(cls.browser.close)

    def look(self, name, view, width, **how):
        """Measures the page that is open as it is shown to `how`; takes a picture."""
        self.browser.show_as(width, **how)
        seen = self.browser.evaluate(MEASURE)
        with self.subTest(page=name, view=view):
            self.assertEqual(seen["problems"], [])
            text = re.sub(r"\s+", " ", seen["text"])
            for wanted in self.pages[name][1]:
                self.assertIn(re.sub(r"\s+", " ", wanted), text)
            self.assertEqual(seen["drawings"], 0 if name == "empty" else 2)
        height = seen["height"] if PICTURES else min(seen["height"], 1500)
        png = self.browser.picture(width, min(height, 12000))
        self.assertFalse(is_blank(png), (name, view))
        if PICTURES:
            (pathlib.Path(PICTURES) / f"{name}-{view}.png").write_bytes(png)

    def print_out(self, name):
        pdf = self.browser.pdf()
        self.assertTrue(pdf.startswith(b"%PDF-"))
        pages = len(re.findall(rb"/Type\s*/Page\b", pdf))
        self.assertGreater(pages, 0)
        self.assertLess(pages, 30 if name == "many" else 12, "paper is wasted")
        if PICTURES:
            (pathlib.Path(PICTURES) / f"{name}.pdf").write_bytes(pdf)

    def test_everything_can_be_read_at_any_width_light_dark_and_in_print(self):
        self.assertEqual(len(self.pages), 9)
        for name, (path, _) in self.pages.items():
            self.browser.show_as(1280)
            asked, complaints = self.browser.open(path)
            self.assertEqual((asked, complaints), ([], []), name)
            for width in WIDTHS:
                self.look(name, str(width), width)
            self.look(name, "dark", 1280, scheme="dark")
            self.look(name, "print", PAPER, media="print", scheme="dark")
            self.print_out(name)

    def test_the_measuring_finds_what_it_looks_for(self):
        page = self.scratch.path / "bad"
        page.mkdir(exist_ok=True)
        (page / "bad.html").write_text(
            "<!DOCTYPE html><html><body style='margin:0'><p style='color:#999'>pale</p><p style='width:2000px'>wide</p>"
            "<div style='width:3em;overflow:hidden;white-space:nowrap'>cut away here</div><p style='font-size:6px'>small</p>"
            "<svg role=img viewBox='0 0 100 50' width=1000><text x=1 y=20>one</text><text x=2 y=21>two</text>"
            "<text x=95 y=40>outside</text></svg></body></html>")
        self.browser.show_as(360)
        self.browser.open(page / "bad.html")
        found = "\n".join(self.browser.evaluate(MEASURE)["problems"])
        for what in ("the page is", "contrast 2.8", "wider than its box", "outside the page", "letters of 6.0 pixels",
                     "text outside the drawing", "meets 'two'"):
            self.assertIn(what, found)

    def test_a_blank_picture_is_told_from_a_page(self):
        page = self.scratch.path / "bad" / "blank.html"
        page.parent.mkdir(exist_ok=True)
        page.write_text("<!DOCTYPE html><html><body><p></p></body></html>")
        self.browser.show_as(360)
        self.browser.open(page)
        self.assertTrue(is_blank(self.browser.picture(360, 900)))


if __name__ == "__main__":
    if CHROMIUM is None:
        skip("there is no chromium")
    main()
