// Which hot keys a purge has covered, and nobody has brought back since: it looks into the shared
// tier, and leaves no trace there.
import type { Context } from "../site/exchange.ts";
import type { RecordKey } from "../../cache/record/record-key.ts";
import type { Coverage } from "../../cache/record/record.ts";
import { acceptedAtMs, comparePositions, type Entry } from "../../purge/journal/entry.ts";
import { coveredBy } from "../../purge/view/target-index.ts";
import { variantKey } from "../request/key.ts";
import type { Asked } from "../request/plan.ts";
import type { StoredMetadata } from "../stored/stored-response.ts";
import type { ResponseHead } from "../stored/tiers.ts";
import { askedAgain, type HotKeyNote } from "../site/hot-key-note.ts";

/** Two round trips to Redis look at as many, or four where they have long metadata. */
const keysAtOnce = 100;

/** Reads what the shared tier holds for keys, in their order. */
type ListedAt = (
  keys: readonly RecordKey[],
) => Promise<readonly (ResponseHead | undefined)[] | "unavailable">;

/**
 * @param hottestFirst a thousand at the most
 * @returns those that the entry covers, up to `countMax`, and how many were looked at
 */
export async function coveredAmong(
  hottestFirst: readonly HotKeyNote[],
  given: { readonly entry: Entry; readonly countMax: number; readonly listedAt: ListedAt },
  context: Context,
): Promise<{ readonly notes: readonly HotKeyNote[]; readonly examined: number } | "unavailable"> {
  const { entry, countMax, listedAt } = given;
  const notes: HotKeyNote[] = [];
  let examined = 0;
  for (let from = 0; from < hottestFirst.length && notes.length < countMax; from += keysAtOnce) {
    const batch = hottestFirst.slice(from, from + keysAtOnce).flatMap((note) => {
      const asked = askedAgain(note, context);
      return asked === undefined ? [] : [{ note, asked }];
    });
    const stored = await storedFor(
      batch.map(({ asked }) => asked),
      listedAt,
    );
    if (stored === "unavailable") return stored;
    examined += batch.length;
    const isCovered = coveredAndOlder(entry);
    const covered = batch.filter(({ asked }, at) => isCovered(stored[at], asked));
    notes.push(...covered.map(({ note }) => note));
  }
  return { notes: notes.slice(0, countMax), examined };
}

/** A marker leads on to the variant that is asked for. */
async function storedFor(
  asked: readonly Asked[],
  listedAt: ListedAt,
): Promise<readonly (StoredMetadata | undefined)[] | "unavailable"> {
  const first = await listedAt(asked.map(({ key }) => key));
  if (first === "unavailable") return first;
  const leading = asked.flatMap((one, at) => {
    const record = first[at];
    if (record?.kind !== "vary") return [];
    return [{ at, key: variantKey(one.key, record.names, one.forwarded) }];
  });
  const led = leading.length === 0 ? [] : await listedAt(leading.map(({ key }) => key));
  if (led === "unavailable") return led;
  const variants = new Map(leading.map(({ at }, nth) => [at, led[nth]]));
  return asked.map((_, at) => metadataOf(variants.has(at) ? variants.get(at) : first[at]));
}

function metadataOf(record: ResponseHead | undefined): StoredMetadata | undefined {
  return record?.kind === "response" ? record.metadata : undefined;
}

/** Of what is gone, its URL and its route are known, and its tags no longer. */
function coveredAndOlder(entry: Entry) {
  const isCovered = coveredBy(entry.targets);
  return (stored: StoredMetadata | undefined, { url, route }: Asked): boolean => {
    const coverage: Coverage = stored ?? { url, route: route.name, tags: [] };
    return isCovered(coverage) && (stored === undefined || isOlder(stored, entry));
  };
}

/** Was it asked for before the entry was known to whoever asked? */
function isOlder({ stamp, requestedAtMs }: StoredMetadata, { position }: Entry): boolean {
  if (stamp === "none") return requestedAtMs < acceptedAtMs(position);
  return comparePositions(stamp.position, position) < 0;
}
