// A Prometheus beside the replay: asks for the metrics once a minute, as docs/metrics.md has it.
import { setTimeout as delay } from "node:timers/promises";
import type { Colo } from "../../local/colo.ts";
import { adminToken } from "../../testing/worker/world.ts";

const everyMs = 60_000;

/** The last one counts: it is asked for again where a busy machine refuses it. */
const lastTriesMax = 5;

export interface Scraped {
  /** Of the last that was answered with the metrics. */
  readonly text: string;
  readonly failedCount: number;
}

export class Scrapes {
  readonly #colo: Colo;
  readonly #timer: NodeJS.Timeout;
  readonly #underWay = new Set<Promise<string | undefined>>();
  #failedCount = 0;

  /** @param colo that answers them; it is asked at once for the first time */
  constructor(colo: Colo) {
    this.#colo = colo;
    this.#timer = setInterval(() => this.#begin(), everyMs);
    this.#begin();
  }

  /**
   * Ends them with one more.
   *
   * @throws Error if that is not answered with the metrics, however often
   */
  async last(): Promise<Scraped> {
    clearInterval(this.#timer);
    await Promise.all(this.#underWay);
    for (let tries = 0; tries < lastTriesMax; tries += 1) {
      const text = await this.#scraped();
      if (text !== undefined) return { text, failedCount: this.#failedCount };
      await delay(1_000);
    }
    throw new Error(`The metrics were refused ${lastTriesMax} times, one second apart.`);
  }

  #begin(): void {
    const scrape = this.#scraped();
    this.#underWay.add(scrape);
    void scrape.finally(() => this.#underWay.delete(scrape));
  }

  async #scraped(): Promise<string | undefined> {
    const headers = { authorization: `Bearer ${adminToken}` };
    const response = await fetch(`${this.#colo.url}/_cache/metrics`, { headers });
    const text = await response.text();
    if (response.status === 200) return text;
    this.#failedCount += 1;
    return undefined;
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
