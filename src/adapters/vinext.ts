// Exports of `tidemark/vinext`: a data cache as the data handler of vinext, which stores pages, fetches and cached
// functions. The file imports no package. Each value is stored with the start of its load.
import type { DataCache } from "../data/create-data-cache.ts";
import type { Namespace } from "../data/namespace.ts";
import { type DataDuration, msOf } from "../data/value/lifetime-text.ts";
import { segmentOf, tagsOf } from "./library-key.ts";
import type { GivenStart } from "../data/load/make-record.ts";

/** Lifetimes in seconds; `revalidate` is `false` for a value that time does not end. */
export interface VinextLifetimes {
  readonly revalidate: number | false;
  readonly expire?: number | undefined;
  readonly stale?: number | undefined;
}

/** A page, a response of a route, or the result of a fetch or a function. */
export type VinextValue = { readonly kind: string } & Readonly<Record<string, unknown>>;

/** A value as vinext expects it from `get`. */
export interface VinextEntry {
  /** Epoch milliseconds. */
  readonly lastModified: number;
  readonly cacheState?: "stale";
  readonly cacheControl?: VinextLifetimes;
  // oxlint-disable-next-line typescript/no-explicit-any -- a union of vinext, whose members are not known here
  readonly value: any;
}

/** The facts that vinext passes with a key. */
type Context = Readonly<Record<string, unknown>>;

/** The data handler of vinext. */
export interface VinextHandler {
  get(key: string, context?: Context): Promise<VinextEntry | null>;
  set(key: string, value: object | null, context?: Context): Promise<void>;
  /** Rejects with an `OperatorError` if the purge is not accepted. */
  revalidateTag(tags: string | string[], durations?: { readonly expire?: number }): Promise<void>;
}

export interface VinextOptions {
  /** The namespace of data. Default: `"vinext"`. */
  readonly name?: string | undefined;
  /** The longest time that a value is stored. Default: 30 days. */
  readonly fresh?: DataDuration | undefined;
  /**
   * How long a value may answer after `revalidateTag(tag, profile)`, while it is loaded again. A profile with a
   * shorter `expire` purges at once. Default: an hour.
   */
  readonly stale?: DataDuration | undefined;
}

interface StoredValue {
  readonly value: VinextValue | null;
  readonly lastModified: number;
  readonly lifetimes: VinextLifetimes | undefined;
}

/**
 * Returns the handler, for a module that `cache.data` of vinext names.
 *
 * @throws OperatorError for an invalid option
 * @example
 * export default () => vinextHandler(createDataCache({ redis: new Redis(process.env.REDIS_URL) }));
 */
export function vinextHandler(
  data: Pick<DataCache, "namespace" | "purge">,
  { name = "vinext", fresh = "30d", stale = "1h" }: VinextOptions = {},
): VinextHandler {
  const namespace = data.namespace<StoredValue>(name, { fresh, stale });
  return new TidemarkHandler({ data, namespace, freshMs: msOf(fresh), staleMs: msOf(stale) });
}

interface Ports {
  readonly data: Pick<DataCache, "purge">;
  readonly namespace: Namespace<StoredValue>;
  readonly freshMs: number;
  readonly staleMs: number;
}

class TidemarkHandler implements VinextHandler {
  readonly #ports: Ports;
  readonly #starts = new LoadStarts();
  /** The contents that `get` has returned. */
  readonly #returned = new WeakSet<object>();
  #isUsed = false;

  constructor(ports: Ports) {
    this.#ports = ports;
  }

  async get(key: string, context: Context = {}): Promise<VinextEntry | null> {
    this.#isUsed = true;
    const place = segmentOf(key);
    const calledAtMs = Date.now();
    const tags = tagsOf([...textsIn(context["tags"]), ...textsIn(context["softTags"])]);
    const { value, isStale, start } = await this.#ports.namespace.lookUp([place], { tags });
    const begun = { calledAtMs, start };
    this.#starts.keepAny(begun);
    const entry = value ? entryOf(value, isStale, context["revalidate"]) : null;
    if (entry === null || entry.cacheState === "stale") this.#starts.keep(key, begun);
    const data: unknown = entry?.value?.data;
    if (typeof data === "object" && data !== null) this.#returned.add(data);
    return entry;
  }

