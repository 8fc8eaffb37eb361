// Has the device beside the browser sign the nonce, and sends what it says, unread. The device looks at the Origin
// header of this request, which no page can choose.
"use strict";

const form = document.getElementById("fastpass");
const status = document.getElementById("status");
const { device, nonce, userVerification } = form.dataset;

async function ask() {
  status.textContent = "Asking the device beside this browser…";
  try {
    const response = await fetch(`${device}/challenge`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ nonce, userVerification: userVerification === "true" }),
    });
    if (!response.ok) throw new Error();
    form.elements.signed_nonce.value = await response.text();
    form.submit();
  } catch {
    status.textContent = "Okta FastPass did not answer on this device.";
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  ask();
});

// Whoever was refused reads why, and tries again by hand.
if (!document.querySelector("[role=alert]")) ask();
else status.textContent = "";
