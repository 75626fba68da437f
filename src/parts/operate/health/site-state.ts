// Inputs of the findings: this isolate's state, and for operators the state of the databases and of
// all isolates.
import type { RemoteHealth } from "../../../remote/store-health.ts";
import type { OpenPart, PartHost, PartLook } from "../../../admin/part-contents.ts";
import type { Site } from "../../../pages/site/site.ts";
import type { DataTroubles } from "../../../compose/data-beside-pages.ts";
import type { Fault } from "../../../base/operator-error.ts";
import { type ConfigWarning, configWarnings } from "../../../admin/config-warnings.ts";
import type { RouteNote } from "../../../observe/operator-notes.ts";
import type { FindingCode } from "../../../protocol/finding.ts";
import type { ResponseTier } from "../../../pages/stored/stored-response.ts";
import type { Bypass, SwitchState } from "../../../purge/journal/switch-state.ts";
import type { Entry } from "../../../purge/journal/entry.ts";
import {
  type DatabaseInfo,
  readDatabaseInfo,
  withLimit,
} from "../../../remote/redis/database-info.ts";
import type { RedisClient } from "../../../remote/redis/redis-client.ts";
import type { RemoteAnswer } from "../../../remote/remote-client.ts";
import { originsOf } from "../../../config/route.ts";
import { whyOf } from "../../../remote/trouble.ts";
import type { JournalTail } from "../../../purge/view/journal-tail.ts";
import type { Requester } from "../../../purge/view/view-port.ts";
import type { Totals } from "../../../observe/reports/totals.ts";
import type { LocalRefusals } from "../../../admin/access/refused-credentials.ts";

/** How far the clock of a database is ahead. */
interface ClockDifference {
  /** The difference. A positive number means that the database's clock is ahead. */
  readonly aheadMs: number;
  /** The maximum error of the measurement: half of the round trip. */
  readonly uncertainMs: number;
}

/** The client of a database, and its troubles. */
export interface ClientState extends RemoteHealth {
  readonly name: "shared tier" | "purge journal" | "reports of counts";
  readonly database: StoreName;
}

/** A Redis database of the deployment. The journal may have a database of its own. */
export type DatabaseName = "database" | "journal's database";

export type StoreName = DatabaseName | "Durable Object" | "metrics' Durable Object";

/** An isolate's view of the journal. */
export interface ViewState {
  /** When the last read that renewed the view was sent; `-Infinity` before the first. */
  readonly sentAtMs: number;
  readonly failedAtMs: number | undefined;
  readonly lag: { readonly lastMs: number; readonly readAtMs: number } | undefined;
  readonly entries: readonly Pick<Entry, "position" | "lost" | "switched" | "by" | "reason">[];
  readonly switched: Pick<SwitchState, "bypass" | "position"> | undefined;
}

/** The room of a database. */
export interface RoomState {
  readonly database: DatabaseName;
  readonly holdsJournal: boolean;
  readonly info: DatabaseInfo;
  /** When a check of this isolate last saw the count of evicted keys rise. */
  readonly evictedAtMs: number | undefined;
}

/**
 * The state of this isolate. Only a check with the admin token also reads the databases and the reports
 * of all isolates.
 */
export interface SiteState {
  readonly atMs: number;
  /** N of the purge bound: the smallest of all routes. */
  readonly renewalLagMs: number;
  /** A, the clock allowance. */
  readonly allowanceMs: number;
  readonly clients: readonly ClientState[];
  /** `undefined` without a journal. */
  readonly view: ViewState | undefined;
  /** Whether hints of new purges arrive, and if not, why; `undefined` if the store has none. */
  readonly hints?: string | undefined;
  readonly routeNames: readonly string[];
  /** All origins that routes use. */
  readonly originNames: readonly string[];
  /** The origins in `originNames` with usable settings. */
  readonly usableOrigins: ReadonlySet<string>;
  readonly openBreakers: readonly string[];
  readonly originTroubles: Site["originHealth"]["troubles"];
  /** Since when origins have refused anonymous requests, by the origin's name. */
  readonly refusingAnonymous: ReturnType<Site["originHealth"]["refusingAnonymous"]>;
  /** Returns the observations of the last 15 minutes for findings. */
  readonly notes: (code: FindingCode) => readonly RouteNote[];
  readonly tiers: readonly Pick<ResponseTier, "name" | "isBreakerOpen" | "trouble" | "bodies">[];
  /** `undefined` if the Worker has no data cache. */
  readonly data: DataTroubles | undefined;
  /** Whether the cron trigger does more than to report. */
  readonly needsCron: boolean;
  readonly faults: readonly Fault[];
  readonly parts: readonly OpenPart[];
  /** The bypass that the BYPASS variable sets. */
  readonly bypass: Bypass;
  /** Clock difference between this isolate and the journal's database, whose clock dates purges. */
  readonly clock?: ClockDifference | undefined;
  /** Databases that answered; `undefined` if none did. */
  readonly rooms?: readonly RoomState[] | undefined;
  readonly totals?: Totals | undefined;
  /** Wrong credentials that this isolate refused; `undefined` if there were none. */
  readonly refusedHere?: LocalRefusals | undefined;
  /** The states of parts in the stores; `undefined` if nobody has read them. */
  readonly looks?: readonly PartLook[] | undefined;
  /** Settings without effect. */
  readonly configWarnings?: readonly ConfigWarning[];
}

