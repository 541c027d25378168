// What a page may do: scripts, frames and pictures wait, and what was stored goes again.
function apply() {
  google("update");
  scan();
  const left = clean();
  tell("kraken:cookies", { granted: optional.filter((one) => has(one.id)).map((one) => one.id) });
  return left;
}

function tell(name, detail) {
  document.dispatchEvent(new CustomEvent(name, { detail }));
}

function google(command) {
  if (!config.purposes.some((one) => one.google.length)) return;
  window.dataLayer = window.dataLayer || [];
  window.gtag = window.gtag || function () { window.dataLayer.push(arguments); };
  const names = ["ad_storage", "ad_user_data", "ad_personalization", "analytics_storage", "functionality_storage", "personalization_storage"];
  const isOn = (name) => command === "update" && config.purposes.some((one) => one.google.includes(name) && has(one.id));
  const signal = Object.fromEntries(names.map((name) => [name, isOn(name) ? "granted" : "denied"]));
  signal.security_storage = "granted";
  window.gtag("consent", command, command === "default" ? { ...signal, wait_for_update: 500 } : signal);
}

// Scripts, frames and pictures that wait for a purpose, wherever and whenever a page or its router puts them.
function scan() {
  for (const one of document.querySelectorAll("[data-purpose]")) {
    const isOn = has(one.dataset.purpose);
    if (one.localName === "script") {
      if (isOn && one.type === "text/plain") run(one);
    } else if (one.dataset.src) {
      if (isOn && !one.hasAttribute("src")) one.src = one.dataset.src;
      if (!isOn && one.hasAttribute("src")) one.removeAttribute("src");
      if (one.localName === "iframe") frame(one, isOn);
    }
  }
  settings();
}

function run(old) {
  const script = document.createElement("script");
  for (const { name, value } of old.attributes) if (name !== "type" && name !== "nonce") script.setAttribute(name, value);
  if (old.dataset.type) script.type = old.dataset.type;
  script.nonce = old.nonce;
  script.async = old.hasAttribute("async");
  script.text = old.text;
  ran.add(old.dataset.purpose);
  old.replaceWith(script);
}

function clean() {
  const left = [];
  for (const one of config.purposes.filter((purpose) => !has(purpose.id))) {
    for (const line of one.cookies.filter((cookie) => cookie.stored)) {
      if (line.deletable) remove(line);
      if (!line.deletable || remains(line)) left.push({ ...line, purpose: one.id });
    }
  }
  return left;
}

const fits = (line, name) => (line.pattern.endsWith("*") ? name.startsWith(line.pattern.slice(0, -1)) : name === line.pattern);

function names(line) {
  if (line.kind === "cookie") return cookies().map(([name]) => name).filter((name) => fits(line, name));
  try {
    return Object.keys(line.kind === "local" ? localStorage : sessionStorage).filter((name) => fits(line, name));
  } catch { return []; }
}

const remains = (line) => names(line).length > 0;

function remove(line) {
  for (const name of names(line)) {
    if (line.kind !== "cookie") {
      (line.kind === "local" ? localStorage : sessionStorage).removeItem(name);
      continue;
    }
    const labels = location.hostname.split("."), steps = location.pathname.split("/");
    const domains = ["", ...labels.map((_label, index) => labels.slice(index).join("."))];
    const paths = steps.flatMap((_step, index) => {
      const path = steps.slice(0, index + 1).join("/");
      return [`${path}/`, path || "/"];
    });
    for (const domain of domains) for (const path of new Set(paths)) put(name, "", 0, domain, path);
  }
}
