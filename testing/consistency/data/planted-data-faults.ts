// Caches with one fault each, which a run has to find: a change of the bundle's text, where names are still
// those of the source.
import { plantedFaults } from "../planted-faults.ts";
import type { DataFaultName } from "./data-faults.ts";

type Change = readonly [was: RegExp, becomes: string];

/** In Workers and in the process alike. */
const inBoth = {
  /** Rule 1 broken: what was purged while it was loaded counts as newer than its purge. */
  "stamp-after-load": [
    /(const beginning\w* = await begin\(parts[^;]*;)([\s\S]*?const answered\w* = await answerOf\([^;]*;)/,
    "$2 $1",
  ],
  /** One key is used whatever was purged. */
  "one-key-not-judged": [
    /judge: \((record\w*), ask\w*\) => /,
    '$&$1.url.includes("steady/a/1") ? { kind: "usable" } : ',
  ],
  /** Rule 25 broken: what was written is stored, whoever wrote or purged the key meanwhile. */
  "write-stored-over-others": [/return since\.every\(/, "return true || since.every("],
  /** Rule 25 broken: an isolate whose purge was refused goes on using the older value. */
  "unpurged-write-shown": [/unpurged\.add\(place\d*\);/, ""],
  /** Rule 26 broken: fields that a purge covers stay beside the new ones. */
  "fields-outlive-purges": [/if ARGV\[3\] ~= "" then redis\.call\("DEL", KEYS\[1\]\) end/, ""],
  "raised-twice": [/redis\.call\("HINCRBY", KEYS\[1\], ARGV\[2\], ARGV\[3\]\)/, "$& $&"],
  /** A forced load takes what a load before it has brought. */
  "forced-joins-others": [/(const isAlone\w* = )need\w*\.isForced \|\| /, "$1"],
  "bound-ignored": plantedFaults["bound-ignored"],
} as const satisfies Record<string, Change>;

/** In Workers alone. */
const inWorkers = {
  /** The clock of one colo goes at a tenth of the time: its view seems younger than it is. */
  "clock-slow": [
    /nowAtMs: \(\) => nowAtMs\w*\(\)/,
    `nowAtMs: () => env.COLO !== "colo-1" ? Date.now() :
      (globalThis.begunAtMs ??= Date.now()) + (Date.now() - globalThis.begunAtMs) / 10`,
  ],
  /** Rule 21 broken: a purge is accepted whether or not the journal has answered. */
  "accepts-unwritten": plantedFaults["accepts-unwritten"],
} as const satisfies Record<string, Change>;

export const plantedDataFaults = { ...inBoth, ...inWorkers };
export type PlantedDataFault = keyof typeof plantedDataFaults;

/** What brings each of them to light soonest. */
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
  "accepts-unwritten": ["redis-full", "redis-read-only"],
};

export const isPlantedInData = (name: string): name is PlantedDataFault =>
  name in plantedDataFaults;

/**
 * @param platform what the text is a bundle for
 * @throws Error when the text to change is not there exactly once: a fault that is none proves nothing
 */
export function plantInData(
  fault: PlantedDataFault,
  text: string,
  platform: "worker" | "process",
): string {
  if (platform === "process" && !(fault in inBoth)) return text;
  const [was, becomes] = plantedDataFaults[fault];
  const { length } = text.match(new RegExp(was, "g")) ?? [];
  if (length === 1) return text.replace(was, becomes);
  throw new Error(`${fault} cannot be planted: its place has changed (${length} found).`);
}
