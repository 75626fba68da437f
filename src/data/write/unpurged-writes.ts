// Keys that were written or set everywhere, and whose purge the journal has not accepted yet. Their
// stored values are not used, and no value of theirs is stored, until a purge is accepted.
import { isWithinMs } from "../../base/elapsed.ts";
import { Condition } from "../../observe/condition.ts";
import { type Log, logOf } from "../../observe/log-line.ts";
import { pause } from "../../base/timeouts.ts";
import type { PurgeJudgement } from "../../purge/view/view-port.ts";
import type { PurgeTargets } from "../../purge/journal/purge-target.ts";
import { targetsOf, urlOf } from "../value/data-key.ts";
import type { JudgingView } from "../load/data-ports.ts";
import type { DataPlace } from "../value/space.ts";

export interface UnpurgedWritesSettings {
  /** Submits a purge. Rejects if it is not accepted. */
  readonly purge: (order: {
    readonly targets: PurgeTargets;
    readonly isSoft: boolean;
    readonly reason: string;
  }) => Promise<unknown>;
  readonly nowAtMs: () => number;
  readonly log: Log;
  readonly afterAnswer: (work: () => Promise<void>) => void;
}

/** The maximum number of holds. Beyond it, a further key causes a hold on its whole namespace. */
const keysMax = 1_000;

/** 15 s in total, because background work may last only 30 s, and attempts also take time. */
const pausesMs = [1_000, 2_000, 4_000, 8_000];
/**
 * The runtime may end the request whose background work retries the purge. If no attempt begins for
 * this time, another request continues the attempts.
 */
const silenceMsMax = 15_000;

/** The targets of one pending purge. */
export interface Hold {
  readonly paths?: readonly string[];
  readonly prefixes?: readonly string[];
}

const hidden: PurgeJudgement = { kind: "purged", mode: "hard" };

export class UnpurgedWrites {
  readonly #settings: UnpurgedWritesSettings;
  /** Holds by URL, or by namespace. */
  #keys = new Map<string, Hold>();
  readonly #condition: Condition<"journal">;
  #triedAtMs = -Infinity;
  /** The number of writes whose purge was not accepted. */
  refusedCount = 0;

  constructor(settings: UnpurgedWritesSettings) {
    this.#settings = settings;
    this.#condition = new Condition({
      tell: logOf("data", settings.log),
      about: () => ({ event: "data-write" }),
      troubleLine: () =>
        "The journal did not accept the purge of written keys: other isolates may answer with older " +
        "values until the journal accepts it, or until the values expire. Check the log lines about the database.",
      wellLine: (lasted) =>
        `The journal has accepted the purges of all written keys, ${lasted} late.`,
    });
  }

  /** The number of held keys. A namespace that is held as a whole counts as one key. */
  get count(): number {
    return this.#keys.size;
  }

  get trouble(): Condition<"journal">["trouble"] {
    return this.#condition.trouble;
  }

  /**
   * Returns the hold that forbids to use stored values of the key; `undefined` if there is none. Retries
   * the purges of all holds in the background. Each write with a refused purge creates a new hold.
   */
  holdOn({ space, path }: DataPlace): Hold | undefined {
    this.#takeUp();
    return this.#keys.get(urlOf(path)) ?? this.#keys.get(space.name);
  }

  /** Puts a hold on the key, or on its namespace at the limit. Retries the purge in the background. */
  add({ space, path }: DataPlace): void {
    this.refusedCount += 1;
    this.#condition.failed("journal", this.#settings.nowAtMs());
    // Create a new object, so that a running attempt does not remove this hold.
    const url = urlOf(path);
    const isOwn = this.#keys.size < keysMax || this.#keys.has(url);
    if (isOwn) this.#keys.set(url, { paths: [path] });
    else this.#keys.set(space.name, { prefixes: [space.name] });
    this.#takeUp();
  }

  /**
   * Ends the hold on a key after a purge of the key was accepted.
   *
   * @param since the hold on the key before that purge was sent. A newer hold remains
   */
  release({ path }: DataPlace, since: Hold | undefined): void {
    const url = urlOf(path);
    if (since === undefined || this.#keys.get(url) !== since) return;
    this.#keys.delete(url);
    if (this.#keys.size === 0) this.#condition.succeeded(this.#settings.nowAtMs());
  }

  /** Retries in the background, unless another request is already retrying. */
  #takeUp(): void {
    const { nowAtMs, afterAnswer } = this.#settings;
    if (this.#keys.size === 0 || isWithinMs(silenceMsMax, this.#triedAtMs, nowAtMs())) return;
    this.#triedAtMs = nowAtMs();
    afterAnswer(() => this.#tried());
  }

  async #tried(): Promise<void> {
    for (const pauseMs of pausesMs) {
      await pause(pauseMs);
      // Later writes may have ended all holds meanwhile.
      if (this.#keys.size > 0) await this.#purged();
      if (this.#keys.size === 0) break;
    }
    if (this.#keys.size === 0) this.#triedAtMs = -Infinity;
  }

  async #purged(): Promise<void> {
    const { purge, nowAtMs } = this.#settings;
    this.#triedAtMs = nowAtMs();
    const tried = [...this.#keys];
    const of = (what: keyof Hold) => tried.flatMap(([, one]) => one[what] ?? []);
    const targets = targetsOf({ paths: of("paths"), prefixes: of("prefixes") });
    try {
      await purge({ targets, isSoft: false, reason: "retry of a refused purge" });
    } catch {
      // `purge` has counted the failure, and the condition here shows an earlier one.
      return;
    }
    for (const [name, one] of tried) if (this.#keys.get(name) === one) this.#keys.delete(name);
    if (this.#keys.size === 0) this.#condition.succeeded(nowAtMs());
  }

  /** Wraps the view, so that stored values of held keys are not used. */
  over(view: JudgingView): JudgingView {
    const isHidden = ({ url }: { readonly url: string }) => {
      if (this.#keys.size === 0) return false;
      this.#takeUp();
      const [, name = ""] = url.split("/", 2);
      return this.#keys.has(url) || this.#keys.has(name);
    };
    return {
      judge: (record, ask) => (isHidden(record) ? hidden : view.judge(record, ask)),
      mayBeValidated: (record, ask) => !isHidden(record) && view.mayBeValidated(record, ask),
      seek: (requester, record) => view.seek(requester, record),
      stamp: (requester, how) => view.stamp(requester, how),
      renewIfDue: (requester) => view.renewIfDue(requester),
    };
  }
}
