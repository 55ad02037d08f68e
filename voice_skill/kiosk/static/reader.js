// Reads the article step by step without the voice: which step is open, and where "next" and "back" lead.
export class Reader {
  #entries;
  #entry = null;
  #at = 0;

  constructor(entries) {
    this.#entries = entries;
  }

  get step() {
    return this.#entry && { ...this.#entry.steps[this.#at], entry: this.#entry.id, title: this.#entry.title, timed: false };
  }

  press(name) {
    if (name.startsWith("topic:")) {
      this.#entry = this.#entries.find(({ id }) => id === name.slice("topic:".length)) ?? null;
      this.#at = 0;
    } else if (this.#entry) {
      const last = this.#entry.steps.length - 1;
      if (name === "next") this.#at = Math.min(last, this.#at + 1);
      if (name === "previous") this.#at = Math.max(0, this.#at - 1);
    }
  }
}
