// After the faults, purges of other keys must not end the lifetime of a stored value, not even in
// a place that has just started and knows nothing of the journal.
import { setTimeout as delay } from "node:timers/promises";
import { newEntry } from "../../examples/purges.ts";
import type { Caller } from "./caller.ts";
import type { DataNode, DataSite } from "./data-site.ts";
import type { UsedKey } from "./keys.ts";
import type { DataRecorder } from "./recorder.ts";

/** More purges than a view holds. */
const earlierCount = 8_300;
const purgesPerSecond = 10;
const purgeCount = 100;
/** More than one, because an isolate treats a record that it has checked before differently. */
const lookupsPerKey = 3;
/**
 * The tries of a purge, whose calls to the objects may be lost, and of a lookup. On a busy machine,
 * the view may be older than N − A, and then no value answers. A value whose lifetime has ended stays
 * missing, because nothing loads it.
 */
const triesMax = 20;

interface Checked {
  readonly site: DataSite;
  readonly caller: Caller;
  readonly recorder: DataRecorder;
  readonly keys: readonly UsedKey[];
  readonly maxLagMs: number;
}

/**
 * Purges other keys, restarts a colo and a process, and looks each key up at each place while
 * the purges go on. Records each lookup that finds nothing. Every key must be stored.
 */
export async function checkLifetimes(checked: Checked): Promise<void> {
  const { site } = checked;
  // The keys that stay fresh for longer than the check takes.
  const lasting = checked.keys.filter(({ livesMs }) => livesMs >= 600_000);
  await purgeOthersAtOnce(checked);
  const process = site.kind === "redis" ? site.process : undefined;
  await Promise.all([process?.restart(), site.colos[0]?.restart()]);
  const lookups = async (place: DataNode): Promise<void> => {
    for (let round = 0; round < lookupsPerKey; round += 1) {
      await Promise.all(lasting.map((key) => mustFind(checked, place, key)));
      await delay(checked.maxLagMs);
    }
  };
  await Promise.all([purgeOthers(checked), ...site.places.map(lookups)]);
}

/** Appends the purges of other keys as another writer would, a hundred at a time. */
async function purgeOthersAtOnce({ site, recorder }: Checked): Promise<void> {
  for (let at = 0; at < earlierCount; at += 100) {
    const tags = (nth: number) => [`url:tidemark-data:/steady/earlier/${at + nth}`];
    const purges = Array.from({ length: 100 }, (_, nth) =>
      newEntry({ n: crypto.randomUUID(), tags: tags(nth) }),
    );
    const { kind } = await site.journal.append(purges);
    if (kind !== "appended") recorder.broken.push("the purges of other keys were not accepted");
  }
}

async function purgeOthers({ site: { places }, caller, recorder }: Checked): Promise<void> {
  for (let nth = 0; nth < purgeCount; nth += 1) {
    const place = places[nth % places.length];
    if (place === undefined) return;
    const other = { space: "steady", name: `other/${nth}` } as const;
    let isAccepted = false;
    for (let tries = 0; !isAccepted && tries < triesMax; tries += 1) {
      const { answer } = await caller.ask(place, { op: "delete", ...other });
      isAccepted = answer?.kind === "done";
      await delay(1_000 / purgesPerSecond);
    }
    if (!isAccepted) recorder.broken.push("a purge of another key was not accepted");
  }
}

async function mustFind(
  { caller, recorder, maxLagMs }: Checked,
  place: DataNode,
  { space, name, path }: UsedKey,
): Promise<void> {
  const op = space === "parts" ? "get-fields" : "get";
  for (let tries = 0; tries < triesMax; tries += 1) {
    const { answer } = await caller.read(place, { op, space, name }, op === "get" ? op : "fields");
    if (answer?.kind === "done" && (answer.seen?.length || answer.fields)) return;
    await delay(maxLagMs);
  }
  recorder.broken.push(`${place.isolate} no longer finds ${path}, which no purge covers`);
}
