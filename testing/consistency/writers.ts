// Clients that write new versions of pages, and then purge the pages by signed webhooks at any
// colo. A writer may send a purge to all colos, and may repeat the purge later. It retries a purge
// that was not accepted.
import { setTimeout as delay } from "node:timers/promises";
import type { SendResult } from "../../src/purger/answer.ts";
import { messageOf, type PurgeMessage } from "../../src/purger/message.ts";
import { createPurger, type Purger } from "../../src/purger/create-purger.ts";
import { covers } from "./checker/coverage.ts";
import type { Draws } from "../draws.ts";
import type { Mode, Order, PurgeTry } from "./checker/operations.ts";
import { ordersCovering, type ServedPage } from "./pages.ts";
import type { ReadFrom } from "./readers.ts";
import type { Recorder } from "./recorder.ts";
import { purgeSecret } from "./site-under-test.ts";
import type { VersionedOrigin } from "./versioned-origin.ts";

const tryTimeoutMs = 8_000;
const triesMax = 4;
const lateMsMax = 3_000;
/** The share of purges that are sent to all colos at once. */
const severalShare = 0.15;
/** The share of purges that are repeated later. */
const againShare = 0.15;
/** The probability that an order for everything is among those to draw from. */
const everythingShare = 0.15;
/** The share of hard purges that a soft purge follows. */
const softenedShare = 0.25;

interface WritersSettings {
  readonly recorder: Recorder;
  readonly origin: VersionedOrigin;
  readonly pages: readonly ServedPage[];
  readonly colos: readonly ReadFrom[];
  readonly modes: readonly Mode[];
}

export class Writers {
  readonly #given: WritersSettings;
  readonly #purgers: ReadonlyMap<string, Purger>;
  readonly #late = new Set<Promise<unknown>>();

  constructor(given: WritersSettings) {
    this.#given = given;
    this.#purgers = new Map(given.colos.map(({ name, url }) => [name, purgerOf(url)]));
  }

  /** Writes until `isOver`, and waits for late deliveries. */
  async writeOn(draws: Draws, given: { pauseMsMax: number; isOver: () => boolean }): Promise<void> {
    while (!given.isOver()) {
      await this.#change(draws);
      await delay(draws.between(0, given.pauseMsMax));
    }
    await Promise.all(this.#late);
  }

  async #change(draws: Draws): Promise<void> {
    const { pages, origin, colos, modes } = this.#given;
    const changed = draws.oneOf(pages);
    const mode = draws.oneOf(modes);
    const orders = ordersCovering(changed).filter(
      ({ everything }) => everything !== true || draws.isLucky(everythingShare),
    );
    const order: Order = { ...draws.oneOf(orders), ...(mode === "soft" ? { mode } : {}) };
    origin.write(changed.path);
    for (const page of pages) {
      if (page !== changed && covers(order, page) && draws.isLucky(0.5)) origin.write(page.path);
    }
    const message = messageOf(order);
    const first = draws.oneOf(colos);
    const at = draws.isLucky(severalShare) ? colos : [first];
    if (draws.isLucky(againShare)) this.#again(message, order, draws);
    await Promise.all(at.map((colo) => this.#untilAccepted(message, order, colo)));
    if (mode === "hard" && modes.includes("soft") && draws.isLucky(softenedShare)) {
      // A soft purge right after a hard purge of the same targets must not hide the hard purge.
      const softened: Order = { ...order, mode: "soft" };
      await this.#untilAccepted(messageOf(softened), softened, draws.oneOf(colos));
    }
  }

  /** Repeats a message later at any colo. The repetition must have no effect. */
  #again(message: PurgeMessage, order: Order, draws: Draws): void {
    const colo = draws.oneOf(this.#given.colos);
    const afterMs = draws.between(0, lateMsMax);
    const late = delay(afterMs).then(() => this.#send(message, order, colo));
    this.#late.add(late);
    void late.finally(() => this.#late.delete(late));
  }

  async #untilAccepted(message: PurgeMessage, order: Order, colo: ReadFrom): Promise<void> {
    for (let tries = 1; tries <= triesMax; tries += 1) {
      if ((await this.#send(message, order, colo)) === "accepted") return;
      await delay(200 * tries);
    }
  }

  async #send(message: PurgeMessage, order: Order, colo: ReadFrom): Promise<string> {
    const { recorder } = this.#given;
    const invokedAtMs = recorder.nowMs();
    const verdict = await this.#purgers.get(colo.name)?.send(message);
    const outcome = outcomeOf(verdict);
    const returnedAtMs = recorder.nowMs();
    const { id } = message;
    recorder.purges.push({ id, order, colo: colo.name, invokedAtMs, returnedAtMs, outcome });
    return outcome.kind;
  }
}

function outcomeOf(verdict: SendResult | undefined): PurgeTry["outcome"] {
  if (verdict?.kind === "accepted") return { kind: "accepted", position: verdict.position };
  return { kind: "refused", why: verdict?.kind === "refused" ? verdict.error.code : "try-later" };
}

function purgerOf(coloUrl: string): Purger {
  const url = `${coloUrl}/_cache/purge`;
  return createPurger({ url, secret: purgeSecret, retry: { tryTimeoutMs } });
}

/**
 * Returns the modes of purge that the Worker supports, by sending a soft purge of a tag that no
 * page has.
 */
export async function modesTaken({ url }: Pick<ReadFrom, "url">): Promise<Mode[]> {
  const order = { tags: ["nobody"], mode: "soft" } as const;
  const verdict = await purgerOf(url).send(messageOf(order));
  return verdict.kind === "refused" ? ["hard"] : ["hard", "soft"];
}
