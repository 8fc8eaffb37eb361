// Goes on by itself when the device has done its part. Without scripts, the form's button does.
"use strict";

const INTERVAL = 500;
const form = document.getElementById("await-device");

async function look() {
  try {
    const response = await fetch("/signin/poll", { method: "POST", body: new URLSearchParams(new FormData(form)) });
    if (!(await response.json()).waiting) {
      form.submit();
      return;
    }
  } catch {
    // The org is away for a moment; the next look may find it.
  }
  setTimeout(look, INTERVAL);
}

setTimeout(look, INTERVAL);
