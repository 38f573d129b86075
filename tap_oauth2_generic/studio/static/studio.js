// Sends forms, puts the fragments of responses in place, follows events, opens the login window.

const token = document.querySelector('meta[name="form-token"]').content;
const REFRESH_MS = 15000;
const DRAFT_MS = 300;
// What a button shows below it.
const RESULTS = new Set(["read", "response"]);
let popup = null;
let events = null;
let isMoving = false;

function say(text) {
  const line = document.createElement("p");
  line.className = "message bad";
  line.setAttribute("role", "alert");
  line.textContent = text;
  document.getElementById("messages").replaceChildren(line);
}

// Put each element of a response in place of the one with its ID.
function swap(html, isEvent = false) {
  const made = new DOMParser().parseFromString(html, "text/html");
  const focused = document.activeElement?.id;
  let first = null;
  for (const part of [...made.body.children]) {
    const old = document.getElementById(part.id);
    if (!old) continue;
    // What did not change keeps what is folded and where it is scrolled to.
    const area = old.querySelector("textarea");
    if ("mirror" in part.dataset && area && area.value !== area.defaultValue) continue;
    if (part.dataset.version && part.dataset.version === old.dataset.version) continue;
    for (const one of old.querySelectorAll("details[id]")) {
      const isKept = one.open || one.id.startsWith("read_");
      if (isKept) part.querySelector(`#${one.id}`)?.toggleAttribute("open", one.open);
    }
    const chosen = old.querySelector("[role=tab][aria-selected=true]")?.id;
    if (part.role === "tabpanel") part.hidden = old.hidden;
    if (part.dataset.title) document.title = part.dataset.title;
    old.replaceWith(part);
    if (chosen && document.getElementById(chosen)) choose(document.getElementById(chosen));
    first ??= part.querySelector("[aria-invalid]") ?? part.querySelector("[data-focus]");
    first = part.querySelector("[aria-invalid]") ?? first;
    if (!isEvent && RESULTS.has(part.id)) part.scrollIntoView({ block: "start" });
    if (part.id === "login") followLogin(part, isEvent);
    if (part.id === "read") follow(part.querySelector("#read_status") ?? part, isEvent);
    if (part.id === "read_status") follow(part, isEvent);
  }
  if (first) {
    first.closest("details")?.setAttribute("open", "");
    first.focus();
  } else if (focused && document.activeElement?.id !== focused) {
    document.getElementById(focused)?.focus();
  }
}

// Show the panel of a tab.
function choose(tab) {
  for (const one of tab.closest("[role=tablist]").querySelectorAll("[role=tab]")) {
    one.setAttribute("aria-selected", String(one === tab));
    one.tabIndex = one === tab ? 0 : -1;
    document.getElementById(one.getAttribute("aria-controls")).hidden = one !== tab;
  }
}

async function post(address, form, submitter) {
  const before = form ? new FormData(form) : new FormData();
  const body = new URLSearchParams(before);
  if (submitter?.name) body.append(submitter.name, submitter.value);
  let response;
  try {
    response = await fetch(address, { method: "POST", body, headers: { "X-Form-Token": token } });
  } catch {
    say("The studio does not respond: it was stopped. Run it again; what was not saved is in this page.");
    return;
  }
  await take(response, form, before);
}

// What is typed and not yet known to the server outlives a reload; never a secret.
// Of another order of the streams, it is of another stream.
const storeOf = (form) => `${location.pathname}#${form.id}${form.elements.order?.value ?? ""}`;

function typedIn(form) {
  return JSON.parse(sessionStorage.getItem(storeOf(form)) ?? "{}");
}

function storeTyped(form, typed) {
  if (Object.keys(typed).length) sessionStorage.setItem(storeOf(form), JSON.stringify(typed));
  else sessionStorage.removeItem(storeOf(form));
}

