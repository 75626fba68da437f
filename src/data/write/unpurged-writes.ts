// Keys that were written to the database, and whose purge the journal has not accepted yet. Stored values of these
// keys are not used, and new ones are not stored, until a purge behind an answer is accepted.
import { isWithinMs } from "../../base/elapsed.ts";
import { Condition } from "../../observe/condition.ts";
import { type Log, logOf } from "../../observe/log-line.ts";
import { pause } from "../../base/timeouts.ts";
import type { PurgeJudgement, PurgeView } from "../../purge/view/view.ts";
import type { PurgeTargets } from "../../purge/journal/purge-target.ts";
import { targetsOf, urlOf } from "../value/key.ts";
import type { Place } from "../value/place.ts";

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

/** Beyond this number, the whole namespace is held back instead of single keys. */
const keysMax = 1_000;

/** 15 s in total: background work may last 30 s, and each attempt takes up to 5 s. */
const pausesMs = [1_000, 2_000, 4_000, 8_000];
/** The request that makes the attempts may end early. After this time, another one takes over. */
const silenceMsMax = 15_000;

/** The targets of one pending purge. */
interface UnpurgedKey {
  readonly paths?: readonly string[];
  readonly prefixes?: readonly string[];
}

const hidden: PurgeJudgement = { kind: "purged", mode: "hard" };

export class UnpurgedWrites {
  readonly #settings: UnpurgedWritesSettings;
  /** By URL, or by namespace. */
  #held = new Map<string, UnpurgedKey>();
  readonly #condition: Condition<"journal">;
  #triedAtMs = -Infinity;

  constructor(settings: UnpurgedWritesSettings) {
    this.#settings = settings;
    this.#condition = new Condition({
      tell: logOf("data", settings.log),
      about: () => ({ event: "data-write" }),
      troubleLine: () =>
        "The journal did not accept the purge of written keys: other isolates may answer with older " +
        "values until it does, or until these expire. Check the log lines about the database.",
      wellLine: (lasted) =>
        `The journal has accepted the purges of all written keys, ${lasted} late.`,
    });
  }

  /** The number of keys. A namespace that is held back as a whole counts as one. */
  get count(): number {
    return this.#held.size;
  }

  get trouble(): Condition<"journal">["trouble"] {
    return this.#condition.trouble;
  }

  /** Tells whether the key must not be used. If so, retries its purge. */
  holdsBack({ space, path }: Pick<Place, "space" | "path">): boolean {
    const isHeld = this.#held.has(urlOf(path)) || this.#held.has(space.name);
    if (isHeld) this.takeUp();
    return isHeld;
  }

  /** Stops the use of the key, and retries its purge behind the answer. */
  add({ space, path }: Pick<Place, "space" | "path">): void {
    this.#condition.failed("journal", this.#settings.nowAtMs());
    // A new object, so that an attempt that is already running does not remove it.
    if (this.#held.size < keysMax) this.#held.set(urlOf(path), { paths: [path] });
    else this.#held.set(space.name, { prefixes: [space.name] });
    this.takeUp();
  }

  /** Retries behind the answer, unless another request already does. */
  takeUp(): void {
    const { nowAtMs, afterAnswer } = this.#settings;
    if (this.#held.size === 0 || isWithinMs(silenceMsMax, this.#triedAtMs, nowAtMs())) return;
    this.#triedAtMs = nowAtMs();
    afterAnswer(() => this.#tried());
  }

  async #tried(): Promise<void> {
    for (const pauseMs of pausesMs) {
      await pause(pauseMs);
      this.#triedAtMs = this.#settings.nowAtMs();
      await this.#purged();
      if (this.#held.size === 0) break;
    }
    if (this.#held.size === 0) this.#triedAtMs = -Infinity;
  }

  async #purged(): Promise<void> {
    const { purge, nowAtMs } = this.#settings;
    const tried = [...this.#held];
    const of = (what: keyof UnpurgedKey) => tried.flatMap(([, one]) => one[what] ?? []);
    const targets = targetsOf({ paths: of("paths"), prefixes: of("prefixes") });
    try {
      await purge({ targets, isSoft: false, reason: "written before" });
    } catch {
      // The journal counts the failure itself; the condition here does not change.
      return;
    }
    for (const [name, one] of tried) if (this.#held.get(name) === one) this.#held.delete(name);
    if (this.#held.size === 0) this.#condition.succeeded(nowAtMs());
  }

  /** Wraps the view, so that stored values of such keys are not used. */
  over(view: JudgingView): JudgingView {
    const isHidden = ({ url }: { readonly url: string }) => {
      if (this.#held.size === 0) return false;
      const [, name = ""] = url.split("/", 2);
      const isHeld = this.#held.has(url) || this.#held.has(name);
      if (isHeld) this.takeUp();
      return isHeld;
    };
    return {
      judge: (record, ask) => (isHidden(record) ? hidden : view.judge(record, ask)),
      mayBeValidated: (record, ask) => !isHidden(record) && view.mayBeValidated(record, ask),
      seek: (attention, stamp) => view.seek(attention, stamp),
      stamp: (attention) => view.stamp(attention),
      attend: (attention) => view.attend(attention),
    };
  }
}

/** The part of the view that data uses. */
export type JudgingView = Pick<PurgeView, "judge" | "mayBeValidated" | "seek" | "stamp" | "attend">;
