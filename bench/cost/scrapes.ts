// Requests the metrics once a minute during the replay, like the Prometheus server in
// docs/monitoring.md.
import { setTimeout as delay } from "node:timers/promises";
import type { Colo } from "../../local/colo.ts";
import { adminToken } from "../../testing/worker/world.ts";

const everyMs = 60_000;

/** The maximum number of tries of the last scrape, which must succeed even on a busy machine. */
const lastTriesMax = 5;

export interface Scraped {
  /** The text of the last scrape. */
  readonly text: string;
  readonly failedCount: number;
}

export class Scrapes {
  readonly #colo: Colo;
  readonly #timer: NodeJS.Timeout;
  readonly #underWay = new Set<Promise<string | undefined>>();
  #failedCount = 0;

  /** Sends the first scrape. @param colo the colo that answers all scrapes */
  constructor(colo: Colo) {
    this.#colo = colo;
    this.#timer = setInterval(() => this.#begin(), everyMs);
    this.#begin();
  }

  /**
   * Stops the timer, and sends the last scrape.
   *
   * @throws Error if no try gets status 200
   */
  async last(): Promise<Scraped> {
    clearInterval(this.#timer);
    await Promise.all(this.#underWay);
    for (let tries = 0; tries < lastTriesMax; tries += 1) {
      const text = await this.#scraped();
      if (text !== undefined) return { text, failedCount: this.#failedCount };
      await delay(1_000);
    }
    throw new Error(`The last scrape did not get status 200 in ${lastTriesMax} tries.`);
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

/**
 * @returns the sum of all series of a counter in a Prometheus text; 0 if there is no such series
 */
export function sumInScrape(text: string, name: string): number {
  let sum = 0;
  for (const line of text.split("\n")) {
    const [, value] = line.startsWith(name) ? (/^\w+(?:\{.*\})? (\S+)$/.exec(line) ?? []) : [];
    const isOfIt = line[name.length] === "{" || line[name.length] === " ";
    if (isOfIt && value !== undefined) sum += Number(value);
  }
  return sum;
}