/** Reads this isolate's state. Sends no command or request, because anybody may cause this call. */
export function lookHere(settings: PartHost): SiteState {
  const { environment, cache, site, data, parts, faults } = settings;
  const { config, originHealth, nowAtMs } = site;
  const { redis, purging, reportsHealth, tiers } = cache;
  return {
    atMs: nowAtMs(),
    renewalLagMs: config.purge.renewalLagMs,
    allowanceMs: config.purge.allowanceMs,
    clients: [
      ...(redis === undefined ? [] : [clientLooked("shared tier", redis.health, "database")]),
      ...(purging === undefined
        ? []
        : [clientLooked("purge journal", purging.health, databaseOfJournal(cache))]),
      ...(reportsHealth === undefined
        ? []
        : [clientLooked("reports of counts", reportsHealth, "metrics' Durable Object")]),
    ],
    view: purging && viewLooked(purging.view.tail),
    hints: purging?.hintsState,
    routeNames: config.routes.map(({ name }) => name),
    originNames: [...new Set([...config.routes, config.anywhere].flatMap(originsOf))],
    usableOrigins: new Set(environment.origins.keys()),
    openBreakers: originHealth.openBreakers,
    originTroubles: originHealth.troubles,
    refusingAnonymous: originHealth.refusingAnonymous(nowAtMs()),
    notes: (code) => site.notes.recent(code, nowAtMs()),
    tiers: tiers.all,
    data: data?.troubles(),
    needsCron: parts.some((part) => part.needsCron) || data?.needsCron() === true,
    faults,
    parts,
    bypass: environment.bypass,
  };
}

/** Returns the store of the journal. */
function databaseOfJournal({ settings }: PartHost["cache"]): StoreName {
  const { journal } = settings.platform;
  if (typeof journal === "function") return "Durable Object";
  return journal === undefined ? "database" : "journal's database";
}

function clientLooked(
  name: ClientState["name"],
  client: RemoteHealth,
  database: StoreName,
): ClientState {
  const { trouble, troubleWithWrites, isBreakerOpen, refusesWrites, words } = client;
  return { name, database, trouble, troubleWithWrites, isBreakerOpen, refusesWrites, words };
}

function viewLooked({ chain, sentAtMs, failedAtMs, lag, switched }: JournalTail): ViewState {
  return { sentAtMs, failedAtMs, lag, entries: chain?.entries ?? [], switched };
}

/** Remembers a database's count of evicted keys from one check of the isolate to the next. */
export class EvictionWatch {
  #count: number | undefined;
  #risenAtMs: number | undefined;

