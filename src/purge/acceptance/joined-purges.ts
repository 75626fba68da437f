// What answers to unsafe methods invalidate, on its way into the purge journal: all of a second in
// one entry, so that an isolate writes no more than one a second, whoever writes how much to it.
//
// A target joins a batch only until that is sent: its entry then stands after the answer that named
// it. What comes later goes into the next batch, also if it is the same.
import type { Metrics } from "../../observe/metrics.ts";
import { pause } from "../../patience.ts";
import type { Acceptances } from "./acceptance.ts";
import { byInvalidation } from "../journal/entry.ts";
import type { Attention } from "../view/view.ts";
import { BoundedTargets, type WidenableTarget } from "./bounded-targets.ts";

export interface JoinedPurgesSettings {
  readonly acceptances: Pick<Acceptances, "accept">;
  readonly metrics: Pick<Metrics, "invalidated">;
  readonly nowAtMs: () => number;
  readonly log: (line: string) => void;
}

/** From one batch to the next: what joins waits no longer than this. */
export const joinMs = 1_000;

const firstPauseMs = 1_000;
const pauseMsMax = 4_000;
/** Counted from a batch's beginning: a try takes 5 s at the most, and work behind an answer 30 s. */
const lastTryMs = 22_000;
/** Also where the clock stands still. */
const triesMax = 8;

/** A carrier that is silent for longer is gone with its request: before its first try, and after. */
const lateMsMax = 1_000;
const silenceMsMax = 7_000;
/** Requests that see to a batch: the one that sends it, and those that stand by. */
const carriersMax = 4;

/** How many targets a line of the log names. */
const namedMax = 3;

class Batch {
  readonly targets = new BoundedTargets();
  readonly startedAtMs: number;
  readonly waitMs: number;
  carrierCount = 0;
  /** Raised at each sign of life. */
  signs = 0;
  /** How long the next sign may take. */
  silenceMs: number;
  isSettled = false;

  constructor(startedAtMs: number, waitMs: number) {
    this.startedAtMs = startedAtMs;
    this.waitMs = waitMs;
    this.silenceMs = waitMs + lateMsMax;
  }

  live(pauseMs: number): void {
    this.signs += 1;
    this.silenceMs = pauseMs + silenceMsMax;
  }
}

export class JoinedPurges {
  readonly #settings: JoinedPurgesSettings;
  /** Not sent yet, and so open to more. */
  #open: Batch | undefined;
  #sentAtMs = -Infinity;

  constructor(settings: JoinedPurgesSettings) {
    this.#settings = settings;
  }

  /**
   * Has them purged, hard: `joinMs` and an append later at the most, while the journal can be
   * reached. Nobody waits for it.
   *
   * @param targets of one answer, which has come; none is nothing to do
   */
  add(targets: readonly WidenableTarget[], attention: Attention): void {
    if (targets.length === 0) return;
    const { metrics } = this.#settings;
    const atMs = this.#settings.nowAtMs();
    const batch = (this.#open ??= this.#begun(atMs));
    for (const target of targets) {
      metrics.invalidated("named");
      if (batch.targets.add(target) === "wider") metrics.invalidated("widened");
    }
    const isLate = atMs - batch.startedAtMs > batch.silenceMs;
    if (batch.carrierCount >= carriersMax && !isLate) return;
    batch.carrierCount += 1;
    const isFirst = batch.carrierCount === 1;
    attention.afterAnswer(async () => {
      if (isFirst && batch.waitMs > 0) await pause(batch.waitMs);
      if (isFirst || isLate) await this.#send(batch, attention);
      else await this.#standBy(batch, attention);
    });
  }

  #begun(atMs: number): Batch {
    const waitMs = Math.min(joinMs, Math.max(0, this.#sentAtMs + joinMs - atMs));
    return new Batch(atMs, waitMs);
  }

  /**
   * A request may end with all that it has under way; then another sends its batch. It looks from
   * time to time, by timers of its own: a promise of the other's might never end.
   */
  async #standBy(batch: Batch, attention: Attention): Promise<void> {
    while (!batch.isSettled) {
      const { signs } = batch;
      await pause(batch.silenceMs);
      if (batch.signs === signs && !batch.isSettled) return this.#send(batch, attention);
    }
  }

  async #send(batch: Batch, { afterAnswer }: Attention): Promise<void> {
    const { acceptances, metrics, nowAtMs } = this.#settings;
    if (this.#open === batch) {
      this.#open = undefined;
      this.#sentAtMs = nowAtMs();
    }
    let pauseMs = firstPauseMs;
    for (let tries = 0; tries < triesMax && !batch.isSettled; tries += 1) {
      batch.live(0);
      const order = orderOf(batch.targets.tags);
      const accepted = await acceptances.accept(order, { atMs: nowAtMs(), afterAnswer });
      if (accepted.kind === "accepted") {
        batch.isSettled = true;
        metrics.invalidated("purged");
        return;
      }
      if (nowAtMs() + pauseMs - batch.startedAtMs > lastTryMs) break;
      batch.live(pauseMs);
      await pause(pauseMs);
      pauseMs = Math.min(pauseMsMax, 2 * pauseMs);
    }
    if (!batch.isSettled) this.#giveUp(batch);
  }

  #giveUp(batch: Batch): void {
    const { metrics, log } = this.#settings;
    const { tags } = batch.targets;
    for (const _ of tags) metrics.invalidated("failed");
    batch.isSettled = true;
    const named = tags.slice(0, namedMax).map(withoutQuery).join(", ");
    const more = tags.length > namedMax ? ` and ${tags.length - namedMax} more` : "";
    log(
      `The purge journal did not take what answers invalidated: ${named}${more}. ` +
        "Other places keep it until it expires; purge it once the journal is back.",
    );
  }
}

function orderOf(tags: readonly string[]) {
  const sender = { id: "", bodyDigest: "", by: byInvalidation, reason: "RFC 9111 §4.4" };
  return { ...sender, mode: "hard", targets: { tags, prefixes: [] } } as const;
}

/** What a query holds may be for nobody's eyes. */
function withoutQuery(tag: string): string {
  return tag.replace(/\?.*$/s, "?…");
}
