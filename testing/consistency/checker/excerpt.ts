// Selects the lines of a history around a violation that explain it to a person.
import type { Violation } from "./violation.ts";
import type { FaultSpan, History, IsolateLife, JournalEvent, Loss } from "./operations.ts";

const beforeMs = 1_500;
const afterMs = 100;
const linesMax = 60;

interface Answered {
  readonly invokedAtMs: number;
  readonly returnedAtMs: number;
}

/** The records of a run that do not belong to one page or key. */
export interface World {
  readonly faults: readonly FaultSpan[];
  readonly losses: readonly Loss[];
  readonly journal: readonly JournalEvent[];
  readonly isolates: readonly IsolateLife[];
}

/** Lines with their times, from a second and a half before the cause until after the read. */
export class Excerpt {
  readonly #read: Answered;
  readonly #fromMs: number;
  readonly #lines: [atMs: number, text: string][] = [];

  constructor(read: Answered, causeAtMs = Infinity) {
    this.#read = read;
    this.#fromMs = Math.min(read.invokedAtMs, causeAtMs) - beforeMs;
  }

  add(atMs: number, text: string): void {
    const isWithin = atMs >= this.#fromMs && atMs <= this.#read.returnedAtMs + afterMs;
    if (isWithin) this.#lines.push([atMs, text]);
  }

  /** Adds reads, without repetitions of the previous line. */
  addReads<R extends Answered>(reads: readonly R[], textOf: (read: R) => string): void {
    let last = "";
    for (const each of reads) {
      const text = textOf(each);
      const isTheOne = (each as Answered) === this.#read;
      if (isTheOne || text !== last) this.add(each.invokedAtMs, `${isTheOne ? "→ " : ""}${text}`);
      last = text;
    }
  }

  /**
   * @param place the colo or process whose journal reads are added
   * @param position the position of the purge; empty if unknown
   */
  addWorld({ journal, losses, faults, isolates }: World, place: string, position = ""): void {
    for (const event of journal) this.#addEvent(event, place, position);
    for (const { killedAtMs, upAtMs, keptUpTo } of losses) {
      this.add(killedAtMs, "Redis is killed");
      const state = keptUpTo === "" ? "empty" : `with the entries until ${keptUpTo}`;
      this.add(upAtMs, `Redis comes back, ${state}`);
    }
    for (const { fault, fromMs, untilMs } of faults) {
      const isUnderWay = fromMs < this.#fromMs && untilMs >= this.#fromMs;
      const how = isUnderWay ? "is under way" : "begins";
      this.add(isUnderWay ? this.#fromMs : fromMs, `${fault} ${how}`);
      this.add(untilMs, `${fault} ends`);
    }
    for (const { isolate, fromMs, untilMs } of isolates) {
      this.add(fromMs, `${isolate} begins`);
      this.add(untilMs, `${isolate} ends`);
    }
  }

  #addEvent(event: JournalEvent, place: string, position: string): void {
    const { atMs, isolate } = event;
    if (event.kind === "appended") {
      const what = event.isMark ? "a mark " : "";
      const isShown = event.isMark || event.position === position;
      if (isShown) this.add(atMs, `${isolate} appends ${what}${event.position}`);
    } else if (isolate.startsWith(`${place}#`)) {
      const { positions } = event;
      const has = positions.includes(position) ? ", the purge among them" : "";
      const ends = `${positions[0] ?? ""}…${positions.at(-1) ?? ""}`;
      this.add(atMs, `${isolate} gets ${positions.length} entries of the journal, ${ends}${has}`);
    }
  }

  get lines(): string[] {
    const sorted = this.#lines.toSorted(([one], [other]) => one - other).slice(-linesMax);
    const sinceMs = (atMs: number) => (atMs - this.#read.invokedAtMs).toFixed(0).padStart(7);
    return sorted.map(([atMs, text]) => `${sinceMs(atMs)} ms  ${text}`);
  }
}

/** Returns reads of the same page, its writes and purges, journal events, losses and faults. */
export function excerptAround(violation: Violation, history: History): string[] {
  const { read, purge } = violation;
  if (read === undefined) return [];
  const posts = history.switches ?? [];
  const post = posts.findLast(({ returnedAtMs }) => returnedAtMs <= read.invokedAtMs);
  const cause = violation.rule === "not-switched" ? post : purge;
  const excerpt = new Excerpt(read, cause?.invokedAtMs);
  const isOfPage = ({ path }: { path: string }) => path === read.path;
  excerpt.addReads(history.reads.filter(isOfPage), ({ colo, variant, version, cacheStatus }) => {
    return `${colo} ${variant} reads version ${version}: ${cacheStatus}`;
  });
  for (const { version, atMs } of history.writes.filter(isOfPage)) {
    excerpt.add(atMs, `version ${version} is written`);
  }
  for (const each of history.purges.filter(({ id }) => id === purge?.id)) {
    const { colo, id, invokedAtMs, returnedAtMs } = each;
    excerpt.add(invokedAtMs, `${colo} is sent ${id} ${JSON.stringify(each.order)}`);
    excerpt.add(returnedAtMs, `${colo} answers ${id}: ${JSON.stringify(each.outcome)}`);
  }
  for (const { colo, isBypassed, invokedAtMs, returnedAtMs, isAccepted } of posts) {
    excerpt.add(invokedAtMs, `${colo} is sent a post of the switch: ${isBypassed ? "on" : "off"}`);
    excerpt.add(returnedAtMs, `${colo} ${isAccepted ? "accepts" : "does not accept"} the post`);
  }
  const position = purge?.outcome.kind === "accepted" ? purge.outcome.position : "";
  excerpt.addWorld(history, read.colo, position);
  return excerpt.lines;
}
