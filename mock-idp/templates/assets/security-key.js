// Has the browser make or use a credential (WebAuthn level 3, 5.1), and sends what came of it.
"use strict";

const form = document.getElementById("security-key");
const failure = document.getElementById("failure");

async function ceremony() {
  const options = JSON.parse(form.dataset.options);
  if (form.dataset.ceremony === "create") {
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
    return navigator.credentials.create({ publicKey });
  }
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  return navigator.credentials.get({ publicKey });
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  failure.hidden = true;
  try {
    const credential = await ceremony();
    form.elements.credential.value = JSON.stringify(credential.toJSON());
    form.submit();
  } catch (error) {
    failure.textContent = words(error);
    failure.hidden = false;
  }
});

function words(error) {
  switch (error.name) {
    case "NotAllowedError":
      return "The operation either timed out or was not allowed.";
    case "InvalidStateError":
      return "This security key is set up already.";
    default:
      return `Your browser could not do this: ${error.message}`;
  }
}
