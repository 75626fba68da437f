// Purges what answers to unsafe methods invalidate (RFC 9111 §4.4). Targets of one second share an entry,
// so an isolate appends at most one entry a second. A batch outlives the request that sends it.
//
// A batch closes when it is sent, because its entry must follow the answers that named its targets. Later
// targets go into the next batch, even if they are the same.
import type { Log } from "../../observe/log-line.ts";
import type { Metrics } from "../../observe/metrics.ts";
import { pause } from "../../base/timeouts.ts";
import { byInvalidation } from "../journal/entry.ts";
import { tagBytes } from "../journal/purge-target.ts";
import type { Attention } from "../view/view.ts";
import type { Acceptances } from "./acceptance.ts";
import { BoundedTargets, type WidenableTarget } from "./bounded-targets.ts";

export interface JoinedPurgesSettings {
  /** A try takes 5 s at most. */
  readonly acceptances: Pick<Acceptances, "accept">;
  readonly metrics: Pick<Metrics, "add">;
  readonly nowAtMs: () => number;
  readonly log: Log;
}

type AfterAnswer = Attention["afterAnswer"];

/** Minimum time between entries, and the longest that a target waits for the first try. */
export const joinMs = 1_000;

const firstPauseMs = 1_000;
const pauseMsMax = 4_000;
/** From the batch's start. A try takes up to 5 s; the runtime ends background work after 30 s. */
const lastTryMs = 22_000;
/** Ends the retries even if the clock does not move. */
const triesMax = 8;

/** A carrier silent for longer has died with its request: before the first try, and later. */
const lateMsMax = 1_000;
const silenceMsMax = 7_000;
/** Requests that carry a batch: the sender and its stand-bys. */
const carriersMax = 4;

const byAnswers = {
  id: "",
  bodyDigest: "",
  by: byInvalidation,
  reason: "RFC 9111 §4.4",
  mode: "hard",
} as const;

/**
 * Exact targets, in bytes, that an isolate may name per ten minutes; wider targets replace the rest. It
 * keeps one client's requests from pushing other entries out of readers' 16 MiB.
 */
const exactBytesMax = 65_536;
const exactSpanMs = 600_000;

/** Targets listed in a log line. */
const namedMax = 3;

interface Batch {
  readonly targets: BoundedTargets;
  readonly startedAtMs: number;
  readonly waitMs: number;
  carrierCount: number;
  /** Incremented whenever a carrier makes progress. */
  signs: number;
  /** How long the carrier may take until its next progress. */
  silenceMs: number;
  isSettled: boolean;
}

export class JoinedPurges {
  readonly #settings: JoinedPurgesSettings;
  /** The batch that still accepts targets. */
  #open: Batch | undefined;
  #sentAtMs = -Infinity;
  #exactSinceAtMs = -Infinity;
  #exactBytes = 0;

  constructor(settings: JoinedPurgesSettings) {
    this.#settings = settings;
  }

  /**
   * Purges targets, hard, within `joinMs` and one append while the journal is reachable. Returns at once.
   *
   * @param targets named by one answer; may be empty
   * @param afterAnswer of the request that got the answer; it may carry the batch
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
   * Takes over a batch if its sender's request ends early. It polls on its own timer, because the other
   * request's promise might never settle.
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
    // Queries may hold private data.
    const withoutQueries = tags.slice(0, namedMax).map((tag) => tag.replace(/\?.*$/s, "?…"));
    const named = withoutQueries.join(", ");
    const more = tags.length > namedMax ? ` and ${tags.length - namedMax} more` : "";
    const message =
      `Could not write invalidations to the purge journal: ${named}${more}. ` +
      "Other isolates and colos keep these responses until they expire. Purge them once the journal works.";
    log({ event: "invalidation-lost", level: "error", message, targets: tags.length });
  }
}

/** Notes progress. The next may take a pause and a try. */
function live(batch: Batch, pauseMs: number): void {
  batch.signs += 1;
  batch.silenceMs = pauseMs + silenceMsMax;
}
