"use strict";

const { api, key, form } = window.KRAKEN;
const $ = (id) => document.getElementById(id);
const say = (text) => { $("status").textContent = text; };
let shown;

async function call(path, options = {}) {
  const headers = { Authorization: `Api-Key ${key}`, ...options.headers };
  const answer = await fetch(`${api}/${path}`, { ...options, headers, signal: AbortSignal.timeout(10_000) });
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.errors?.map((error) => error.message).join(" ") || body.detail || body.title);
  return body;
}

function show() {
  for (const name of ["title", "intro"]) $(name).textContent = shown[name];
  $("controllers").textContent = shown.controllers.join(", ");
  $("notice").href = shown.notice.url;
  for (const control of shown.controls) {
    const label = document.createElement("label");
    const box = Object.assign(document.createElement("input"), { type: "checkbox", name: control.key });
    label.append(box, ` ${control.label}`);
    if (control.hint) {
      label.append(Object.assign(document.createElement("span"), { className: "hint", textContent: control.hint }));
    }
    $("controls").append(label);
  }
  $("consent").hidden = false;
  say("");
}

function answer() {
  const boxes = [...$("controls").querySelectorAll("input")];
  return {
    form: shown.slug,
    version: shown.version,
    locale: shown.locale,
    identity: { email: $("email").value },
    // An empty box is a "no": it is sent like a "yes", and nothing is ever ticked beforehand.
    choices: Object.fromEntries(boxes.map((box) => [box.name, box.checked])),
    // The address without its query, which can carry who came from where.
    source: { channel: "website", url: location.origin + location.pathname },
  };
}

// One key for one answer: pressing again after a failure makes nothing twice. Another answer is another key.
let sent = { body: "", once: "" };

$("consent").addEventListener("submit", async (event) => {
  event.preventDefault();
  const body = JSON.stringify(answer());
  if (body !== sent.body) sent = { body, once: crypto.randomUUID() };
  const headers = { "Content-Type": "application/json", "Idempotency-Key": sent.once };
  try {
    const saved = await call("consents/", { method: "POST", headers, body });
    // The person's own proof. Whoever holds it can check it with the keys at /.well-known/jwks.json.
    $("consent").dataset.receipt = saved.receipt;
    say(saved.pending ? "Nearly done: please follow the link in our mail." : "Your choice is saved.");
  } catch (error) {
    say(`Your choice could not be saved. ${error.message}`);
  }
});

call(`forms/${form}/?locale=en-GB`).then((found) => { shown = found; show(); }).catch(() => {
  say("We cannot take your choice just now. Nothing changes until we can.");
});
