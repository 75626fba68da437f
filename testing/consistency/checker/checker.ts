// Checks a recorded history, and returns its violations of the promise. Pure: no clock and no I/O.
import { boundMs } from "./bound.ts";
import { Floors } from "./floors.ts";
import { type HoleKind, Holes } from "./holes.ts";
import type { History, PurgeTry, Read } from "./operations.ts";
import { SoftAnswers } from "./soft-answers.ts";
import { switchJudged } from "./switched.ts";
import type { Violation } from "./violation.ts";

export interface Findings {
  readonly violations: readonly Violation[];
  /** The numbers of reads whose violations a documented hole excuses. */
  readonly excusedReads: Readonly<Record<HoleKind, number>>;
  /** The numbers of purges whose violations a documented hole excuses. */
  readonly excusedPurges: Readonly<Record<HoleKind, number>>;
  /** The number of answers that were checked against the switch. */
  readonly switchJudgedCount: number;
  /** The longest time before isolates noticed a loss of entries that they had read. */
  readonly unnoticedMsMax: number;
}

export function check(history: History): Findings {
  return new Checker(history).findings();
}

class Checker {
  readonly #history: History;
  readonly #floors: Floors;
  readonly #holes: Holes;
  readonly #soft: SoftAnswers;
  readonly #violations: Violation[] = [];
  readonly #excusedReads = { "lost-unread": 0, "lost-until-noticed": 0 };
  readonly #excused = new Map<PurgeTry, HoleKind>();
  #unnoticedMsMax = 0;

  constructor(history: History) {
    this.#history = history;
    this.#floors = new Floors(history);
    this.#holes = new Holes(history);
    this.#soft = new SoftAnswers(history);
  }

  findings(): Findings {
    const history = this.#history;
    const sorted = history.reads.toSorted((one, other) => one.invokedAtMs - other.invokedAtMs);
    this.#judgeAll(sorted);
    this.#violations.push(...unwritten(history), ...notComingBack(history));
    const switched = switchJudged(history);
    this.#violations.push(...switched.violations);
    for (const what of history.torn) this.#violations.push({ rule: "torn", what });
    const excusedPurges = { "lost-unread": 0, "lost-until-noticed": 0 };
    for (const kind of this.#excused.values()) excusedPurges[kind] += 1;
    return {
      violations: this.#violations,
      excusedReads: this.#excusedReads,
      excusedPurges,
      switchJudgedCount: switched.judgedCount,
      unnoticedMsMax: this.#unnoticedMsMax,
    };
  }

  #judgeAll(reads: readonly Read[]): void {
    const pages = new Map(this.#history.pages.map((page) => [page.path, page]));
    const shown = new Shown();
    for (const read of reads) {
      const page = pages.get(read.path);
      if (page === undefined) throw new Error(`${read.path} is not a page of this history.`);
      const shownAtMs = (version: number) => shown.firstAtMs(read, version);
      let excuse: HoleKind | undefined;
      let violation: Violation | undefined;
      for (const { purge, mode } of this.#floors.above(page, read)) {
        const rule = this.#ruleBroken(read, purge, shownAtMs);
        if (rule === undefined) continue;
        const hole = this.#holeFor(read, purge);
        if (hole !== undefined) excuse = hole;
        else if (mode === "hard") violation = { rule, ...this.#said(read, purge) };
        else if (this.#soft.isBroken(read, page, purge)) {
          violation = { rule: "soft-purged-version", ...this.#said(read, purge) };
        }
        if (violation !== undefined) break;
      }
      if (violation !== undefined) this.#violations.push(violation);
      else if (excuse !== undefined) this.#excusedReads[excuse] += 1;
      shown.add(read);
    }
  }

  /** @param shownAtMs the time at which this colo first showed a version that is at least as new */
  #ruleBroken(
    read: Read,
    purge: PurgeTry,
    shownAtMs: (version: number) => number,
  ): "purged-version" | "went-back" | undefined {
    const isPast = (fromMs: number) =>
      read.invokedAtMs >
      fromMs + boundMs(this.#history, { fromMs: purge.invokedAtMs, untilMs: read.invokedAtMs });
    if (purge.outcome.kind === "accepted") {
      return isPast(purge.returnedAtMs) ? "purged-version" : undefined;
    }
    // A rejected or unanswered purge may still be written. A colo that has shown a later version
    // must not go back.
    const writtenAtMs = this.#holes.writtenAtMs(purge);
    if (writtenAtMs === undefined || !isPast(writtenAtMs)) return undefined;
    const version = this.#floors.versions.at(read.path, purge.invokedAtMs);
    return isPast(shownAtMs(version)) ? "went-back" : undefined;
  }

  #holeFor(read: Read, purge: PurgeTry): HoleKind | undefined {
    // An answer before the restart cannot depend on the restored journal.
    const hole = this.#holes
      .of(purge)
      .find(({ fromMs, untilMs }) => read.returnedAtMs >= fromMs && read.invokedAtMs <= untilMs);
    if (hole === undefined) return undefined;
    this.#excused.set(purge, hole.kind);
    if (hole.kind === "lost-until-noticed") {
      this.#unnoticedMsMax = Math.max(this.#unnoticedMsMax, hole.unnoticedMs);
    }
    return hole.kind;
  }

  #said(read: Read, purge: PurgeTry): Pick<Violation, "what" | "read" | "purge"> {
    const expected = this.#floors.versions.at(read.path, purge.invokedAtMs);
    const afterMs = Math.round(read.invokedAtMs - purge.returnedAtMs);
    const what =
      `${read.colo} answered ${read.path} ${read.variant} with version ${read.version} ` +
      `(${read.cacheStatus}) to a read that began ${afterMs} ms after the answer to ` +
      `${purge.order.mode ?? "hard"} purge ${purge.id}, sent at version ${expected}.`;
    return { what, read, purge };
  }
}

/** The times at which each colo first showed a version of a page, or a newer one. */
class Shown {
  readonly #instants = new Map<string, { version: number; atMs: number }[]>();