  async set(key: string, given: object | null, context: Context = {}): Promise<void> {
    const place = segmentOf(key);
    const value = given as VinextValue | null;
    const { namespace, freshMs } = this.#ports;
    const lifetimes = lifetimesIn(value, context);
    if (lifetimes?.revalidate === 0) return;
    // After a hit, vinext may set the same response with a shorter lifetime, which each lookup states as well.
    const data = value?.["data"];
    if (typeof data === "object" && data !== null && this.#returned.has(data)) return;
    const atMs = numberIn(context["timestamp"]);
    const start =
      atMs === undefined ? this.#starts.ofLoad(key, Date.now()) : this.#starts.before(atMs);
    if (start === undefined) return this.#dropped(place);
    const lastModified = Math.min(atMs ?? Date.now(), Date.now());
    const expiresMs = (lifetimes?.expire ?? Infinity) * 1_000 - (Date.now() - lastModified);
    const stored = { value, lastModified, lifetimes };
    await namespace.set([place], stored, {
      start,
      everywhere: false,
      fresh: Math.max(1, Math.min(expiresMs, freshMs)),
      tags: tagsOf([...textsIn(value?.["tags"]), ...textsIn(context["tags"])]),
    });
  }

  async revalidateTag(
    tags: string | string[],
    durations?: { readonly expire?: number },
  ): Promise<void> {
    const names = tagsOf([tags].flat());
    if (names.length === 0) return;
    const { data, staleMs } = this.#ports;
    const soft = durations !== undefined && (durations.expire ?? Infinity) * 1_000 >= staleMs;
    await data.purge({ tags: names, soft, reason: "vinext" });
  }

  /**
   * Removes the older value of a key whose new value has no known start, so that the next request loads it. Before the
   * first lookup, vinext only sets pages of its build, which need not replace any.
   */
  async #dropped(place: string): Promise<void> {
    const { namespace } = this.#ports;
    if (this.#isUsed && (await namespace.has([place]))) await namespace.delete([place]);
  }
}

function entryOf(stored: StoredValue, isStale: boolean, revalidate: unknown): VinextEntry | null {
  const { value, lastModified, lifetimes } = stored;
  const ageMs = Date.now() - lastModified;
  const isOver = (seconds: unknown) =>
    typeof seconds === "number" && seconds > 0 && ageMs > seconds * 1_000;
  if (isOver(lifetimes?.expire)) return null;
  const state = isStale || isOver(lifetimes?.revalidate) || isOver(revalidate);
  return {
    value,
    lastModified,
    ...(state && { cacheState: "stale" }),
    ...(lifetimes && { cacheControl: lifetimes }),
  };
}

/** Returns the lifetimes. A value's own `revalidate` takes precedence, as in vinext's handler in memory. */
function lifetimesIn(value: VinextValue | null, context: Context): VinextLifetimes | undefined {
  const { cacheControl = {} } = context as { readonly cacheControl?: Context };
  const stated = cacheControl["revalidate"] ?? context["revalidate"];
  const own = value?.["revalidate"];
  const revalidate = typeof own === "number" ? own : (stated ?? own);
  if (typeof revalidate !== "number" && revalidate !== false) return undefined;
  const [expire, stale] = ["expire", "stale"].map((name) =>
    numberIn(cacheControl[name] ?? context[name]),
  );
  return {
    revalidate,
    ...(expire !== undefined && { expire }),
    ...(stale !== undefined && { stale }),
  };
}

function textsIn(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}

function numberIn(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

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
    // If the clock was set back, the times of earlier lookups say nothing any more.
    if ((this.#ofAll.at(-1)?.calledAtMs ?? 0) - begun.calledAtMs > loadMsMax) {
      this.#ofAll.length = 0;
      this.#byPage.clear();
    }
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
