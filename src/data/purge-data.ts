// Purges of an application, by tags (of data and pages), keys and prefixes.
import type { Metrics } from "../observe/metrics.ts";
import { OperatorError, type Reason } from "../base/operator-error.ts";
import { quoted, reasonCharsMax, refreshMax } from "../protocol/purge-order.ts";
import type { PagePurges, PurgePosition } from "../compose/data-beside-pages.ts";
import { everythingTag, nothing, type PurgeTargets } from "../purge/journal/purge-target.ts";
import { noteOnTag } from "../purge/acceptance/resolve-order.ts";
import type { AcceptedPurge } from "../purge/view/positions.ts";
import type { Acceptances } from "../purge/acceptance/acceptance.ts";
import type { EventListener } from "./value/events.ts";
import { checkOptions, checkedTag } from "./value/load-context.ts";
import { type Key, pathOf, targetsOf } from "./value/data-key.ts";
import { isInWork } from "./load/waits.ts";
import { type JournalRefusal, refusalReason } from "./write/written-value.ts";

/** A purge. Each member is optional, but at least one name or `everything` is needed. */
export interface DataPurge {
  /** Tags of data and of pages. */
  readonly tags?: readonly string[] | undefined;
  /** Keys with their namespace: `"articles/42"`. */
  readonly keys?: readonly Key[] | undefined;
  /**
   * `"articles"` and `"articles/42"` cover the key of the same name and all keys below it. A final slash is
   * ignored. `"/news/"` covers pages on every host, and `"https://www.example.com/news/"` on one.
   */
  readonly prefixes?: readonly Key[] | undefined;
  /** Pages, by their whole URLs. */
  readonly urls?: readonly string[] | undefined;
  /** All data and pages in the `namespace` of the configuration. */
  readonly everything?: boolean | undefined;
  /**
   * Whether the purge only makes values stale, so `stale` may let them answer. Default: `false`.
   */
  readonly soft?: boolean | undefined;
  /**
   * Pages that the site fetches again after the purge, up to 50: URLs, or paths on the first host of SITE_HOST.
   * They are no targets. A load cannot name pages, because they may need the same load.
   */
  readonly refresh?: readonly string[] | undefined;
  /** Note for readers of the journal, up to 512 characters. */
  readonly reason?: string | undefined;
}

/** An accepted purge. A purge by `cache.purge`, in a Worker with pages, also has its position. */
export interface PurgeReceipt extends PurgePosition {
  /** The position in the journal. */
  readonly position: string;
  /** The time from which no value from before the purge answers, in ISO 8601. */
  readonly visibleBy: string;
  /** Warnings about names that may not have the expected effect. Absent without any. */
  readonly notes?: readonly string[];
}

/** Submits a purge. Rejects with an `OperatorError` if it is not accepted. */
export type OrderPurge = (order: {
  readonly targets: PurgeTargets;
  readonly isSoft: boolean;
  readonly reason: string;
}) => Promise<Omit<PurgeReceipt, keyof PurgePosition> & { readonly accepted: AcceptedPurge }>;

/** The dependencies of purges. */
export interface OrderPurgePorts {
  /** `undefined` without a journal. */
  readonly purging: { readonly acceptances: Pick<Acceptances, "accept"> } | undefined;
  readonly whyNoJournal: Reason;
  readonly metrics: Metrics;
  readonly nowAtMs: () => number;
  readonly host: string;
  readonly afterAnswer: (work: () => Promise<void>) => void;
}

/** The dependencies of purges by names. */
export interface NamedPurgePorts {
  readonly purge: OrderPurge;
  /** The application's listener; `undefined` if it has none. */
  readonly events: EventListener | undefined;
  /** Names pages; `undefined` if no purge can name them. */
  readonly pages?: PagePurges | undefined;
  readonly afterAnswer: (work: () => Promise<void>) => void;
  /** This cache's namespaces, by name. Without them, a purge has no notes on keys and prefixes. */
  readonly spaces?: ReadonlyMap<string, unknown>;
}

/** Creates the function that appends purges to the journal, which data and pages share. */
export function orderPurges(ports: OrderPurgePorts): OrderPurge {
  const { purging, whyNoJournal, metrics, nowAtMs, host, afterAnswer } = ports;
  return async ({ targets, isSoft, reason }) => {
    if (purging === undefined) throw noJournal(whyNoJournal);
    const mode = isSoft ? "soft" : "hard";
    const order = { id: "", bodyDigest: "", reason, by: "data", mode, targets } as const;
    const requester = { atMs: nowAtMs(), host, afterAnswer };
    const accepted = await purging.acceptances.accept(order, requester);
    if (accepted.kind === "accepted") {
      const { position, visibleByAtMs } = accepted;
      const visibleBy = new Date(visibleByAtMs).toISOString();
      return { position, visibleBy, accepted };
    }
    metrics.add("purgeRefusals", ["unavailable"]);
    throw notAccepted(accepted);
  };
}

/**
 * Submits a purge by names, and emits its event once it is accepted.
 *
 * @throws OperatorError for an invalid name or reason, for a purge without names, and if the purge
 *   is not accepted
 */
