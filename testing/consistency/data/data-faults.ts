// Faults of the database, a colo, the source and the process, for a run with data.
import { setTimeout as delay } from "node:timers/promises";
import { coloFaults } from "../colo-faults.ts";
import { databaseFaults } from "../database-faults.ts";
import { changing, type Fault, lasting, type Victim } from "../fault.ts";
import type { Passage } from "../rest-front.ts";
import type { DataSite } from "./data-site.ts";
import type { PlantedDataFault } from "./planted-data-faults.ts";

export interface DataVictim extends Victim {
  readonly site: Pick<DataSite, "redis" | "rest" | "colos" | "process">;
}

type DataFault = Fault<DataVictim>;

/** The time until connections to a restarted Redis are back. */
const reconnectMs = 300;

const restartedWhole: DataFault = async ({ site, draws }) => {
  await site.redis.kill();
  await delay(draws.between(0, 2_500));
  await site.redis.startAgain();
  await delay(reconnectMs);
};

/** Makes Redis refuse writes for some time. */
const refusing =
  (setting: "setFull" | "setReadOnly"): DataFault =>
  (victim) => {
    const set = (to: boolean) => () => victim.site.redis[setting](to);
    return lasting([500, 3_000], victim, { begin: set(true), end: set(false) });
  };

/** Breaks the process's connection to the database. The colos continue. */
const passage =
  (kind: Passage): DataFault =>
  (victim) =>
    changing([500, 4_000], victim, [victim.site.process.front, "passage", kind]);

/** Restarts a colo, and keeps the content of its Cache API. */
const redeployed: DataFault = async ({ site, draws }) => {
  await draws.oneOf(site.colos).changeVersion();
};

// The run with pages covers an older snapshot and a lagging replica.
const { "redis-restored": _, "replica-lagging": __, ...ofDatabase } = databaseFaults;
const { "version-changed": ___, ...ofColos } = coloFaults;

export const dataFaults = {
  database: {
    ...ofDatabase,
    "redis-restarted-whole": restartedWhole,
    "redis-full": refusing("setFull"),
    "redis-read-only": refusing("setReadOnly"),
  },
  colo: { ...ofColos, "colo-redeployed": redeployed },
  process: {
    "process-cut-off": passage("cut"),
    "process-unanswered": passage("silent"),
    "process-answers-lost": passage("deaf"),
    "process-restarted": ({ site }: DataVictim) => site.process.restart(),
  },
} as const;

type Groups = typeof dataFaults;
export type DataFaultName =
  | keyof Groups["database"]
  | keyof Groups["colo"]
  | keyof Groups["process"];

export const dataFaultNames: readonly DataFaultName[] = Object.values(dataFaults).flatMap(
  (faults) => Object.keys(faults) as DataFaultName[],
);

/** The faults that reveal each planted fault soonest. */
export const revealingData: Readonly<Record<PlantedDataFault, readonly DataFaultName[]>> = {
  "stamp-after-load": ["origin-slow"],
  "one-key-not-judged": [],
  "write-stored-over-others": ["origin-slow"],
  "unpurged-write-shown": ["redis-full", "redis-read-only"],
  "fields-outlive-purges": [],
  "raised-twice": [],
  "forced-joins-others": ["origin-slow"],
  "bound-ignored": ["colo-cut-off", "colo-unanswered", "process-cut-off"],
  "clock-slow": [],
  "lifetimes-cut": [],
  "accepts-unwritten": ["redis-full", "redis-read-only"],
};
