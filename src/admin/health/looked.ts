// What findings are made of: what this isolate knows, and with the token what the database and all
// isolates tell.
import type { TieredCache } from "../../create-cache.ts";
import type { Site } from "../../proxy/site/site.ts";
import type { DataBesidePages, DataTroubles } from "../../data-beside-pages.ts";
import type { Fault } from "../../base/operator-error.ts";
import type { Environment } from "../../platform/environment.ts";
import type { CredentialRefusal } from "../../proxy/site/credential-refusals.ts";
import type { ResponseDetail } from "../../proxy/stored/stored-response.ts";
import type { ResponseTier } from "../../proxy/stored/tiers.ts";
import type { Bypass, SwitchState } from "../../purge/journal/switch-state.ts";
import type { Entry } from "../../purge/journal/entry.ts";
import type { DatabaseInfo } from "../../redis/database-info.ts";
import type { ClockDifference } from "../../redis/database-time.ts";
import type { RedisClient } from "../../redis/redis-client.ts";
import type { Hook } from "../../webhooks/port/hook.ts";
import type { Totals } from "../../reports/totals.ts";
import type { RefusedHere } from "../access/refused-credentials.ts";
import { type HitRateMins, hitRateMinsOf } from "./hit-rate-mins.ts";

/** What health looks at. */
export interface HealthSettings {
  readonly environment: Pick<Environment, "origins" | "faults" | "bypass" | "siteHosts" | "hooks">;
  readonly cache: TieredCache<ResponseDetail>;
  readonly site: Pick<Site, "config" | "originHealth" | "credentialRefusals" | "nowAtMs" | "log">;
  readonly data: Pick<DataBesidePages, "troubles"> | undefined;
  readonly gate: { readonly refusals: { readonly here: RefusedHere | undefined } };
}

/** A client of the database, and its troubles. */
export interface ClientLooked extends Pick<
  RedisClient,
  "trouble" | "troubleWithWrites" | "isShutOff" | "refusesWrites"
> {
  readonly name: "shared tier" | "purge journal";
  readonly words?: RedisClient["words"];
  readonly database: DatabaseName;
}

/** Which of a deployment's databases; the journal may have one of its own. */
export type DatabaseName = "database" | "journal's database";

/** An isolate's view of the journal. */
export interface ViewLooked {
  /** Of its last proven read; `-Infinity` before the first. */
  readonly sentAtMs: number;
  readonly failedAtMs: number | undefined;
  readonly lag: { readonly lastMs: number; readonly readAtMs: number } | undefined;
  readonly entries: readonly Pick<Entry, "position" | "lost">[];
  readonly switched: Pick<SwitchState, "bypass" | "position"> | undefined;
}

/** What this isolate knows by itself. */
export interface LookedHere {
  readonly atMs: number;
  /** The smallest N of all routes. */
  readonly maxLagMs: number;
  /** A. */
  readonly allowanceMs: number;
  readonly clients: readonly ClientLooked[];
  /** `undefined` without a journal. */
  readonly view: ViewLooked | undefined;
  /** Of each origin that a route leads to. */
  readonly originNames: readonly string[];
  /** The origins among them whose settings are usable. */
  readonly usableOrigins: ReadonlySet<string>;
  readonly originsShutOff: readonly string[];
  readonly originTroubles: Site["originHealth"]["troubles"];
  /** Since when, by the origin's name. */
  readonly refusingAnonymous: ReturnType<Site["originHealth"]["refusingAnonymous"]>;
  /** Of the last 15 minutes. */
  readonly credentialRefusals: readonly CredentialRefusal[];
  readonly tiers: readonly Pick<ResponseTier, "name" | "isShutOff" | "trouble">[];
  /** `undefined` where the Worker was handed none. */
  readonly data: DataTroubles | undefined;
  readonly faults: readonly Fault[];
  /** By their names. */
  readonly hooks: ReadonlyMap<string, Pick<Hook, "trouble">>;
  /** What BYPASS names. */
  readonly bypass: Bypass;
}

/** What a look found of a database's room. */
export interface RoomLooked {
  readonly database: DatabaseName;
  readonly holdsJournal: boolean;
  readonly info: DatabaseInfo;
  /** When a look last saw that it had evicted keys since the look before. */
  readonly evictedAtMs: number | undefined;
}

/** With what the databases and the reports of all isolates have told. */
export interface Looked extends LookedHere {
  /** How far the clock of the journal's database, which dates purges, is from ours. */
  readonly clock: ClockDifference | undefined;
  /** Of each database that answered; `undefined` where none did. */
  readonly rooms: readonly RoomLooked[] | undefined;
  readonly totals: Totals | undefined;
  readonly hitRateMins: HitRateMins;
  /** Wrong credentials of operators that this isolate has refused; `undefined` where there were none. */
  readonly refusedHere: RefusedHere | undefined;
  /** Parts of the configuration that have no effect. */
  readonly configWarnings: readonly Fault[];
}

/** Sends no command and no request, so anybody may ask for it. */
export function lookHere({ environment, cache, site, data }: HealthSettings): LookedHere {
  const { config, originHealth, credentialRefusals, nowAtMs } = site;
  const { redis, purging, tiers } = cache;
  return {
    atMs: nowAtMs(),
    maxLagMs: config.purge.renewalLagMs,
    allowanceMs: config.purge.allowanceMs,
    clients: [
      ...(redis === undefined ? [] : [clientLooked("shared tier", redis, "database")]),
      ...(purging === undefined
        ? []
        : [clientLooked("purge journal", purging.redis, databaseOfJournal(cache))]),
    ],
    view: purging && viewLooked(purging.view),
    originNames: [...new Set([...config.routes, config.anywhere].map(({ origin }) => origin))],
    usableOrigins: new Set(environment.origins.keys()),
    originsShutOff: originHealth.shutOff,
    originTroubles: originHealth.troubles,
    refusingAnonymous: originHealth.refusingAnonymous(nowAtMs()),
    credentialRefusals: credentialRefusals.recent(nowAtMs()),
    tiers: tiers.all,
    data: data?.troubles(),
    faults: environment.faults,
    hooks: environment.hooks,
    bypass: environment.bypass,
  };
}

/** What is known without a further look, as for a request without the token. */
export function lookedNoFurther(here: LookedHere): Looked {
  return {
    ...here,
    clock: undefined,
    rooms: undefined,
    totals: undefined,
    hitRateMins: hitRateMinsOf({ routes: [] }),
    refusedHere: undefined,
    configWarnings: [],
  };
}

/** Where the journal stands. */
export function databaseOfJournal({ settings }: HealthSettings["cache"]): DatabaseName {
  return settings.platform.journal === undefined ? "database" : "journal's database";
}

function clientLooked(
  name: ClientLooked["name"],
  client: RedisClient,
  database: DatabaseName,
): ClientLooked {
  const { trouble, troubleWithWrites, isShutOff, refusesWrites, words } = client;
  return { name, database, trouble, troubleWithWrites, isShutOff, refusesWrites, words };
}

function viewLooked(view: NonNullable<HealthSettings["cache"]["purging"]>["view"]): ViewLooked {
  const { sentAtMs, failedAtMs, lag, chain, switched } = view;
  return { sentAtMs, failedAtMs, lag, entries: chain?.entries ?? [], switched };
}