  /**
   * Notes a count.
   *
   * @param count the number of evicted keys since the database started; `null` if the database does
   *   not report it
   * @returns the time of the last check that saw the count rise; `undefined` if none did
   */
  seen(count: number | null, atMs: number): number | undefined {
    if (count === null) return this.#risenAtMs;
    if (this.#count !== undefined && count > this.#count) this.#risenAtMs = atMs;
    this.#count = count;
    return this.#risenAtMs;
  }
}

/** One watch per database. */
export type EvictionWatches = Map<DatabaseName, EvictionWatch>;

/**
 * Makes a full check. It costs two commands on each database, a read of the totals and, if the view is due, a
 * read of the journal. A Redis client with an open breaker sends at most its probe. Never rejects.
 */
export async function lookFurther(
  settings: PartHost,
  watches: EvictionWatches,
  requester: Requester,
) {
  const { cache, site, environment } = settings;
  const { nowAtMs, config } = site;
  const place = databaseOfJournal(cache);
  const own = place === "journal's database" ? cache.purging?.redis : undefined;
  const [database, journal, totals, looks] = await Promise.all([
    databaseLook(cache.redis, nowAtMs, "database"),
    databaseLook(own, nowAtMs, "journal's database"),
    totalsLook(cache.reports),
    Promise.all(settings.parts.flatMap((part) => part.look?.() ?? [])),
    renewed(cache.purging, requester),
  ]);
  const rooms = [database, journal].flatMap(({ room }): RoomState[] => {
    if (room === undefined) return [];
    const { database: name, info } = room;
    const watch = watches.get(name) ?? new EvictionWatch();
    watches.set(name, watch);
    const evictedAtMs = watch.seen(info.evictedKeys, nowAtMs());
    // `limits.databaseBytes` describes only the database of the shared tier.
    const limitBytes = name === "journal's database" ? undefined : config.limits.databaseBytes;
    const holdsJournal = name === place;
    return [{ database: name, holdsJournal, info: withLimit(info, limitBytes), evictedAtMs }];
  });
  const state: SiteState = {
    // Call `lookHere` only after the reads above, because the reads update this isolate's state.
    ...lookHere(settings),
    clock: (own === undefined ? database : journal).clock,
    rooms: rooms.length === 0 ? undefined : rooms,
    totals: totals.totals,
    refusedHere: settings.auth.refusals.here,
    looks,
    configWarnings: configWarnings(config, environment.siteHosts, cache),
  };
  return {
    state,
    notLookedAt: [
      ...database.not,
      ...journal.not,
      ...totals.not,
      ...looks.flatMap(({ notLookedAt }) => notLookedAt),
    ],
  };
}

interface DatabaseLook {
  readonly clock?: ClockDifference;
  readonly room?: Pick<RoomState, "database" | "info">;
  readonly not: readonly string[];
}

/**
 * Reads the difference with one command, without a retry. Never rejects.
 *
 * @returns `not-upstash` if the reply is not a time
 */
export async function readClockDifference(
  redis: Pick<RedisClient, "look">,
  nowAtMs: () => number,
): Promise<RemoteAnswer<ClockDifference>> {
  const sentAtMs = nowAtMs();
  const answer = await redis.look("health", (client) => client.exec(["TIME"]));
  if (answer.kind === "unavailable") return answer;
  const uncertainMs = Math.max(0, nowAtMs() - sentAtMs) / 2;
  const [seconds, microseconds] = Array.isArray(answer.value) ? answer.value.map(Number) : [];
  const serverAtMs = Number(seconds) * 1_000 + Number(microseconds) / 1_000;
  if (!Number.isFinite(serverAtMs)) return { kind: "unavailable", cause: "not-upstash" };
  return {
    kind: "answered",
    value: { aheadMs: serverAtMs - (sentAtMs + uncertainMs), uncertainMs },
  };
}

/** Reads a database's clock and room. Skips `INFO` if `TIME` fails. */
async function databaseLook(
  redis: RedisClient | undefined,
  nowAtMs: () => number,
  database: DatabaseName,
): Promise<DatabaseLook> {
  if (redis === undefined) return { not: [] };
  const clock = await readClockDifference(redis, nowAtMs);
  if (clock.kind === "unavailable") {
    return { not: [`The ${database}'s clock and memory. ${reasonOf(redis)}`] };
  }
  const info = await readDatabaseInfo(redis, "health");
  if (info.kind === "answered") {
    return { clock: clock.value, room: { database, info: info.value }, not: [] };
  }
  return { clock: clock.value, not: [`The ${database}'s memory. ${reasonOf(redis)}`] };
}

function reasonOf({ health }: RedisClient): string {
  const { trouble, words } = health;
  return trouble === undefined ? "The database did not answer." : `${whyOf(trouble.kind, words)}.`;
}

async function totalsLook({
  readTotals,
}: PartHost["cache"]["reports"]): Promise<{ totals?: Totals; not: readonly string[] }> {
  const totals = await readTotals();
  return "kind" in totals
    ? { not: [`The counts of all isolates, such as hit rates. ${totals.why}`] }
    : { totals, not: [] };
}

/** Renews the view if due. Waits only if the view is older than N − A. */
async function renewed(purging: PartHost["cache"]["purging"], requester: Requester): Promise<void> {
  await purging?.view.renewIfDue(requester)?.();
}
