// Joins the parts: views that come in are drawn, presses go out, and without a voice the steps are read by hand.
import { follow } from "./stream.js";
import { draw, drawDown, fillTopics } from "./draw.js";
import { Reader } from "./reader.js";
import { reset, startLooks } from "./looks.js";

const LOCAL = ["next", "previous"]; // what still works without the voice, besides topics

const content = await (await fetch("/content.json")).json();
const reader = new Reader(content.entries);
let down = false;
let visiting = false;

function show(view) {
  if (down) closePanel();
  down = false;
  const talking = view.log.length > 0;
  if (visiting && !talking && view.state === "idle") {
    reset(); // the next person starts with the sizes and colours of the house
    closePanel();
  }
  visiting = talking || view.state === "emergency";
  if (view.alarm) closePanel();
  draw(view, content.words);
}

function lose() {
  down = true;
  visiting = false;
  drawDown(reader.step, content.words);
  markDown();
}

function markDown() {
  for (const button of document.querySelectorAll("[data-press]")) {
    const name = button.dataset.press;
    const works = !down || name.startsWith("topic:") || (LOCAL.includes(name) && reader.step);
    button.setAttribute("aria-disabled", String(!works));
  }
}

function press(name) {
  if (!down) {
    fetch("/press", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ name }) }).catch(() => {});
    return;
  }
  reader.press(name);
  drawDown(reader.step, content.words);
  markDown();
}

function closePanel(but = "") {
  for (const button of document.querySelectorAll("[data-panel]")) {
    const open = button.dataset.panel === but && button.getAttribute("aria-expanded") === "false";
    button.setAttribute("aria-expanded", String(open));
    document.getElementById(button.dataset.panel).hidden = !open;
    if (open) window.scrollTo(0, 0);
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.panel) closePanel(button.dataset.panel);
  if (!button.dataset.press) return;
  if (button.dataset.press.startsWith("topic:")) closePanel();
  press(button.dataset.press);
});

fillTopics(content.entries);
startLooks();
document.getElementById("talk").focus({ preventScroll: true });
follow((view) => { show(view); markDown(); }, lose);
navigator.serviceWorker?.register("/worker.js");
