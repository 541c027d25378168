// From the first line of the page on.
function begin() {
  const hadAllowed = gpc && state && !state.gpc && state.yes.length > 0;
  if (gpc && optional.length && !(state && state.gpc)) {
    choose([], "gpc").then(() => { if (hadAllowed) say([texts.gpc]); });
  } else if (!isAnswered()) {
    ask();
  }
  flush().then(follow);
  settings();
}

google("default");
apply();
// A router that replaces the page must not take the question away with it.
new MutationObserver(() => {
  scan();
  if (banner && !banner.isConnected && document.body) document.body.prepend(banner);
}).observe(document.documentElement, { childList: true, subtree: true });
document.addEventListener("click", (event) => {
  const found = event.target instanceof Element && event.target.closest("[data-kraken-cookies]");
  if (!found) return;
  event.preventDefault();
  open();
});
addEventListener("online", flush);
// Another tab, another of the site's hosts, or the cookie page may have changed it meanwhile.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  state = read();
  apply();
  flush();
});
if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
else begin();
window.KrakenCookies = { open, has, get id() { return state && state.id; } };
