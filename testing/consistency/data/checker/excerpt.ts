// Selects the lines of a history around a violation that explain it to a person.
import type { FaultSpan, JournalEvent, Loss } from "../../checker/operations.ts";
import type { DataViolation } from "./violation.ts";
import { covers } from "./coverage.ts";
import type { DataHistory } from "./operations.ts";

const beforeMs = 1_500;
const afterMs = 100;
const linesMax = 60;

/** The other records of the world. */
export interface World {
  readonly faults: readonly FaultSpan[];
  readonly losses: readonly Loss[];
  readonly journal: readonly JournalEvent[];
  readonly notes: readonly { path: string; atMs: number; text: string }[];
}

/** Returns reads of the key, its writes and purges, journal events, losses, faults and lives. */
export function excerptOfData(
  { read, purge }: DataViolation,
  history: DataHistory,
  world: World,
): string[] {
  if (read === undefined) return [];
  const fromMs = Math.min(read.invokedAtMs, purge?.sentAtMs ?? Infinity) - beforeMs;
  const untilMs = read.returnedAtMs + afterMs;
  const key = history.keys.find(({ path }) => path === read.path);
  const lines: [atMs: number, text: string][] = [];
  const add = (atMs: number, text: string) => {
    if (atMs >= fromMs && atMs <= untilMs) lines.push([atMs, text]);
  };
  let last = "";
  for (const each of history.reads.filter(({ path }) => path === read.path)) {
    const said = `${each.isolate} gives version ${each.version} by ${each.by}`;
    if (each === read || said !== last) add(each.invokedAtMs, each === read ? `→ ${said}` : said);
    last = said;
  }
  for (const { path, version, atMs } of history.writes) {
    if (path === read.path) add(atMs, `the source has version ${version}`);
  }
  for (const each of history.purges.filter(({ order }) => key && covers(order, key))) {
    const { id, isolate, by, mode, order } = each;
    const said = `${mode} purge ${id} of ${JSON.stringify(order)} by ${by}`;
    add(each.sentAtMs, `${isolate} begins the ${said}`);
    add(each.returnedAtMs, `${isolate} answers ${id}: ${each.outcome} ${each.position ?? ""}`);
  }
  for (const { path, atMs, text } of world.notes) if (path === read.path) add(atMs, text);
  addWorld(world, read.place, add);
  for (const { isolate, fromMs: beganAtMs, untilMs: endedAtMs } of history.isolates) {
    add(beganAtMs, `${isolate} begins`);
    add(endedAtMs, `${isolate} ends`);
  }
  return lines
    .toSorted(([one], [other]) => one - other)
    .slice(-linesMax)
    .map(([atMs, text]) => `${(atMs - read.invokedAtMs).toFixed(0).padStart(7)} ms  ${text}`);
}

function addWorld(
  { journal, losses, faults }: World,
  place: string,
  add: (atMs: number, text: string) => void,
): void {
  for (const event of journal) {
    if (event.kind === "appended" && event.isMark) {
      add(event.atMs, `${event.isolate} appends a mark ${event.position}`);
    } else if (event.kind === "read" && event.isolate.startsWith(`${place}#`)) {
      const ends = `${event.positions[0] ?? ""}…${event.positions.at(-1) ?? ""}`;
      add(event.atMs, `${event.isolate} gets ${event.positions.length} of the journal, ${ends}`);
    }
  }
  for (const { killedAtMs, upAtMs } of losses) {
    add(killedAtMs, "Redis is killed");
    add(upAtMs, "Redis comes back, empty");
  }
  for (const { fault, fromMs, untilMs } of faults) {
    add(fromMs, `${fault} begins`);
    add(untilMs, `${fault} ends`);
  }
}
