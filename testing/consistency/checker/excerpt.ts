// Selects the lines of a history around a violation that explain it to a person.
import type { Violation } from "./violation.ts";
import type { History } from "./operations.ts";

const beforeMs = 1_500;
const afterMs = 100;
const linesMax = 60;

/** Returns reads of the same page, its writes and purges, journal events, losses and faults. */
export function excerptAround(violation: Violation, history: History): string[] {
  const { read, purge } = violation;
  if (read === undefined) return [];
  const posts = history.switches ?? [];
  const post = posts.findLast(({ returnedAtMs }) => returnedAtMs <= read.invokedAtMs);
  const cause = violation.rule === "not-switched" ? post : purge;
  const fromMs = Math.min(read.invokedAtMs, cause?.invokedAtMs ?? Infinity) - beforeMs;
  const untilMs = read.returnedAtMs + afterMs;
  const lines: [atMs: number, text: string][] = [];
  const add = (atMs: number, text: string) => {
    if (atMs >= fromMs && atMs <= untilMs) lines.push([atMs, text]);
  };
  let last = "";
  for (const each of history.reads.filter(({ path }) => path === read.path)) {
    const said = `${each.colo} ${each.variant} reads version ${each.version}: ${each.cacheStatus}`;
    const isTheOne = each === read;
    if (isTheOne || said !== last) add(each.invokedAtMs, `${isTheOne ? "→ " : ""}${said}`);
    last = said;
  }
  for (const { path, version, atMs } of history.writes) {
    if (path === read.path) add(atMs, `version ${version} is written`);
  }
  for (const each of history.purges) {
    const isTheOne = purge !== undefined && each.id === purge.id;
    if (!isTheOne) continue;
    add(each.invokedAtMs, `${each.colo} is sent ${each.id} ${JSON.stringify(each.order)}`);
    add(each.returnedAtMs, `${each.colo} answers ${each.id}: ${JSON.stringify(each.outcome)}`);
  }
  for (const { colo, isBypassed, invokedAtMs, returnedAtMs, isAccepted } of posts) {
    add(invokedAtMs, `${colo} is sent a post of the switch: ${isBypassed ? "on" : "off"}`);
    add(returnedAtMs, `${colo} ${isAccepted ? "accepts" : "does not accept"} the post`);
  }
  const position = purge?.outcome.kind === "accepted" ? purge.outcome.position : "";
  for (const event of history.journal) {
    const isOf = (isolate: string) => isolate.startsWith(`${read.colo}#`);
    if (event.kind === "appended" && (event.isMark || event.position === position)) {
      add(event.atMs, `${event.isolate} appends ${event.isMark ? "a mark" : ""} ${event.position}`);
    } else if (event.kind === "read" && isOf(event.isolate)) {
      const { length } = event.positions;
      const has = event.positions.includes(position) ? ", the purge among them" : "";
      const ends = `${event.positions[0] ?? ""}…${event.positions.at(-1) ?? ""}`;
      add(event.atMs, `${event.isolate} gets ${length} of the journal, ${ends}${has}`);
    }
  }
  for (const { killedAtMs, upAtMs, keptUpTo } of history.losses) {
    add(killedAtMs, "Redis is killed");
    add(
      upAtMs,
      `Redis comes back, ${keptUpTo === "" ? "empty" : `with what was until ${keptUpTo}`}`,
    );
  }
  for (const { fault, fromMs: beganAtMs, untilMs: endedAtMs } of history.faults) {
    if (endedAtMs < fromMs) continue;
    const isUnderWay = beganAtMs < fromMs;
    add(Math.max(beganAtMs, fromMs), `${fault} ${isUnderWay ? "is under way" : "begins"}`);
    add(endedAtMs, `${fault} ends`);
  }
  for (const { isolate, fromMs: beganAtMs, untilMs: endedAtMs } of history.isolates) {
    add(beganAtMs, `${isolate} begins`);
    add(endedAtMs, `${isolate} ends`);
  }
  const sorted = lines.toSorted(([one], [other]) => one - other).slice(-linesMax);
  return sorted.map(
    ([atMs, text]) => `${(atMs - read.invokedAtMs).toFixed(0).padStart(7)} ms  ${text}`,
  );
}
