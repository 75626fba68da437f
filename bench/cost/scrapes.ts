// A Prometheus beside the replay: asks for the metrics once a minute, as docs/metrics.md has it.
import type { Colo } from "../../local/colo.ts";
import { adminToken } from "../../testing/worker/world.ts";

const everyMs = 60_000;

export class Scrapes {
  readonly #colo: Colo;
  readonly #timer: NodeJS.Timeout;
  readonly #underWay = new Set<Promise<unknown>>();
  #failure: unknown;
  #count = 0;

  /** @param colo that answers them; it is asked at once for the first time */
  constructor(colo: Colo) {
    this.#colo = colo;
    this.#timer = setInterval(() => this.#begin(), everyMs);
    this.#begin();
  }

  /**
   * Ends them with one more.
   *
   * @returns how many there were, and the text of the last
   * @throws Error if one was not answered with the metrics
   */
  async last(): Promise<{ readonly count: number; readonly text: string }> {
    clearInterval(this.#timer);
    await Promise.all(this.#underWay);
    const text = await this.#scraped();
    if (this.#failure !== undefined) throw this.#failure;
    return { count: this.#count, text };
  }

  #begin(): void {
    const scrape = this.#scraped().catch((cause: unknown) => (this.#failure ??= cause));
    this.#underWay.add(scrape);
    void scrape.finally(() => this.#underWay.delete(scrape));
  }

  async #scraped(): Promise<string> {
    this.#count += 1;
    const headers = { authorization: `Bearer ${adminToken}` };
    const response = await fetch(`${this.#colo.url}/_cache/metrics`, { headers });
    const text = await response.text();
    if (response.status !== 200) throw new Error(`A scrape got ${response.status}: ${text}`);
    return text;
  }
}

/** @returns the sum of all series of a counter in a text of Prometheus' format; 0 where there are none */
export function sumInScrape(text: string, name: string): number {
  let sum = 0;
  for (const line of text.split("\n")) {
    const [, value] = line.startsWith(name) ? (/^\w+(?:\{.*\})? (\S+)$/.exec(line) ?? []) : [];
    const isOfIt = line[name.length] === "{" || line[name.length] === " ";
    if (isOfIt && value !== undefined) sum += Number(value);
  }
  return sum;
}