  add(read: Read): void {
    const key = keyOf(read);
    const shown = this.#instants.get(key) ?? [];
    const newest = shown.at(-1)?.version ?? 0;
    if (read.version > newest) shown.push({ version: read.version, atMs: read.returnedAtMs });
    this.#instants.set(key, shown);
  }

  firstAtMs(read: Read, version: number): number {
    const shown = this.#instants.get(keyOf(read)) ?? [];
    return shown.find((each) => each.version >= version)?.atMs ?? Infinity;
  }
}

function keyOf({ colo, path, variant }: Read): string {
  return `${colo} ${path} ${variant}`;
}

/**
 * (d) Checks that hits return in the quiet phase: each colo answers each variant of each page from a
 * tier.
 */
function notComingBack({ quiet, reads, pages, colos }: History): Violation[] {
  if (quiet === undefined) return [];
  const hits = new Set<string>();
  for (const { colo, path, variant, invokedAtMs, cacheStatus } of reads) {
    const isWithin = invokedAtMs >= quiet.fromMs && invokedAtMs <= quiet.untilMs;
    if (isWithin && cacheStatus.includes("tidemark; hit")) hits.add(`${colo} ${path} ${variant}`);
  }
  const wanted = colos.flatMap((colo) =>
    pages.flatMap(({ path, variants }) => variants.map((variant) => `${colo} ${path} ${variant}`)),
  );
  return wanted
    .filter((each) => !hits.has(each))
    .map((each) => ({ rule: "no-hit-after-quiet", what: `${each}: no hit after quiet.` }));
}

/**
 * Checks part (c) of the promise: the journal answered the append of each accepted purge before the
 * sender got the 200.
 */
function unwritten({ purges, journal }: History): Violation[] {
  const appendedAtMs = new Map<string, number>();
  for (const event of journal) {
    if (event.kind === "appended") appendedAtMs.set(`${event.position} ${event.id}`, event.atMs);
  }
  return purges.flatMap((purge) => {
    const { outcome, id, returnedAtMs } = purge;
    if (outcome.kind !== "accepted") return [];
    const atMs = appendedAtMs.get(`${outcome.position} ${id}`) ?? Infinity;
    if (atMs <= returnedAtMs) return [];
    const what = `${purge.colo} accepted purge ${id} at ${outcome.position} before the append was answered.`;
    return [{ rule: "accepted-unwritten", what, purge }];
  });
}
