// Faults of the database, the Durable Objects, a colo, the source and the process, for a run with data.
import { setTimeout as delay } from "node:timers/promises";
import { coloFaults } from "../colo-faults.ts";
import { databaseFaults, objectFaults } from "../database-faults.ts";
import { changing, type Fault, lasting, pause, type Victim } from "../fault.ts";
import type { Passage } from "../rest-front.ts";
import type { DataSiteOverRedis } from "./data-site.ts";
import type { DataStore } from "./keys.ts";
import type { PlantedDataFault } from "./planted-data-faults.ts";

export interface DataVictim extends Victim {
  readonly site: Pick<DataSiteOverRedis, "redis" | "rest" | "colos" | "process">;
}

type DataFault = Fault<DataVictim>;

/** The time until connections to a restarted Redis are back. */
const reconnectMs = 300;

const restartedWhole: DataFault = async (victim) => {
  const { site } = victim;
  await site.redis.kill();
  await pause([0, 2.5], victim);
  await site.redis.startAgain();
  await delay(reconnectMs);
};

/** Makes Redis refuse writes for some time. */
const refusing =
  (setting: "setFull" | "setReadOnly"): DataFault =>
  (victim) => {
    const set = (to: boolean) => () => victim.site.redis[setting](to);
    return lasting([0.5, 3], victim, { begin: set(true), end: set(false) });
  };

/** Breaks the process's connection to the database. The colos continue. */
const passage =
  (kind: Passage): DataFault =>
  (victim) =>
    changing([0.5, 4], victim, [victim.site.process.front, "passage", kind]);

/** Restarts a colo with the next version of its Worker, and keeps the content of its Cache API. */
const redeployed: Fault<Victim<"colos">> = async ({ site, draws }) => {
  await draws.oneOf(site.colos).changeVersion();
};

// The run with pages covers an older snapshot and a lagging replica.
const { "redis-restored": _, "replica-lagging": __, ...ofDatabase } = databaseFaults;

const colo = { ...coloFaults, "colo-redeployed": redeployed };

/** The faults of a run over Redis. */
export const dataFaults = {
  database: {
    ...ofDatabase,
    "redis-restarted-whole": restartedWhole,
    "redis-full": refusing("setFull"),
    "redis-read-only": refusing("setReadOnly"),
  },
  colo,
  process: {
    "process-cut-off": passage("cut"),
    "process-unanswered": passage("silent"),
    "process-answers-lost": passage("deaf"),
    "process-restarted": ({ site }: DataVictim) => site.process.restart(),
  },
} as const;

/** The faults of a run over Durable Objects. */
export const dataFaultsOverObjects = { objects: objectFaults, colo } as const;

type Groups = typeof dataFaults & typeof dataFaultsOverObjects;
export type DataFaultName = { [Group in keyof Groups]: keyof Groups[Group] }[keyof Groups];

const namesIn = (groups: Readonly<Record<string, object>>) =>
  Object.values(groups).flatMap((faults) => Object.keys(faults) as DataFaultName[]);

export const dataFaultNames: Readonly<Record<DataStore, readonly DataFaultName[]>> = {
  redis: namesIn(dataFaults),
  objects: namesIn(dataFaultsOverObjects),
};

const revealedOverBoth = {
  "stamp-after-load": ["origin-slow"],
  "one-key-not-judged": [],
  "write-stored-over-others": ["origin-slow"],
  "forced-joins-others": ["origin-slow"],
  "clock-slow": [],
  "lifetimes-cut": [],
} as const;

/** The faults that reveal each planted fault soonest. Some faults can be planted over one store only. */
export const revealingData = {
  redis: {
    ...revealedOverBoth,
    "unpurged-write-shown": ["redis-full", "redis-read-only"],
    "fields-outlive-purges": [],
    "raised-twice": [],
    "bound-ignored": ["colo-cut-off", "colo-unanswered", "process-cut-off"],
    "accepts-unwritten": ["redis-full", "redis-read-only"],
  },
  objects: {
    ...revealedOverBoth,
    "unpurged-write-shown": ["colo-cut-off", "object-restarted"],
    "newer-replaced": ["origin-slow"],
    "bound-ignored": ["colo-cut-off", "colo-unanswered"],
    "accepts-unwritten": ["colo-cut-off", "object-restarted"],
  },
} as const satisfies {
  readonly [Store in DataStore]: Readonly<
    Partial<Record<PlantedDataFault, readonly DataFaultName[]>>
  >;
};
