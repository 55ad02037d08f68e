// The stream of views from the voice's process, and the sense of whether that process is still there.
const SILENT_MS = 10_000; // it beats every three seconds
const AGAIN_MS = 2_000;

export function follow(show, lose) {
  let source;
  let silence;
  let gone = false;

  const missed = () => {
    if (!gone) lose();
    gone = true;
  };
  const alive = () => {
    clearTimeout(silence);
    silence = setTimeout(missed, SILENT_MS);
  };
  const open = () => {
    source = new EventSource("/events");
    source.addEventListener("view", (event) => {
      alive();
      gone = false;
      show(JSON.parse(event.data));
    });
    source.addEventListener("beat", () => {
      if (gone) again(); // it was frozen: what it shows must be asked for anew
      else alive();
    });
    source.onerror = () => {
      missed();
      again();
    };
  };
  const again = () => {
    source.close();
    clearTimeout(silence);
    setTimeout(open, AGAIN_MS);
  };
  alive();
  open();
}
