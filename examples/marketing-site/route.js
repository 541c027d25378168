// A router in the browser: what it puts into the page later waits for a yes like what stood there from the start.
const PAGES = {
  "#/": "<h1>Example shop</h1><p>Nothing here is for sale.</p>",
  "#/film": `<h1>Film</h1><iframe title="How it is made" data-purpose="website-analytics" data-src="film.html"></iframe>
    <img alt="" data-purpose="website-analytics" data-src="visits.svg">`,
};
addEventListener("hashchange", () => { document.getElementById("main").innerHTML = PAGES[location.hash] || PAGES["#/"]; });
if (location.hash) dispatchEvent(new Event("hashchange"));
