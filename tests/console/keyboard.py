"""Somebody without a mouse."""

import pytest
from playwright.sync_api import Page, expect

FURTHEST = 60
# Of what has the focus: whether it is seen to have it. Material draws fields, sliders and boxes on what is around them.
IN_SIGHT = """
() => {
  let node = document.activeElement;
  for (let up = 0; node && up < 4; up += 1, node = node.parentElement) {
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(node);
    if (node.matches(".Mui-focused, .MuiSlider-thumb") || (outlineStyle !== "none" && outlineWidth !== "0px"))
      return true;
    if (up === 0 && node.matches("#content, [role=dialog], .MuiDialog-container, .MuiDrawer-root")) return true;
  }
  return false;
}
"""
# From the option that has the focus.
STEPS_DOWN = """
(wanted) => {
  const all = [...document.querySelectorAll("[role=option]")];
  return all.indexOf(wanted) - all.indexOf(document.activeElement);
}
"""
FOCUSED = "() => document.activeElement.outerHTML.slice(0, 300)"


class Keyboard:
    """Somebody without a mouse before a page."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, *keys: str) -> None:
        """One key after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def to(self, place, back: bool = False) -> None:
        """Go on from place to place until this one has the focus; every place on the way shows that it has it."""
        place.first.wait_for(state="attached")
        for _ in range(FURTHEST):
            if place.first.evaluate("node => node === document.activeElement"):
                return
            self.press("Shift+Tab" if back else "Tab")
            assert self.page.evaluate(IN_SIGHT), f"out of sight: {self.page.evaluate(FOCUSED)}"
        pytest.fail(f"not found by keyboard: {place}")

    def type(self, place, text: str) -> None:
        """Write over what a field holds."""
        self.to(place)
        self.press("ControlOrMeta+a")
        self.page.keyboard.type(text)

    def choose(self, place, option: str) -> None:
        """From a list that opens."""
        self.to(place)
        self.press("Enter")
        wanted = self.page.get_by_role("option", name=option, exact=True)
        expect(self.page.locator("[role=option]:focus")).to_be_visible()
        down = wanted.evaluate(STEPS_DOWN)
        self.press(*["ArrowDown" if down > 0 else "ArrowUp"] * abs(down))
        expect(wanted).to_be_focused()
        self.press("Enter")
        expect(wanted).to_have_count(0)
        expect(place.first).to_be_focused()

    def follow(self, place, heading: str) -> None:
        """Press what leads to another page: its heading has the focus, and its title is told."""
        self.to(place)
        self.press("Enter")
        expect(self.page.get_by_role("heading", level=1, name=heading)).to_be_focused()
