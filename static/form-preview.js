"use strict";

// What people would see, while somebody writes it. The server renders it; without this script a button does.
const form = document.querySelector("form[data-preview]");
const panel = document.getElementById("preview");
let waiting, asked = 0;

async function show() {
  const turn = ++asked;
  const answer = await fetch(form.dataset.preview, { method: "POST", body: new FormData(form) }).catch(() => null);
  // An answer that was overtaken by a later one is of no use.
  if (answer?.ok && turn === asked) panel.innerHTML = await answer.text();
}

form.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(show, 300);
});
