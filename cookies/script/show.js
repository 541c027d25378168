// What people see, in shadow roots: no style of the page reaches in, and a strict policy of its own is no obstacle.
function make(name, properties = {}, ...children) {
  const { attributes = {}, ...rest } = properties;
  const made = Object.assign(document.createElement(name), rest);
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  made.append(...children.filter(Boolean));
  return made;
}

let sheet;
try {
  sheet = new CSSStyleSheet();
  sheet.replaceSync(config.css);
} catch { /* Plain, but complete. */ }

function host(...children) {
  const made = document.createElement("div"), root = made.attachShadow({ mode: "open" });
  if (sheet) root.adoptedStyleSheets = [sheet];
  root.append(...children);
  return made;
}

const button = (text, onclick, className = "") => make("button", { type: "button", textContent: text, onclick, className });
const all = () => optional.map((one) => one.id);

function region(...children) {
  const heading = make("h2", { id: "title", textContent: texts.title });
  const made = host(make("section", { attributes: { "aria-labelledby": "title" } }, make("div", { className: "in" }, heading, ...children)));
  if (banner) banner.remove();
  banner = made;
  document.body.prepend(made);
  return made;
}

function ask() {
  region(
    make("p", { textContent: `${texts.intro} ` }, make("a", { href: config.page, textContent: texts.more })),
    make("div", { className: "row" },
      button(texts.reject, () => act([], "reject")), button(texts.accept, () => act(all(), "accept")),
      button(texts.choose, open)),
  );
}

function unask() {
  if (banner) banner.remove();
  banner = null;
}

async function act(allowed, how) {
  const { ended, isStored, left } = await choose(allowed, how);
  report(ended, left, isStored ? (how === "reject" || !allowed.length ? texts.rejected : texts.done) : texts.queued);
}

function report(ended, left, first) {
  const others = [...new Set(left.map((line) => `${line.pattern} (${line.provider})`))];
  const isRunning = ended.some((id) => ran.has(id));
  say([
    first,
    others.length ? texts.left.replace("{names}", others.join(", ")) : "",
    isRunning ? texts.running : "",
  ], isRunning);
}

// Put where the focus was, so that it is heard and nobody who uses the keyboard is lost.
function say(sentences, reload = false) {
  const words = sentences.filter(Boolean).map((text) => make("p", { textContent: text }));
  words[0].tabIndex = -1;
  region(make("div", { attributes: { role: "status" } }, ...words), make("div", { className: "row" },
    reload && button(texts.reload, () => location.reload()),
    button(texts.settings, open), button(texts.hide, unask)));
  words[0].focus();
}

function open() {
  const list = config.purposes.map((one, number) => {
    const about = `about-${number}`;
    const box = one.need !== "information" && make("input", {
      type: "checkbox", name: one.id, checked: has(one.id), attributes: { "aria-describedby": about },
    });
    const name = make(box ? "strong" : "h3", { textContent: one.title });
    const lines = one.cookies.map((line) => make("li", {
      textContent: `${line.pattern} (${line.label}, ${line.provider}, ${line.duration}): ${line.what_for}`
        + (line.stored && !line.deletable ? ` ${texts.undeletable}` : ""),
    }));
    return make("div", { className: "one" },
      box ? make("label", {}, box, name) : name,
      make("p", { id: about, textContent: box ? one.description : `${texts.always}. ${one.description}` }),
      make("details", {}, make("summary", { textContent: texts.list }), make("ul", {}, ...lines)));
  });
  const dialog = make("dialog", { attributes: { "aria-labelledby": "settings" } });
  const ticked = () => [...dialog.querySelectorAll("input:checked")].map((box) => box.name);
  const done = (allowed, how) => () => { dialog.close(); act(allowed(), how); };
  dialog.append(
    make("h2", { id: "settings", textContent: texts.settings, tabIndex: -1, autofocus: true }), ...list,
    make("div", { className: "row" },
      optional.length > 0 && button(texts.reject, done(() => [], "reject")),
      optional.length > 0 && button(texts.accept, done(all, "accept")),
      optional.length > 0 && button(texts.save, done(ticked, "choose")),
      button(texts.close, () => dialog.close(), "plain")));
  const made = host(dialog);
  dialog.addEventListener("close", () => made.remove());
  document.body.append(made);
  dialog.showModal();
}

function frame(one, isOn) {
  const box = one.previousElementSibling && one.previousElementSibling.dataset.placeholder !== undefined && one.previousElementSibling;
  one.hidden = !isOn;
  if (isOn && box) box.remove();
  if (isOn || box) return;
  const { title } = purposes.get(one.dataset.purpose) || { title: one.dataset.purpose };
  const target = new URL(one.dataset.src, location.href);
  const fill = (text) => text.replace("{host}", target.host).replace("{purpose}", title);
  const allow = async () => {
    await act([...optional.filter((other) => has(other.id)).map((other) => other.id), one.dataset.purpose], "embed");
    if (has(one.dataset.purpose)) one.focus();
  };
  const made = host(make("div", { className: "box" },
    make("p", {}, make("strong", { textContent: one.title })), make("p", { textContent: fill(texts.embed) }),
    make("div", { className: "row" }, purposes.has(one.dataset.purpose) && button(fill(texts.allow), allow),
      make("a", { href: target.href, textContent: fill(texts.open) }))));
  made.dataset.placeholder = "";
  one.before(made);
}

// A way back must be on every page: the site's own link, or else a button at its end.
function settings() {
  if (!document.body || document.readyState === "loading") return;
  const own = document.querySelector("[data-kraken-cookies]");
  if (own && note) note.remove();
  if (own || (note && note.isConnected)) return;
  note = host(make("div", { className: "settings" }, button(texts.settings, open, "plain")));
  document.body.append(note);
}
