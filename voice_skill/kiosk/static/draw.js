// Draws a view into the page. Text that stays the same isn't touched, so that nothing is read out twice.
const find = (selector) => document.querySelector(selector);

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  svg.append(document.createElementNS("http://www.w3.org/2000/svg", "use"));
  svg.firstChild.setAttribute("href", `#icon-${name}`);
  return svg;
}

function button(press, title, shape) {
  const made = document.createElement("button");
  made.dataset.press = press;
  if (shape) made.append(icon(shape));
  made.append(title);
  return made;
}

function fill(list, items, make) {
  const key = JSON.stringify(items);
  if (list.dataset.key === key) return;
  list.dataset.key = key;
  list.replaceChildren(...items.map(make));
}

export function draw(view, words) {
  drawState(view.state, words.states[view.state]);
  write(find("#notice"), view.notice);
  drawLeaving(view);
  drawAlarm(view.alarm);
  const idle = !(view.log.length || view.step || view.options.length || view.partial || view.heard);
  find("#idle").hidden = idle === false || view.alarm !== null;
  find("#visit").hidden = idle || view.alarm !== null;
  drawHeard(view);
  drawStep(view.step, view.caption, words);
  drawOptions(view, words.buttons);
  drawTimer(view);
  const caption = find("#caption");
  write(caption, view.caption);
  caption.classList.toggle("unseen", isShown(view, words));
  fill(find("#log ol"), view.log, ({ who, text }) => logLine(words.texts[who], text));
  find("#log").hidden = view.log.length === 0;
  write(find("#volume b"), view.volume === null ? "" : String(Math.round(view.volume * 100)));
  write(find("#rate b"), String(view.rate ?? ""));
}

// without the voice: the step that is read by hand, or nothing but the topics
export function drawDown(step, words) {
  const nothing = { log: [], options: [], partial: "", heard: "", caption: "", alarm: null, timer_s: null, ends_in_s: null, question: "" };
  draw({ ...nothing, state: "error", notice: words.texts.down, step, rate: null, volume: null }, words);
  find("#remedy").hidden = true;
}

export function fillTopics(entries) {
  find("#topics .grid").replaceChildren(...entries.map(({ id, title }) => button(`topic:${id}`, title)));
}

// whether the sentence stands somewhere else on the page already
function isShown({ caption, step, question, alarm, notice, ends_in_s, log }, { texts, leaving }) {
  const shown = step ? [step.text, step.place, ...step.cautions] : [];
  const idle = log.length ? "" : texts.idle;
  const warning = ends_in_s === null ? "" : leaving;
  const among = [question, notice, warning, alarm?.text ?? ""].some((text) => text.includes(caption));
  return among || shown.includes(caption) || (idle !== "" && caption.includes(idle));
}

function drawState(state, word) {
  document.body.dataset.state = state;
  find("#state use").setAttribute("href", `#icon-${state}`);
  write(find("#state span"), word);
}

let leavingCount;

// the warning itself is told politely as the caption; the seconds are only seen
function drawLeaving({ ends_in_s: seconds, state }) {
  const banner = find("#leaving");
  clearInterval(leavingCount);
  if (seconds === null && banner.contains(document.activeElement)) find("#talk").focus({ preventScroll: true });
  const appears = banner.hidden && seconds !== null;
  banner.hidden = seconds === null;
  if (appears) banner.scrollIntoView({ block: "nearest" });
  if (seconds === null) return;
  const ends = performance.now() + seconds * 1000;
  const count = () => write(banner.querySelector("b"), String(Math.max(0, Math.ceil((ends - performance.now()) / 1000))));
  count();
  if (state !== "thinking" && state !== "speaking") leavingCount = setInterval(count, 200); // it waits for the voice
}

function drawAlarm(alarm) {
  find("#alarm").hidden = alarm === null;
  if (alarm === null) return;
  write(find("#alarm .number"), alarm.number);
  write(find("#alarm .sentence"), alarm.text);
}

function drawHeard({ partial, heard, step, options }) {
  const row = find("#heard");
  row.hidden = !(partial || heard);
  row.classList.toggle("partial", partial !== "");
  write(find("#heard .words"), partial || heard);
  find("#heard .label").hidden = partial !== "";
  find("#heard button").hidden = partial !== "" || !(step || options.length) || options.some(({ press }) => press === "no");
}

function drawStep(step, caption, words) {
  const card = find("#step");
  card.hidden = !step;
  find("#remedy").hidden = !step?.timed;
  if (!step) return;
  write(card.querySelector(".title"), `${step.title}.`);
  write(card.querySelector(".place"), step.place);
  const text = card.querySelector(".text");
  write(text, step.text);
  text.classList.toggle("now", step.text === caption);
  const drawing = card.querySelector(".drawing");
  drawing.toggleAttribute("hidden", !step.drawing);
  if (step.drawing) {
    drawing.firstElementChild.setAttribute("href", `#drawing-${step.drawing}`);
    drawing.setAttribute("aria-label", words.drawings[step.drawing]);
  }
  fill(card.querySelector(".cautions"), step.cautions, (note) => textOf("li", note));
  for (const note of card.querySelectorAll("li")) note.classList.toggle("now", note.textContent === caption);
}

function drawOptions({ options, question }, names) {
  fill(find("#options"), options.length ? [question, ...options] : [], (item) => {
    if (typeof item === "string") return textOf("h2", item);
    return button(item.press, item.title || names[item.press], item.title ? "" : item.press);
  });
}

let counting;

function drawTimer({ timer_s: seconds }) {
  const off = seconds === null;
  clearInterval(counting);
  find("#timer").hidden = off;
  find('[data-press="start-timer"]').hidden = !off;
  find('[data-press="stop-timer"]').hidden = off;
  if (off) return;
  const began = performance.now() - seconds * 1000;
  const count = () => {
    const passed = Math.floor((performance.now() - began) / 1000);
    write(find("#timer b"), `${Math.floor(passed / 60)}:${String(passed % 60).padStart(2, "0")}`);
  };
  count();
  counting = setInterval(count, 1000);
}

function logLine(who, text) {
  const line = document.createElement("li");
  line.append(Object.assign(textOf("span", who), { className: "who" }), ` ${text}`);
  return line;
}

function textOf(tag, text) {
  return Object.assign(document.createElement(tag), { textContent: text });
}
