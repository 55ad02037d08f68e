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
  if (down) turnTo();
  down = false;
  const talking = view.log.length > 0 || view.alarm !== null;
  if (visiting && !talking) reset(); // the next person starts with the sizes and colours of the house
  if ((visiting && !talking) || view.alarm) turnTo();
  visiting = talking;
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
    fetch("/press", { method: "POST", body: JSON.stringify({ name }) }).catch(() => {}); // the stream tells when it is gone
    return;
  }
  reader.press(name);
  drawDown(reader.step, content.words);
  markDown();
}

// opens one panel, closes the other; closes that one, too, if it was open
function turnTo(panel = "") {
  for (const button of document.querySelectorAll("[data-panel]")) {
    const place = document.getElementById(button.dataset.panel);
    const open = button.dataset.panel === panel && place.hidden;
    button.setAttribute("aria-expanded", String(open));
    if (!open && place.contains(document.activeElement)) button.focus({ preventScroll: true });
    place.hidden = !open;
    if (open) window.scrollTo(0, 0);
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.panel) turnTo(button.dataset.panel);
  if (!button.dataset.press) return;
  if (button.dataset.press.startsWith("topic:")) turnTo();
  press(button.dataset.press);
});

fillTopics(content.entries);
startLooks();
document.getElementById("talk").focus({ preventScroll: true });
follow((view) => { show(view); markDown(); }, lose);
navigator.serviceWorker?.register("/worker.js");
