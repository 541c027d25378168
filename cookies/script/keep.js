// What this browser chose: read, kept, and proved to us.
const texts = config.texts, key = tag && tag.dataset.key, queueName = `${config.name}_queue`;
const optional = config.purposes.filter((one) => one.need !== "information");
const purposes = new Map(config.purposes.map((one) => [one.id, one]));
const gpc = navigator.globalPrivacyControl === true;
const DAY = 86400, now = () => Math.floor(Date.now() / 1000);
const FORM = /^1\.([0-9a-f]{32})\.(\d+)\.(\d+)\.([arcepgq])\.([01])\.([\w~!-]*)$/;
const ran = new Set();
let state = read(), memory = [], banner, note;

function cookies() {
  return document.cookie.split("; ").filter(Boolean).map((one) => [one.split("=")[0], one.slice(one.indexOf("=") + 1)]);
}

function read() {
  // A host and the domain above it may each hold one: the later choice stands.
  const found = cookies().filter(([name]) => name === config.name).map(([, value]) => FORM.exec(value)).filter(Boolean);
  const parts = found.sort((one, other) => other[3] - one[3])[0];
  if (!parts) return null;
  const slugs = parts[6].split("~").filter(Boolean);
  return {
    id: parts[1], version: +parts[2], at: +parts[3], how: parts[4], gpc: parts[5] === "1",
    yes: slugs.filter((one) => one[0] !== "!"), no: slugs.filter((one) => one[0] === "!").map((one) => one.slice(1)),
  };
}

function keep(next) {
  state = next;
  const slugs = [...next.yes, ...next.no.map((one) => `!${one}`)].join("~");
  const value = ["1", next.id, next.version, next.at, next.how, +next.gpc, slugs].join(".");
  put(config.name, value, config.valid_days * DAY, shared());
}

function put(name, value, seconds, domain, path = "/") {
  document.cookie = `${name}=${value}; Max-Age=${seconds}; Path=${path}; SameSite=Lax`
    + (domain ? `; Domain=${domain}` : "") + (location.protocol === "https:" ? "; Secure" : "");
}

function shared() {
  const is = config.domain && (location.hostname === config.domain || location.hostname.endsWith(`.${config.domain}`));
  return is ? config.domain : "";
}

function has(id) {
  const one = purposes.get(id);
  if (!one) return false;
  if (one.need === "information") return true;
  if (gpc && !(state && state.gpc)) return false;
  if (one.need === "opt-out") return !(state && state.no.includes(id));
  return !!state && state.yes.includes(id) && one.since <= state.version;
}

function isAnswered() {
  if (!optional.length) return true;
  if (!state || (state.how === "g" && !gpc) || (state.how === "q" && !queue().length)) return false;
  const isNew = optional.some((one) => one.since > state.version);
  return !isNew || (!state.yes.length && now() - state.at < config.quiet_days * DAY);
}

function random() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// A "no" counts at once, a "yes" as soon as its proof is stored.
async function choose(allowed, how) {
  const before = optional.filter((one) => has(one.id)).map((one) => one.id);
  const yes = optional.filter((one) => one.need === "consent" && allowed.includes(one.id)).map((one) => one.id);
  const no = optional.filter((one) => !allowed.includes(one.id)).map((one) => one.id);
  const next = { id: state ? state.id : random(), version: config.version, at: now(), how: how[0], gpc, yes, no };
  const proof = {
    choice: random(), consent_id: next.id, version: next.version, how, gpc, chosen_at: new Date().toISOString(),
    choices: Object.fromEntries(optional.map((one) => [one.id, allowed.includes(one.id)])),
  };
  const waits = yes.some((id) => !before.includes(id));
  queue([...queue(), { proof, next }]);
  keep(waits ? { ...next, how: "q", yes: yes.filter((id) => before.includes(id)) } : next);
  const ended = before.filter((id) => !has(id) && !allowed.includes(id));
  const left = apply();
  const isStored = await flush();
  return { ended, isStored: isStored || !waits, left: left.filter((line) => ended.includes(line.purpose)) };
}

function queue(items) {
  try {
    if (!items) return JSON.parse(localStorage.getItem(queueName)) || memory;
    memory = items;
    if (items.length) localStorage.setItem(queueName, JSON.stringify(items));
    else localStorage.removeItem(queueName);
  } catch { /* Without storage a proof waits as long as the page. */ }
  return memory;
}

let sending = null;
function flush() {
  sending = sending || deliver().finally(() => { sending = null; });
  return sending;
}

async function deliver() {
  for (let waiting = queue(); waiting.length; waiting = queue()) {
    const { proof, next } = waiting[0];
    const answer = await send(proof);
    if (!answer || answer.status === 429 || answer.status >= 500) return false;
    queue(queue().filter((one) => one.proof.choice !== proof.choice));
    if (!answer.ok) continue;
    const body = await answer.json().catch(() => ({}));
    if (!state || next.at >= state.at) {
      keep(next);
      apply();
    }
    tell("kraken:proof", body);
  }
  return !(state && state.how === "q");
}

// What its person ended elsewhere ends here too. Asked once in a visit, and only of a browser that allows something.
async function follow() {
  const asked = `${config.name}_asked`;
  try {
    if (sessionStorage.getItem(asked)) return;
  } catch { /* Without storage it is asked on each page. */ }
  if (!state || !state.yes.length || queue().length) return;
  const { id: consent_id, at } = state;
  const answer = await send({ consent_id }, "standing/");
  const { ended } = answer && answer.ok ? await answer.json().catch(() => ({})) : {};
  // Whoever chose meanwhile has said something later.
  if (!ended || state.at !== at) return;
  try {
    sessionStorage.setItem(asked, 1);
  } catch { /* As above. */ }
  const off = state.yes.filter((id) => ended.includes(id));
  if (!off.length) return;
  const yes = state.yes.filter((id) => !off.includes(id));
  // What is left lasts no longer than it was given for.
  keep({ ...state, yes, no: [...state.no, ...off], at: yes.length ? state.at : now() });
  report(off, apply().filter((line) => off.includes(line.purpose)), texts.elsewhere);
}

function send(proof, path = "") {
  const headers = { Authorization: `Api-Key ${key}`, "Content-Type": "application/json" };
  const body = JSON.stringify(proof);
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 8000);
  return fetch(config.api + path, { method: "POST", headers, body, keepalive: true, credentials: "omit", signal: stop.signal })
    .catch(() => null);
}
