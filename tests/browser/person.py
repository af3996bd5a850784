"""A person with a browser: what they do with the page, and what they see of it."""

import base64
from pathlib import Path
from typing import Any

from playwright.sync_api import FilePayload, Locator, Page, expect

# What a file manager hands over, made in the page: a script may drop files, but name none on the disk.
_DROP = """
(files) => {
  const transfer = new DataTransfer();
  for (const { name, type, data } of files) {
    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    transfer.items.add(new File([bytes], name, { type }));
  }
  const zone = document.getElementById("drop");
  for (const kind of ["dragenter", "dragover", "drop"]) {
    zone.dispatchEvent(new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true }));
  }
}
"""


def file(name: str, data: bytes, kind: str = "image/png") -> FilePayload:
    """Return a file as a person has it on a disk."""
    return {"name": name, "mimeType": kind, "buffer": data}


class Person:
    """Somebody who looks at one page; `complaints` are errors of its scripts and of its policy."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._hear)

    def _hear(self, message: Any) -> None:
        # Chromium itself notes each answer that is an error, and those are wanted here and there.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)

    def go(self, path: str) -> "Person":
        """Open an address of the site, and wait until the page is at work."""
        self.page.goto(path)
        return self

    def ready(self) -> "Person":
        """Wait until the operations are read."""
        expect(self.page.locator("#fleet")).to_be_visible()
        return self

    def choose(self, operation: str, **settings: str) -> "Person":
        """Choose an operation, and fill in its form."""
        self.page.get_by_role("combobox", name="Operation").select_option(operation)
        for label, value in settings.items():
            self.page.get_by_label(label).fill(value)
        return self

    def send(self, *files: FilePayload | Path) -> "Person":
        """Choose files from the disk."""
        self.page.locator("#files").set_input_files([*files])  # type: ignore[arg-type]
        return self

    def drop(self, *files: FilePayload) -> "Person":
        """Drag files onto the page, and let them go."""
        given = [
            {"name": one["name"], "type": one["mimeType"], "data": base64.b64encode(one["buffer"]).decode()}
            for one in files
        ]
        self.page.evaluate(_DROP, given)
        return self

    def row(self, name: str) -> Locator:
        """Return the row of a file."""
        heading = self.page.get_by_role("heading", name=name, exact=True, level=3)
        return self.page.get_by_role("listitem").filter(has=heading)

    def sees(self, name: str, state: str) -> Locator:
        """Wait until a file is in a state; return its row."""
        row = self.row(name)
        expect(row.locator(".badge")).to_contain_text(state)
        return row

    def settled(self, count: int) -> "Person":
        """Wait until all files of the batch are done or failed."""
        words = f"{count:,} of {count:,} file"
        expect(self.page.locator(".batch-summary")).to_contain_text(words)
        return self

    @property
    def scrolls_sideways(self) -> bool:
        """Whether the page is wider than the window."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth > innerWidth"))
