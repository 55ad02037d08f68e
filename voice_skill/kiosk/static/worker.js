// Keeps the page and all steps in the browser: when the voice's process is gone they are still there, also after a reload.
const KEPT = "kiosk";
const PARTS = ["main", "stream", "draw", "reader", "looks"].map((name) => `/static/${name}.js`);
const PAGE = ["/", "/content.json", "/static/style.css", "/static/layout.css", "/static/icon.svg", ...PARTS];

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(KEPT).then((cache) => cache.addAll(PAGE)).then(() => self.skipWaiting()));
});
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  const path = new URL(event.request.url).pathname;
  if (event.request.method === "GET" && PAGE.includes(path)) event.respondWith(newestOf(event.request, path));
});

async function newestOf(request, path) {
  const cache = await caches.open(KEPT);
  try {
    const answer = await fetch(request);
    if (answer.ok) await cache.put(path, answer.clone());
    return answer;
  } catch {
    return cache.match(path);
  }
}
