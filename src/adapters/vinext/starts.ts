// Keeps the starts of recent lookups. Nothing connects a value that vinext sets with the lookup before its load, so a value
// gets a start that is at least as old as that of its load.
import type { GivenStart } from "../../data/load/make-record.ts";

interface Begun {
  readonly calledAtMs: number;
  readonly start: GivenStart;
}

/** The longest load whose value is certainly covered by a purge during it. */
const loadMsMax = 60_000;

const pagesMax = 5_000;
const startsOfAllMax = 600;
/** A start within this time of an earlier one is not kept: the earlier one covers its load as well. */
const everyMs = 1_000;

export class LoadStarts {
  /** The oldest start is first. */
  readonly #byPage = new Map<string, Begun[]>();
  readonly #ofAll: Begun[] = [];

  /** Keeps the start of a lookup. */
  keepAny(begun: Begun): void {
    add(begun, this.#ofAll);
    if (this.#ofAll.length > startsOfAllMax) this.#ofAll.shift();
  }

  /** Keeps the start of a lookup after which vinext loads the value. */
  keep(key: string, begun: Begun): void {
    for (const [page, starts] of this.#byPage) {
      if (isRecent(starts.at(-1), begun.calledAtMs)) break;
      this.#byPage.delete(page);
    }
    const page = pageOf(key);
    const starts = this.#byPage.get(page) ?? [];
    add(begun, starts);
    if (this.#byPage.size < pagesMax) this.#byPage.set(page, starts);
  }

  /**
   * Returns the oldest start of the key's page that a load of the last minute may have. Without one, returns the last start of
   * any key from before the last minute.
   */
  ofLoad(key: string, nowMs: number): GivenStart | undefined {
    const starts = this.#byPage.get(pageOf(key)) ?? [];
    while (starts.length > 0 && !isRecent(starts[0], nowMs)) starts.shift();
    return withoutValue(starts[0]) ?? this.before(nowMs - loadMsMax);
  }

  /** Returns the last start of any key that was taken before this time. */
  before(atMs: number): GivenStart | undefined {
    return withoutValue(this.#ofAll.findLast(({ calledAtMs }) => calledAtMs < atMs));
  }
}

/** The value that an older lookup has found may have been replaced since. */
function withoutValue(begun: Begun | undefined): GivenStart | undefined {
  return begun && { ...begun.start, over: undefined };
}

function add(begun: Begun, starts: Begun[]): void {
  const last = starts.at(-1);
  if (last === undefined || begun.calledAtMs - last.calledAtMs >= everyMs) starts.push(begun);
}

function isRecent(begun: Begun | undefined, nowMs: number): boolean {
  return begun !== undefined && nowMs - begun.calledAtMs <= loadMsMax;
}

/** Returns the key without the part of the page: a load of one part sets others as well. */
function pageOf(key: string): string {
  return key.replace(/:(?:html|rsc|route)(?::.*)?$/, "");
}
