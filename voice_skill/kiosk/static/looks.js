// Text size and colours, as the person has chosen them: kept for this visit, also when the page is loaded again.
const root = document.documentElement;
const THEMES = ["light", "dark", "high"];
const SIZES = ["1", "2", "3", "4"];

function wear(name, value) {
  root.dataset[name] = value;
  sessionStorage.setItem(name, value);
}

function following(values, value) {
  return values[(values.indexOf(value) + 1) % values.length];
}

export function reset() {
  wear("theme", THEMES[0]);
  wear("size", SIZES[0]);
}

export function startLooks() {
  wear("theme", sessionStorage.getItem("theme") ?? THEMES[0]);
  wear("size", sessionStorage.getItem("size") ?? SIZES[0]);
  document.getElementById("contrast").addEventListener("click", () => wear("theme", following(THEMES, root.dataset.theme)));
  document.getElementById("text-size").addEventListener("click", () => wear("size", following(SIZES, root.dataset.size)));
}