// Headers, and what names a secret with its value, as ``?api_key=1`` or ``"password": "x"``.
const SECRET = /(auth\w*|token|secret|(?<!replication_)key|passw\w*|pwd|cookie|session)["']?\s*[:=]/i;
const mayHoldSecret = ({ name, value }) => name === "headers" || /"headers"/.test(value) || SECRET.test(value);

document.addEventListener("input", ({ target }) => {
  const form = target.closest("form[data-keep]");
  if (!form || !target.name || target.type === "password" || target.type === "checkbox") return;
  const { [target.name]: _, ...others } = typedIn(form);
  if (!mayHoldSecret(target)) others[target.name] = target.value;
  // The server keeps it in memory.
  else if (form.dataset.draft) draftSoon(form);
  storeTyped(form, others);
});

function restoreTyped(form) {
  for (const [name, value] of Object.entries(typedIn(form))) {
    const field = form.elements[name];
    if (!field || field.value === value) continue;
    field.value = value;
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

// Return what was typed into a form after it had been sent.
function typedSince(form, before) {
  const now = form?.isConnected ? [...new FormData(form)] : [];
  return now.filter(([name, value]) => before.get(name) !== value);
}

async function take(response, form = null, before = null) {
  const text = await response.text();
  const target = response.headers.get("X-Studio-Go");
  if (target) {
    isMoving = true;
    if (form && "forgets" in form.dataset) sessionStorage.clear();
    location.assign(target);
  } else if (response.status === 200 || response.status === 422) {
    const typed = typedSince(form, before);
    swap(text);
    // The server has the rest: it is in the draft, or in the form that it sent back.
    if (form && "keep" in form.dataset && (response.status === 200 || !form.isConnected)) {
      storeTyped(form, Object.fromEntries(typed.filter(([name]) => name in typedIn(form))));
    }
    for (const [name, value] of typed) {
      const field = document.getElementsByName(name)[0];
      if (field && "value" in field) field.value = value;
    }
  } else {
    const made = new DOMParser().parseFromString(text, "text/html");
    say(made.querySelector("p")?.textContent || `The studio responded with status ${response.status}.`);
  }
}

// Take the fragments that the server sends while something is under way.
function follow(part, isEvent = false) {
  if (!("events" in part.dataset)) {
    events?.close();
    events = null;
    return;
  }
  if (events && isEvent) return;
  // What the page has begun anew takes the place of the one before.
  events?.close();
  events = new EventSource(part.dataset.events);
  events.addEventListener("message", (event) => swap(event.data, true));
  events.addEventListener("error", () => {
    events?.close();
    events = null;
    for (const one of document.querySelectorAll("[data-events] [role=status], [data-events] form")) one.remove();
    closePopup();
    say("The studio was stopped, so what was under way has ended. Run it again, open the address that it prints, and begin again.");
  });
  events.addEventListener("end", () => {
    events?.close();
    events = null;
  });
}

function followLogin(part, isEvent = false) {
  if (popup && part.dataset.popupUrl && popup.studioAddress !== part.dataset.popupUrl) {
    popup.studioAddress = part.dataset.popupUrl;
    popup.window.location.href = part.dataset.popupUrl;
  }
  follow(part, isEvent);
  if ("popupClose" in part.dataset) closePopup();
}

function closePopup() {
  popup?.window?.close();
  popup = null;
}

// Only a click may open a window.
function openPopup() {
  closePopup();
  const opened = window.open("about:blank", "_blank", "popup,width=560,height=760");
  popup = opened ? { window: opened, studioAddress: "" } : null;
}

// A form is sent when the press of it before has ended: that may have changed its settings.
const presses = new Map();

document.addEventListener("submit", (event) => {
  event.preventDefault();
  const { target, submitter } = event;
  const isLogin = submitter && "popup" in submitter.dataset;
  if (isLogin) {
    // The end of the login before must not close the new window.
    events?.close();
    events = null;
    openPopup();
  }
  target.setAttribute("aria-busy", "true");
  presses.set(target.id, send(target, submitter, isLogin, presses.get(target.id)));
});

async function send(target, submitter, isLogin, before) {
  await before;
  // The form has all that its draft would have; one that came later would undo what it does.
  if (waiting === target.id) waiting = "";
  sendWaiting();
  await drafting;
  const form = document.getElementById(target.id) ?? target;
  form.setAttribute("aria-busy", "true");
  await post(form.getAttribute("action"), form, submitter);
  form.removeAttribute("aria-busy");
  if (isLogin && popup && !popup.studioAddress) closePopup();
}

// Drafts are sent one after the other: each names the version that the one before led to.
let drafting = Promise.resolve();
let waiting = "";
let timer = 0;

function sendDraft(address, id) {
  drafting = drafting.then(() => post(address, document.getElementById(id)));
}

// Send the draft of the form that waits for more to be typed.
function sendWaiting() {
  clearTimeout(timer);
  const form = document.getElementById(waiting);
  waiting = "";
  if (form) sendDraft(form.dataset.draft, form.id);
}

function draftSoon(form) {
  if (waiting !== form.id) sendWaiting();
  clearTimeout(timer);
  waiting = form.id;
  timer = setTimeout(sendWaiting, DRAFT_MS);
}

document.addEventListener("change", (event) => {
  const form = event.target.closest("form");
  const renewed = event.target.closest("[data-on-change]");
  if (renewed) {
    if (waiting === form.id) waiting = "";
    sendWaiting();
    sendDraft(renewed.dataset.onChange, form.id);
  } else if (form?.dataset.draft) draftSoon(form);
});

document.addEventListener("keydown", (event) => {
  const tabs = [...(event.target.closest("[role=tab]")?.parentElement.children ?? [])];
  const at = tabs.indexOf(event.target);
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1 + tabs.length, Home: 0, End: tabs.length - 1 }[event.key];
  if (at < 0 || to === undefined) return;
  event.preventDefault();
  choose(tabs[to % tabs.length]);
  tabs[to % tabs.length].focus();
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[role=tab]")) choose(event.target.closest("[role=tab]"));
  if (event.target.closest("a[href^='/']")) isMoving = true;
});

addEventListener("beforeunload", (event) => {
  if (!isMoving && "changed" in (document.getElementById("unsaved")?.dataset ?? {})) event.preventDefault();
});

setInterval(() => {
  const warning = document.querySelector("[data-popup-closed]");
  if (warning && popup?.window.closed) warning.classList.remove("hidden");
}, 500);

setInterval(async () => {
  const part = document.querySelector("[data-refresh]");
  if (!part || document.hidden || part.contains(document.activeElement)) return;
  try {
    await take(await fetch(part.dataset.refresh));
  } catch {
    // The next press of a button says that the studio has ended.
  }
}, REFRESH_MS);

for (const part of document.querySelectorAll("#login, #read_status")) follow(part);
for (const form of document.querySelectorAll("form[data-keep]")) restoreTyped(form);
