// The script of the page, as text: signs in, loads the current view, renews it while the page is
// visible, and sends forms. Each request has the token in a header field, which no other site can send. The
// script neither keeps nor sends a text that is not a token that only reads, such as ADMIN_TOKEN.
import { readTokenForm } from "../../../protocol/operator-token.ts";

/** The pause between two reads of a view. */
const everyMs = 20_000;

export const script = `"use strict";
(() => {
const key = "tidemark-token", tokenForm = ${String(readTokenForm)};
const makeOne = "Run npx tidemark dashboard on your machine, and paste the token that it prints.";
const [everyMs, everyMsMax] = [${everyMs}, 320000];
const [state, problem, view, views, main, signIn, signOut, input] =
  ["state", "problem", "view", "views", "main", "sign-in", "sign-out", "token"].map((id) => document.getElementById(id));
const base = new URL("dashboard/", location.href.split("#")[0]);
let timer, failures = 0, turn = 0, readAt = "";

const links = [...views.children];
const nameOf = (link) => link.hash.slice(1);
const current = () => links.find((link) => link.hash === location.hash) ?? links[0];
const nodesIn = (html) => [...new DOMParser().parseFromString(html, "text/html").body.childNodes];
const token = () => sessionStorage.getItem(key);
if (!tokenForm.test(token())) sessionStorage.removeItem(key);

function showProblem(text) {
  problem.textContent = text;
  problem.className = text === "" ? "" : "notice";
}

function leave(text) {
  sessionStorage.removeItem(key);
  clearTimeout(timer);
  turn += 1;
  readAt = state.textContent = "";
  view.replaceChildren();
  views.hidden = signOut.hidden = true;
  signIn.hidden = false;
  showProblem(text);
  input.focus();
}

async function ask(path, body) {
  const headers = { authorization: "Bearer " + token() };
  const answer = await fetch(new URL(path, base), { method: body ? "POST" : "GET", body, headers, cache: "no-store", redirect: "error" });
  const text = await answer.text();
  if ((answer.headers.get("content-type") ?? "").startsWith("text/html") && answer.headers.has("tidemark-part")) return text;
  let why = "The site answered " + answer.status + ".";
  try {
    const { error } = JSON.parse(text);
    why = [error.what, error.why, error.hint].join(" ");
  } catch {}
  if (answer.status === 401) leave("The site refused the token: it has expired, or is for another host. " + makeOne);
  throw new Error(why);
}

/** Replaces the live parts, and keeps the open tables and the focus. */
function renew(html) {
  const box = document.createElement("div");
  box.append(...nodesIn(html));
  const fresh = box.querySelectorAll("[data-live]");
  for (const [at, old] of [...view.querySelectorAll("[data-live]")].entries()) {
    const next = fresh[at];
    if (next === undefined) continue;
    for (const details of old.querySelectorAll("details[open]")) {
      const same = details.id && next.querySelector("#" + details.id);
      if (same) same.open = true;
    }
    const focusable = (of) => [...of.querySelectorAll("summary, [tabindex]")];
    const focused = focusable(old).indexOf(document.activeElement);
    old.replaceChildren(...next.childNodes);
    if (focused >= 0) focusable(old)[focused]?.focus({ preventScroll: true });
  }
}

async function load(isFirst) {
  clearTimeout(timer);
  if (token() === null) return;
  const mine = (turn += 1);
  view.setAttribute("aria-busy", "true");
  try {
    const html = await ask(nameOf(current()));
    if (mine !== turn) return;
    if (isFirst || !view.hasChildNodes()) view.replaceChildren(...nodesIn(html));
    else renew(html);
    failures = 0;
    readAt = new Date().toISOString().slice(11, 19) + " UTC";
    state.textContent = "Read at " + readAt;
    showProblem("");
  } catch (cause) {
    if (mine !== turn) return;
    failures += 1;
    const old = readAt === "" ? "" : " The data below is from " + readAt + ".";
    showProblem("The dashboard could not be read." + old + " " + cause.message);
    state.textContent = "Old data";
  }
  view.removeAttribute("aria-busy");
  plan();
}

function plan() {
  clearTimeout(timer);
  const isStill = failures === 0 && view.querySelector("[data-live]") === null;
  if (document.hidden || token() === null || isStill) return;
  timer = setTimeout(load, Math.min(everyMs * 2 ** failures, everyMsMax));
}

function open() {
  for (const link of links) link.removeAttribute("aria-current");
  const link = current();
  link.setAttribute("aria-current", "page");
  document.title = link.textContent + " · Tidemark";
  signIn.hidden = true;
  views.hidden = signOut.hidden = false;
  readAt = "";
  failures = 0;
  view.replaceChildren();
  return load(true);
}

signIn.addEventListener("submit", (event) => {
  event.preventDefault();
  const given = input.value.trim();
  input.value = "";
  if (!tokenForm.test(given)) return showProblem("This is not a token of the dashboard, so it was neither sent nor kept. " + makeOne);
  sessionStorage.setItem(key, given);
  showProblem("");
  main.focus();
  void open();
});

view.addEventListener("submit", async (event) => {
  const form = event.target;
  const { to } = form.dataset;
  event.preventDefault();
  if (to === undefined) return;
  const body = new URLSearchParams(new FormData(form));
  const result = view.querySelector('[data-result="' + to + '"]');
  event.submitter.disabled = true;
  try {
    result.replaceChildren(...nodesIn(await ask(to, body)));
  } catch (cause) {
    const box = document.createElement("p");
    box.className = "notice";
    box.textContent = cause.message;
    result.replaceChildren(box);
  }
  event.submitter.disabled = false;
  result.tabIndex = -1;
  result.focus();
});

signOut.addEventListener("click", () => leave(""));
addEventListener("hashchange", () => token() !== null && location.hash !== "#main" && open());
document.addEventListener("visibilitychange", () => document.hidden ? clearTimeout(timer) : void load(false));
if (token() === null) leave("");
else void open();
})();
`;
