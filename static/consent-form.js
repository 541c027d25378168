// A consent form of Kraken Privacy on another site:
//   <script src="https://privacy.example/forms/embed.js" data-form="newsletter" data-key="kp_…" defer></script>
// It stands where the tag stands, or in the element that data-into names, and looks like the page it is in. It needs no
// style, no inline script and no cookie: script-src and connect-src of our address are enough for a strict policy.
(() => {
  "use strict";

  const tag = document.currentScript;
  const { form: slug, key, into, locale = document.documentElement.lang || "en-GB" } = tag.dataset;
  const api = new URL("/api/v1/", tag.src).href;
  const WORDS = {
    email: "Your e-mail address",
    choice: "Your choice",
    asked: "Who asks, and relies on your answer:",
    change: "Change your choices",
    network: "With your answer we keep a shortened form of your internet address, which many people share:",
    notice: "Privacy notice",
    save: "Save my choice",
    saved: "Your choice is saved.",
    before: "If you had said no to any of this before, or paused it, what you agree to now counts once you press the button in our e-mail.",
    limit: "An address gets at most three such e-mails a day; whoever waits for one in vain fills in the form again a day later.",
    receipt: "Download your receipt",
    pending: "Nearly done: please follow the link in our e-mail.",
    parent: "Nearly done: we ask your parent or guardian by e-mail. Nothing begins before they agree.",
    both: "Nearly done: please follow the link in our e-mail. We ask your parent or guardian, too: it begins when both of you have.",
    failed: "Your choice could not be saved.",
    away: "We cannot take your choice just now. Nothing changes until we can.",
    age: "How old are you?",
    older: "{age} or older",
    younger: "younger than {age}",
    guardian: "If you are younger: the e-mail address of a parent or guardian. We ask them. Nothing begins before they agree.",
    until: "If you are younger: when will you be {age}? Month and year, for example 05 2029.",
  };
  // data-word-save="…" and so on say it in another language.
  const word = (name) => tag.dataset[`word${name[0].toUpperCase()}${name.slice(1)}`] ?? WORDS[name];

  function make(name, attributes = {}, ...children) {
    const element = Object.assign(document.createElement(name), attributes);
    element.append(...children);
    return element;
  }

  async function call(path, options = {}) {
    const headers = { Authorization: `Api-Key ${key}`, ...options.headers };
    const answer = await fetch(api + path, { ...options, headers, signal: AbortSignal.timeout(10_000) });
    const body = await answer.json();
    if (answer.ok) return body;
    const faults = body.errors ?? [];
    const told = faults.map((fault) => fault.message).join(" ") || body.detail || body.title;
    throw Object.assign(new Error(told), { fields: faults.map((fault) => fault.field) });
  }

  const status = make("p", { className: "kraken-status", id: `kraken-${slug}-status` });
  status.setAttribute("role", "status");
  const place = into ? document.querySelector(into) : make("div", { className: "kraken-form" });
  if (!into) tag.after(place);
  const note = make("p", { className: "kraken-told" });
  note.setAttribute("role", "status");
  place.append(status, note);

  function labelled(text, input) {
    input.id = `kraken-${slug}-${input.name}`;
    return make("p", {}, make("label", { htmlFor: input.id }, text), input);
  }

  // Nothing is ticked beforehand.
  function box(control) {
    const name = `choice-${control.key}`;
    const input = make("input", { type: "checkbox", name, id: `kraken-${slug}-${name}` });
    const line = make("p", { className: "kraken-choice" }, input, " ", make("label", { htmlFor: input.id }, control.label));
    if (control.hint) {
      const hint = make("span", { className: "kraken-hint", id: `${input.id}-hint` }, control.hint);
      input.setAttribute("aria-describedby", hint.id);
      line.append(" ", hint);
    }
    return line;
  }

  // Neither is the easier one.
  function ages(age) {
    const text = (name) => word(name).replace("{age}", age);
    const either = (value) => {
      const input = make("input", { type: "radio", name: "age", value, id: `kraken-${slug}-${value}` });
      return make("p", { className: "kraken-choice" }, input, " ", make("label", { htmlFor: input.id }, text(value)));
    };
    return [
      make("fieldset", {}, make("legend", {}, text("age")), either("older"), either("younger")),
      labelled(text("guardian"), make("input", { type: "email", name: "guardian_email", autocomplete: "off" })),
      labelled(text("until"), make("input", { type: "text", name: "guardian_until", autocomplete: "off" })),
    ];
  }

  function age(fields) {
    if (fields.age.value === "older") return { of_age: true };
    if (fields.age.value !== "younger") return {};
    return { guardian: { email: fields.guardian_email.value, until: fields.guardian_until.value } };
  }

  function show(shown) {
    const trap = make("input", { name: "website", type: "text", tabIndex: -1, autocomplete: "off", hidden: true });
    trap.setAttribute("aria-hidden", "true");
    const choices = make("fieldset", {}, make("legend", {}, word("choice")), ...shown.controls.map(box));
    const change = make("a", { href: shown.withdrawal.url }, word("change"));
    const form = make(
      "form", { className: "kraken-consent", lang: shown.locale },
      make("h2", {}, shown.title),
      make("p", { className: "kraken-intro" }, shown.intro),
      labelled(word("email"), make("input", { type: "email", name: "email", autocomplete: "email", required: true })),
      choices,
      ...(shown.minimum_age === null ? [] : ages(shown.minimum_age)),
      trap,
      make("p", { className: "kraken-told" }, `${word("asked")} ${shown.controllers.join(", ")}.`),
      make("p", { className: "kraken-told" }, `${shown.withdrawal.text} `, change),
      ...(shown.network_reason ? [make("p", { className: "kraken-told" }, `${word("network")} ${shown.network_reason}`)] : []),
      make("p", { className: "kraken-told" }, make("a", { href: shown.notice.url }, word("notice"))),
      make("button", { type: "submit" }, word("save")),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!trap.value) send(form, shown);
    });
    status.textContent = "";
    status.before(form);
  }

  // The input at fault is marked, described by what is said below the form, and reached at once.
  const INPUTS = {
    identity: "email", "identity.email": "email", of_age: "age", guardian: "guardian_email",
    "guardian.email": "guardian_email", "guardian.until": "guardian_until",
  };

  function mark(form, fields) {
    // Of two radios the first.
    const wrong = fields.map((field) => form.querySelector(`[name="${INPUTS[field]}"]`)).filter(Boolean);
    for (const input of form.querySelectorAll("[aria-invalid]")) {
      input.removeAttribute("aria-invalid");
      input.removeAttribute("aria-describedby");
    }
    for (const input of wrong) {
      input.setAttribute("aria-invalid", "true");
      input.setAttribute("aria-describedby", status.id);
    }
    wrong[0]?.focus();
  }

  // The person's own proof, as a file. Whoever holds it can check it with the keys that it names.
  function receipt(form, shown, saved) {
    const chosen = shown.controls.map((one) => `[${form.elements[`choice-${one.key}`].checked ? "x" : " "}] ${one.label}`);
    const keys = new URL("/.well-known/jwks.json", tag.src).href;
    const way = `${shown.withdrawal.text} ${shown.withdrawal.url}`;
    const text = [shown.title, chosen.join("\n"), way, keys, saved.receipt, ""].join("\n\n");
    const href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
    return make("a", { href, download: `receipt-${slug}.txt` }, word("receipt"));
  }

  // One key for one answer: pressing again after a failure makes nothing twice.
  let sent = { body: "", once: "" };

  async function send(form, shown) {
    const fields = form.elements;
    const said = shown.minimum_age === null ? {} : age(fields);
    const body = JSON.stringify({
      form: shown.slug,
      version: shown.version,
      locale: shown.locale,
      identity: { email: fields.email.value },
      // An empty box is a "no": it is sent like a "yes".
      choices: Object.fromEntries(shown.controls.map(({ key: name }) => [name, fields[`choice-${name}`].checked])),
      // Without its query, which can carry who came from where.
      source: { channel: "website", url: location.origin + location.pathname },
      ...said,
    });
    if (body !== sent.body) sent = { body, once: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}` };
    const headers = { "Content-Type": "application/json", "Idempotency-Key": sent.once };
    // What is said next is said anew, also if it is the same.
    status.textContent = note.textContent = "";
    try {
      const saved = await call("consents/", { method: "POST", headers, body });
      mark(form, []);
      const asked = !said.guardian ? "pending" : shown.double_opt_in ? "both" : "parent";
      status.textContent = word(saved.pending ? asked : "saved");
      if (saved.receipt) status.append(" ", receipt(form, shown, saved));
      // Said to all, so that it tells nobody who had said no.
      const isYes = shown.controls.some((one) => fields[`choice-${one.key}`].checked);
      if (isYes) note.textContent = `${saved.pending ? "" : word("before")} ${word("limit")}`;
      const detail = { receipt: saved.receipt, pending: saved.pending };
      place.dispatchEvent(new CustomEvent("kraken:consent", { bubbles: true, detail }));
    } catch (error) {
      status.textContent = `${word("failed")} ${error.message}`;
      mark(form, error.fields ?? []);
    }
  }

  call(`forms/${slug}/?locale=${encodeURIComponent(locale)}`).then(show, () => {
    status.textContent = word("away");
  });
})();
