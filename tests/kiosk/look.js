// Measures the page for the tests: what can be seen, whether it is cut off, and how much it stands out.
window.look = (() => {
  const seen = (element) => element.checkVisibility({ visibilityProperty: true }) && !element.closest(".unseen, .symbols");
  const texts = () => {
    const found = new Set();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const element = walker.currentNode.parentElement;
      if (walker.currentNode.textContent.trim() && !element.closest("script") && seen(element)) found.add(element);
    }
    return [...found];
  };
  const name = (element) => `${element.tagName} ${element.id} ${element.className} "${element.textContent.trim().slice(0, 30)}"`;
  const colour = (text) => {
    const [r, g, b, a = 1] = text.match(/[\d.]+/g).map(Number);
    return { rgb: [r, g, b], a };
  };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const { rgb, a } = colour(getComputedStyle(at).backgroundColor);
      if (a === 1) return rgb;
    }
    return [255, 255, 255];
  };
  const light = (rgb) => {
    const [r, g, b] = rgb.map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (one, other) => {
    const [low, high] = [light(one), light(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  return {
    faint: (least) =>
      texts()
        .map((element) => [name(element), ratio(colour(getComputedStyle(element).color).rgb, ground(element))])
        .filter(([, contrast]) => contrast < least),
    cutOff: () =>
      texts()
        .filter((element) => {
          const box = element.getBoundingClientRect();
          const over = element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).display !== "inline";
          return box.left < -1 || box.right > innerWidth + 1 || over;
        })
        .map(name),
    overlaps: () => {
      const solid = [...document.querySelectorAll("main button, main p, main h2, main li, nav button")].filter(seen);
      const found = [];
      const inFooter = (element) => element.closest("footer") !== null;
      for (const [at, one] of solid.entries()) {
        for (const other of solid.slice(at + 1)) {
          if (one.contains(other) || other.contains(one) || inFooter(one) !== inFooter(other)) continue;
          const [a, b] = [one.getBoundingClientRect(), other.getBoundingClientRect()];
          if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1) found.push([name(one), name(other)]);
        }
      }
      return found;
    },
    small: (least) =>
      [...document.querySelectorAll("button")]
        .filter(seen)
        .filter((element) => element.offsetWidth < least || element.offsetHeight < least)
        .map(name),
    capital: (selector) => {
      const element = document.querySelector(selector);
      const context = document.createElement("canvas").getContext("2d");
      context.font = getComputedStyle(element).font;
      return context.measureText("H1").actualBoundingBoxAscent;
    },
  };
})();
