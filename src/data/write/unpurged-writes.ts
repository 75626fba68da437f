// Keys whose database has a new value, and whose purge the journal has not taken: nothing that is stored
// under them answers here, and nothing is stored, until it takes one behind.
import { isWithinMs } from "../../base/elapsed.ts";
import { Condition } from "../../observe/condition.ts";
import { type Log, logOf } from "../../observe/log-line.ts";
import { pause } from "../../base/patience.ts";
import type { PurgeJudgement, PurgeView } from "../../purge/view/view.ts";
import type { PurgeTargets } from "../../purge/journal/purge-target.ts";
import { targetsOf, urlOf } from "../value/key.ts";
import type { Place } from "../value/place.ts";

export interface UnpurgedWritesSettings {
  /** Has a purge accepted; rejects where that fails. */
  readonly purge: (order: {
    readonly targets: PurgeTargets;
    readonly isSoft: boolean;
    readonly reason: string;
  }) => Promise<unknown>;
  readonly nowAtMs: () => number;
  readonly log: Log;
  readonly afterAnswer: (work: () => Promise<void>) => void;
}

/** Beyond it, a namespace counts whole. */
const keysMax = 1_000;

/** Together 15 s: work behind an answer ends after 30 s, and a try takes 5 s at the most. */
const pausesMs = [1_000, 2_000, 4_000, 8_000];
/** A request may end with its tries: after that, another one takes them up. */
const silenceMsMax = 15_000;

/** What is purged together with what is known by `url`. */
interface Unpurged {
  readonly paths?: readonly string[];
  readonly prefixes?: readonly string[];
}

const hidden: PurgeJudgement = { kind: "purged", mode: "hard" };

export class UnpurgedWrites {
  readonly #settings: UnpurgedWritesSettings;
  /** By URL, or by the name of a namespace. */
  #held = new Map<string, Unpurged>();
  readonly #condition: Condition<"journal">;
  #triedAtMs = -Infinity;

  constructor(settings: UnpurgedWritesSettings) {
    this.#settings = settings;
    this.#condition = new Condition({
      tell: logOf("data", settings.log),
      about: () => ({ event: "data-write" }),
      troubleLine: () =>
        "The journal did not take the purge of what was written: other isolates may answer with " +
        "older values until it does, or until these expire. See what it says of the database.",
      wellLine: (lasted) =>
        `The journal has taken the purges of all that was written, ${lasted} late.`,
    });
  }

  /** How many keys; a namespace that counts whole is one. */
  get count(): number {
    return this.#held.size;
  }

  get trouble(): Condition<"journal">["trouble"] {
    return this.#condition.trouble;
  }

  /** May the key not be used now? Then its purge is tried again. */
  holdsBack({ space, path }: Pick<Place, "space" | "path">): boolean {
    const isHeld = this.#held.has(urlOf(path)) || this.#held.has(space.name);
    if (isHeld) this.takeUp();
    return isHeld;
  }

  /** From now on the key is not used; its purge is tried again behind the answer. */
  add({ space, path }: Pick<Place, "space" | "path">): void {
    this.#condition.failed("journal", this.#settings.nowAtMs());
    // Anew, so that a try which is under way does not count for it.
    if (this.#held.size < keysMax) this.#held.set(urlOf(path), { paths: [path] });
    else this.#held.set(space.name, { prefixes: [space.name] });
    this.takeUp();
  }

  /** Tries again behind the answer, unless somebody does. */
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
    const of = (what: keyof Unpurged) => tried.flatMap(([, one]) => one[what] ?? []);
    const targets = targetsOf({ paths: of("paths"), prefixes: of("prefixes") });
    try {
      await purge({ targets, isSoft: false, reason: "written before" });
    } catch {
      // The journal has counted it; the condition here stays as it is.
      return;
    }
    for (const [name, one] of tried) if (this.#held.get(name) === one) this.#held.delete(name);
    if (this.#held.size === 0) this.#condition.succeeded(nowAtMs());
  }

  /** The view, under which nothing that is stored of such a key may be used. */
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
