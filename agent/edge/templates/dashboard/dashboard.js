"use strict";

// Copies texts; everything else works without scripts. The buttons are hidden until this runs.
(() => {
  const told = document.getElementById("told");

  const select = (element) => {
    const range = document.createRange();
    range.selectNodeContents(element);
    const selection = window.getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
  };

  const copy = async (element) => {
    try {
      await navigator.clipboard.writeText(element.textContent);
      return true;
    } catch {
      // No permission: the old way, which needs a selection.
      select(element);
      return document.execCommand("copy");
    }
  };

  for (const button of document.querySelectorAll("[data-copy]")) {
    const element = document.getElementById(button.dataset.copy);
    button.hidden = false;
    button.addEventListener("click", async () => {
      const copied = await copy(element);
      if (!copied) select(element);
      told.textContent = copied ? "Copied" : "Selected: copy it by hand";
      button.textContent = copied ? "Copied" : "Copy";
    });
  }
})();
