// Checks part (c) of the promise: the journal answered the append of each accepted purge before the
// sender got the 200.
import type { Violation } from "./violation.ts";
import type { History } from "./operations.ts";

export function unwritten({ purges, journal }: History): Violation[] {
  const appendedAtMs = new Map<string, number>();
  for (const event of journal) {
    if (event.kind === "appended") appendedAtMs.set(`${event.position} ${event.id}`, event.atMs);
  }
  return purges.flatMap((purge) => {
    const { outcome, id, returnedAtMs } = purge;
    if (outcome.kind !== "accepted") return [];
    const atMs = appendedAtMs.get(`${outcome.position} ${id}`) ?? Infinity;
    if (atMs <= returnedAtMs) return [];
    const what = `${purge.colo} accepted purge ${id} at ${outcome.position} before the append was answered.`;
    return [{ rule: "accepted-unwritten", what, purge }];
  });
}
