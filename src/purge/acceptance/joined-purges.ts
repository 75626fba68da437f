// Writes into the purge journal what answers to unsafe methods invalidate. All of a second goes into
// one entry, so that an isolate writes one a second at the most, however many answers there are. A
// batch of targets outlives the request that sends it.
//
// A target joins a batch only until that is sent: its entry stands after the answer that named it. What
// comes later goes into the next batch, also if it is the same.
import type { Log } from "../../observe/log-line.ts";
import type { Metrics } from "../../observe/metrics.ts";
import { pause } from "../../base/patience.ts";
import { byInvalidation } from "../journal/entry.ts";
import { tagBytes } from "../journal/purge-target.ts";
import type { Attention } from "../view/view.ts";
import type { Acceptances } from "./acceptance.ts";
import { BoundedTargets, type WidenableTarget } from "./bounded-targets.ts";

export interface JoinedPurgesSettings {
  /** A try takes 5 s at the most. */
  readonly acceptances: Pick<Acceptances, "accept">;
  readonly metrics: Pick<Metrics, "add">;
  readonly nowAtMs: () => number;
  readonly log: Log;
}

type AfterAnswer = Attention["afterAnswer"];

/** From one entry to the next: what joins waits no longer than this for its first try. */
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

/** All of a purge but its targets. */
const byAnswers = {
  id: "",
  bodyDigest: "",
  by: byInvalidation,
  reason: "RFC 9111 §4.4",
  mode: "hard",
} as const;

/**
 * Bytes of exact targets that an isolate names in ten minutes; what is beyond is covered by its wider
 * target. Readers keep 16 MiB of entries: one client's requests must not push others' entries out.
 */
const exactBytesMax = 65_536;
const exactSpanMs = 600_000;

/** How many targets a line of the log names. */
const namedMax = 3;

interface Batch {
  readonly targets: BoundedTargets;
  readonly startedAtMs: number;
  readonly waitMs: number;
  carrierCount: number;
  /** Raised at each sign of life. */
  signs: number;
  /** How long the next sign may take. */
  silenceMs: number;
  isSettled: boolean;
}

export class JoinedPurges {
  readonly #settings: JoinedPurgesSettings;
  /** Not sent yet, and so open to more. */
  #open: Batch | undefined;
  #sentAtMs = -Infinity;
  #exactSinceAtMs = -Infinity;
  #exactBytes = 0;

  constructor(settings: JoinedPurgesSettings) {
    this.#settings = settings;
  }

  /**
   * Has them purged, hard: `joinMs` and an append later at the most, while the journal can be
   * reached. Nobody waits for it.
   *
   * @param targets of one answer, which has come; none is nothing to do
   * @param afterAnswer of the request that brings them, which then sees to their batch
   */
  add(targets: readonly WidenableTarget[], { afterAnswer }: Attention): void {
    if (targets.length === 0) return;
    const { metrics, nowAtMs } = this.#settings;
    const atMs = nowAtMs();
    const batch = (this.#open ??= this.#begun(atMs));
    for (const target of targets) {
      metrics.add("invalidations", ["named"]);
      if (this.#added(target, batch.targets, atMs) === "wider")
        metrics.add("invalidations", ["widened"]);
    }
    const isLate = atMs - batch.startedAtMs > batch.silenceMs;
    if (batch.carrierCount >= carriersMax && !isLate) return;
    batch.carrierCount += 1;
    const isFirst = batch.carrierCount === 1;
    afterAnswer(async () => {
      if (isFirst && batch.waitMs > 0) await pause(batch.waitMs);
      if (isFirst || isLate) await this.#send(batch, afterAnswer);
      else await this.#standBy(batch, afterAnswer);
    });
  }

  #added(target: WidenableTarget, targets: BoundedTargets, atMs: number): "exact" | "wider" {
    if (Math.abs(atMs - this.#exactSinceAtMs) > exactSpanMs) {
      this.#exactSinceAtMs = atMs;
      this.#exactBytes = 0;
    }
    const beforeBytes = targets.bytes;
    const mayBeExact = this.#exactBytes + tagBytes(target.exact) <= exactBytesMax;
    const added = targets.add(target, mayBeExact);
    if (added === "exact") this.#exactBytes += targets.bytes - beforeBytes;
    return added;
  }

  #begun(atMs: number): Batch {
    const waitMs = Math.min(joinMs, Math.max(0, this.#sentAtMs + joinMs - atMs));
    const unseen = { carrierCount: 0, signs: 0, silenceMs: waitMs + lateMsMax, isSettled: false };
    return { targets: new BoundedTargets(), startedAtMs: atMs, waitMs, ...unseen };
  }

  /**
   * A request may end with all that it has under way; then another sends its batch. It looks from
   * time to time, by timers of its own: a promise of the other's might never end.
   */
  async #standBy(batch: Batch, afterAnswer: AfterAnswer): Promise<void> {
    while (!batch.isSettled) {
      const { signs } = batch;
      await pause(batch.silenceMs);
      if (batch.signs === signs && !batch.isSettled) return this.#send(batch, afterAnswer);
    }
  }

  async #send(batch: Batch, afterAnswer: AfterAnswer): Promise<void> {
    const { nowAtMs } = this.#settings;
    if (this.#open === batch) {
      this.#open = undefined;
      this.#sentAtMs = nowAtMs();
    }
    let pauseMs = firstPauseMs;
    for (let tries = 0; tries < triesMax && !batch.isSettled; tries += 1) {
      live(batch, 0);
      if (await this.#isAccepted(batch, afterAnswer)) batch.isSettled = true;
      if (batch.isSettled || nowAtMs() + pauseMs - batch.startedAtMs > lastTryMs) break;
      live(batch, pauseMs);
      await pause(pauseMs);
      pauseMs = Math.min(pauseMsMax, 2 * pauseMs);
    }
    if (batch.isSettled) return;
    batch.isSettled = true;
    this.#tellGivenUp(batch.targets.tags);
  }

  /** One try. */
  async #isAccepted({ targets }: Batch, afterAnswer: AfterAnswer): Promise<boolean> {
    const { acceptances, metrics, nowAtMs } = this.#settings;
    const order = { ...byAnswers, targets: { tags: targets.tags, prefixes: [] } };
    const { kind } = await acceptances.accept(order, { atMs: nowAtMs(), afterAnswer });
    if (kind === "accepted") metrics.add("invalidations", ["purged"]);
    return kind === "accepted";
  }

  #tellGivenUp(tags: readonly string[]): void {
    const { metrics, log } = this.#settings;
    for (const _ of tags) metrics.add("invalidations", ["failed"]);
    // What a query holds may be for nobody's eyes.
    const withoutQueries = tags.slice(0, namedMax).map((tag) => tag.replace(/\?.*$/s, "?…"));
    const named = withoutQueries.join(", ");
    const more = tags.length > namedMax ? ` and ${tags.length - namedMax} more` : "";
    const message =
      `The purge journal did not take what answers invalidated: ${named}${more}. ` +
      "Other places keep it until it expires; purge it once the journal is back.";
    log({ event: "invalidation-lost", level: "error", message, targets: tags.length });
  }
}

/** A sign of life; the next may take a pause and a try. */
function live(batch: Batch, pauseMs: number): void {
  batch.signs += 1;
  batch.silenceMs = pauseMs + silenceMsMax;
}
