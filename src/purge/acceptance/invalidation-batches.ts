// Purges the responses that unsafe requests invalidate (RFC 9111 §4.4). Targets of one second share
// a batch, so an isolate sends one batch per second, apart from retries and full batches. If the
// request that carries a batch ends, another request sends the batch.
//
// A batch closes when it is sent, because its entry must be later than the answers that named its
// targets. A target that is named later is added to the next batch, even if the closed batch
// contains it.
import type { Log } from "../../observe/log-line.ts";
import type { Metrics } from "../../observe/metrics.ts";
import { pause } from "../../base/timeouts.ts";
import { byInvalidation } from "../journal/entry.ts";
import { tagBytes } from "../../protocol/purge-order.ts";
import type { Requester } from "../view/view-port.ts";
import type { Acceptances } from "./acceptance.ts";

export interface JoinedPurgesSettings {
  /** The acceptance of purges. `accept` takes at most 5 s. */
  readonly acceptances: Pick<Acceptances, "accept">;
  readonly metrics: Pick<Metrics, "add">;
  readonly nowAtMs: () => number;
  readonly log: Log;
}

type AfterAnswer = Requester["afterAnswer"];

/**
 * The minimum time between entries, which is also the maximum wait of a target for the first try.
 */
export const joinMs = 1_000;

const firstPauseMs = 1_000;
const pauseMsMax = 4_000;
/**
 * The latest start of a try, counted from the start of the batch. A try takes up to 5 s, and the
 * runtime ends background work after 30 s.
 */
const lastTryMs = 22_000;
/** The maximum number of tries, which ends the retries even if the clock does not advance. */
const triesMax = 8;

/**
 * A carrier is a request that sends a batch, or stands by to do so. A carrier that shows no
 * progress for this time after its pause is assumed to have ended. The first limit applies before
 * the first try, and the second from then on.
 */
const lateMsMax = 1_000;
const silenceMsMax = 7_000;
/**
 * The maximum number of requests that carry a batch: its sender, and stand-bys that take over if
 * the sender ends.
 */
const carriersMax = 4;

const byAnswers = {
  id: "",
  bodyDigest: "",
  by: byInvalidation,
  reason: "RFC 9111 §4.4",
  mode: "hard",
} as const;

/** The maximum number of targets in a batch. Further targets begin another batch. */
export const targetsMax = 256;

/**
 * The bytes of tags that an isolate may name in ten minutes. Beyond this limit, the isolate names
 * paths instead of URLs, so many requests for one path become one target. Otherwise one client's
 * requests could push other entries out of the views.
 */
const exactBytesMax = 65_536;
const exactSpanMs = 600_000;

/** The maximum number of targets in a log line. */
const namedMax = 3;

/** A URL or a group that an unsafe request invalidates. */
export interface InvalidatedTarget {
  /** The tag of the URL or group. */
  readonly tag: string;
  /** A prefix that covers the URL with any query. Groups have none, and are always named exactly. */
  readonly path?: string;
}

interface Batch {
  readonly tags: Set<string>;
  readonly prefixes: Set<string>;
  readonly startedAtMs: number;
  readonly waitMs: number;
  carrierCount: number;
  /** The number of times that carriers have recorded progress. */
  signs: number;
  /** The maximum time until a carrier next records progress. */
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
   * Adds targets to the open batch, and returns at once. The batch is sent as a hard purge. While
   * the journal is reachable, the purge is accepted after at most `joinMs` and one append.
   *
   * @param targets the targets that one response names; may be empty
   * @param afterAnswer starts background work of the request, which may carry the batch
   */
  add(targets: readonly InvalidatedTarget[], { afterAnswer }: Requester): void {
    if (targets.length === 0) return;
    const { metrics, nowAtMs } = this.#settings;
    const atMs = nowAtMs();
    const batch = (this.#open ??= this.#begun(atMs));
    for (const target of targets) {
      metrics.add("invalidations", ["named"]);
      if (!this.#isExact(target, batch, atMs)) metrics.add("invalidations", ["widened"]);
    }
    if (batch.tags.size + batch.prefixes.size >= targetsMax) this.#open = undefined;
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

  /** Adds a target to the batch. Returns whether its tag, not its path, is in the batch. */
  #isExact({ tag, path }: InvalidatedTarget, { tags, prefixes }: Batch, atMs: number): boolean {
    if (tags.has(tag)) return true;
    if (Math.abs(atMs - this.#exactSinceAtMs) > exactSpanMs) {
      this.#exactSinceAtMs = atMs;
      this.#exactBytes = 0;
    }
    // As JSON, a tag also has two quotes and a comma.
    const bytes = tagBytes(tag) + 3;
    if (path !== undefined && this.#exactBytes + bytes > exactBytesMax) {
      prefixes.add(path);
      return false;
    }
    this.#exactBytes += bytes;
    tags.add(tag);
    return true;
  }

  #begun(atMs: number): Batch {
    const waitMs = Math.min(joinMs, Math.max(0, this.#sentAtMs + joinMs - atMs));
    const unseen = { carrierCount: 0, signs: 0, silenceMs: waitMs + lateMsMax, isSettled: false };
    return { tags: new Set(), prefixes: new Set(), startedAtMs: atMs, waitMs, ...unseen };
  }

  /**
   * Takes over a batch if the request that sends it ends early. Polls with its own timer, because a
   * promise of that request might never settle.
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
    this.#tellGivenUp([...batch.tags, ...batch.prefixes]);
  }

  async #isAccepted({ tags, prefixes }: Batch, afterAnswer: AfterAnswer): Promise<boolean> {
    const { acceptances, metrics, nowAtMs } = this.#settings;
    const order = { ...byAnswers, targets: { tags: [...tags], prefixes: [...prefixes] } };
    const { kind } = await acceptances.accept(order, { atMs: nowAtMs(), afterAnswer });
    if (kind === "accepted") metrics.add("invalidations", ["purged"]);
    return kind === "accepted";
  }

  #tellGivenUp(targets: readonly string[]): void {
    const { metrics, log } = this.#settings;
    for (const _ of targets) metrics.add("invalidations", ["failed"]);
    // Queries may contain private data.
    const withoutQueries = targets
      .slice(0, namedMax)
      .map((target) => target.replace(/\?.*/s, "?…"));
    const named = withoutQueries.join(", ");
    const more = targets.length > namedMax ? ` and ${targets.length - namedMax} more` : "";
    const message =
      `Could not write invalidations to the purge journal: ${named}${more}. ` +
      "Other isolates and colos keep these responses until they expire. Purge them once the journal works.";
    log({ event: "invalidation-lost", level: "error", message, targets: targets.length });
  }
}

/** Records progress of a carrier. The next progress may take a pause and a try. */
function live(batch: Batch, pauseMs: number): void {
  batch.signs += 1;
  batch.silenceMs = pauseMs + silenceMsMax;
}