export async function purgeNamed(
  order: DataPurge,
  { purge, events, spaces, pages, afterAnswer }: NamedPurgePorts,
): Promise<PurgeReceipt> {
  checkOptions("purge", order);
  const { soft = false, reason = "", tags = [], keys = [], urls = [], everything = false } = order;
  const { prefixes = [] } = order;
  const refresh = checkedRefresh(order.refresh, pages);
  const ofPages = pageTargets({ urls, prefixes: prefixes.filter(isOfPages) }, pages);
  const below = prefixes.filter((prefix) => !isOfPages(prefix));
  const targets = targetsIn({ tags, keys, prefixes: below, everything }, ofPages.targets);
  const ordered = { targets, isSoft: soft, reason: checkedReason(reason) };
  const { accepted, ...receipt } = await purge(ordered);
  const { position } = receipt;
  events?.emit({ type: "purge", tags, keys, urls, prefixes, everything, soft, position });
  const unknown = [...keys, ...below].flatMap((key) => noteOnNamespace(key, spaces) ?? []);
  const ofTags = tags.flatMap((tag) => noteOnTag(tag) ?? []);
  const refreshing = pages?.refresh(refresh, { position, afterAnswer }).notes ?? [];
  const notes = [...new Set([...ofTags, ...unknown, ...ofPages.notes, ...refreshing])];
  const named = { ...receipt, ...(await pages?.positionOf(accepted)) };
  return notes.length === 0 ? named : { ...named, notes };
}

/** No key begins so, because no segment is empty. */
const isOfPages = (prefix: Key): prefix is string =>
  typeof prefix === "string" && /^(?:\/|https?:\/\/)/i.test(prefix);

/**
 * Returns the targets of pages, and notes on names that may be wrong.
 *
 * @throws OperatorError without pages, and if no name is valid
 */
function pageTargets(
  names: { readonly urls: readonly string[]; readonly prefixes: readonly string[] },
  pages: PagePurges | undefined,
): { readonly targets: PurgeTargets; readonly notes: readonly string[] } {
  if (names.urls.length + names.prefixes.length === 0) return { targets: nothing, notes: [] };
  const resolved = pages === undefined ? { fault: noPages } : pages.resolve(names);
  if ("fault" in resolved) throw new OperatorError({ what: invalid, ...resolved.fault });
  return resolved;
}

const noPages: Reason = {
  why: "It names pages, but this cache has none.",
  hint: "Pass the cache to its Worker as `data`, or send the purge with createPurger.",
};

/** @throws OperatorError without pages, for a wrong list, and in a load or a handler that makes a page */
function checkedRefresh(
  refresh: readonly string[] = [],
  pages: PagePurges | undefined,
): readonly string[] {
  if (refresh.length === 0) return refresh;
  const isList = Array.isArray(refresh) && refresh.every((url) => typeof url === "string");
  const fault =
    !isList || refresh.length > refreshMax ? wrongRefresh : pages === undefined ? noPages : inWork;
  if (fault !== inWork || isInWork()) throw new OperatorError({ what: invalid, ...fault });
  return refresh;
}

const wrongRefresh: Reason = {
  why: `Its refresh is not a list of up to ${refreshMax} pages.`,
  hint: 'Write it as in refresh: ["/", "/news/"].',
};

const inWork: Reason = {
  why: "Its refresh names pages in a load, or in a handler that makes a page. They might purge without end.",
  hint: "Purge where the change is made, or omit refresh.",
};

/** Other processes may have further namespaces, so an unknown one is no error. */
function noteOnNamespace(key: Key, spaces: NamedPurgePorts["spaces"]): string | undefined {
  const [name = ""] = typeof key === "string" ? key.split("/", 1) : [key].flat();
  if (spaces?.has(String(name)) !== false) return undefined;
  return `${quoted(String(name))} is no namespace that this process has opened.`;
}

const invalid = "A purge is invalid.";

/**
 * Returns the targets of a purge.
 *
 * @throws OperatorError for an invalid name, and for a purge without names
 */
function targetsIn(
  { tags = [], keys = [], prefixes = [], everything }: DataPurge,
  ofPages: PurgeTargets,
): PurgeTargets {
  const { tags: ofNames, prefixes: below } = targetsOf({
    paths: keys.map((key) => pathOf("", key)),
    prefixes: prefixes.map((prefix) => pathOf("", withoutEnd(prefix))),
    tags: tags.map(checkedTag),
  });
  const named = [...(everything === true ? [everythingTag] : []), ...ofNames, ...ofPages.tags];
  const allBelow = [...below, ...ofPages.prefixes];
  if (named.length + allBelow.length > 0) return { tags: [...new Set(named)], prefixes: allBelow };
  throw new OperatorError({
    what: invalid,
    why: "It names no tag, key, URL or prefix.",
    hint: 'Name at least one: { tags: ["author:7"], keys: ["articles/42"], prefixes: ["articles"] }, or write everything: true.',
  });
}

/**
 * Returns the reason.
 *
 * @throws OperatorError for a reason that is too long for an entry of the journal
 */
function checkedReason(reason: string): string {
  if (typeof reason === "string" && reason.length <= reasonCharsMax) return reason;
  throw new OperatorError({
    what: invalid,
    why: `Its reason is not a string of up to ${reasonCharsMax} characters.`,
    hint: "Shorten or omit it.",
  });
}

function withoutEnd(prefix: Key): Key {
  return typeof prefix === "string" && prefix.length > 1 ? prefix.replace(/\/$/, "") : prefix;
}

const noJournal = (reason: Reason) =>
  new OperatorError({ what: "The purge was not accepted.", ...reason });

function notAccepted(refusal: JournalRefusal): OperatorError {
  return new OperatorError({
    what: "The purge was not accepted: older values may still answer.",
    ...refusalReason(refusal, "Try again"),
  });
}
