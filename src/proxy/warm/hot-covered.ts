// Finds the hot keys that a purge covers and that were not fetched after the purge. Reads the
// shared tier without side effects.
import type { Context } from "../site/exchange.ts";
import type { RecordKey } from "../../cache/record/record-key.ts";
import type { Coverage } from "../../cache/record/record.ts";
import { acceptedAtMs, comparePositions, type Entry } from "../../purge/journal/entry.ts";
import { coveredBy } from "../../purge/view/target-index.ts";
import { variantKey } from "../request/key.ts";
import type { LookupRequest } from "../request/plan.ts";
import type { StoredMetadata } from "../stored/stored-response.ts";
import type { ResponseHead } from "../stored/tiers.ts";
import { askedAgain, type HotKeyNote } from "../site/hot-key-note.ts";

/** The size of a batch, which needs at most two round trips to Redis, or four for long metadata. */
const keysAtOnce = 100;

/** Reads records of the shared tier without bodies, in the order of their keys. */
type ReadHeads = (
  keys: readonly RecordKey[],
) => Promise<readonly (ResponseHead | undefined)[] | "unavailable">;

/**
 * @param hottestFirst at most a thousand notes
 * @returns the notes of older responses that the entry covers, up to `countMax`, and the number of
 *   examined notes
 */
export async function coveredAmong(
  hottestFirst: readonly HotKeyNote[],
  given: { readonly entry: Entry; readonly countMax: number; readonly listedAt: ReadHeads },
  context: Context,
): Promise<{ readonly notes: readonly HotKeyNote[]; readonly examined: number } | "unavailable"> {
  const { entry, countMax, listedAt } = given;
  const notes: HotKeyNote[] = [];
  let examined = 0;
  for (let from = 0; from < hottestFirst.length && notes.length < countMax; from += keysAtOnce) {
    const batch = hottestFirst.slice(from, from + keysAtOnce).flatMap((note) => {
      const lookup = askedAgain(note, context);
      return lookup === undefined ? [] : [{ note, lookup }];
    });
    const stored = await storedFor(
      batch.map(({ lookup }) => lookup),
      listedAt,
    );
    if (stored === "unavailable") return stored;
    examined += batch.length;
    const isCovered = coveredAndOlder(entry);
    const covered = batch.filter(({ lookup }, at) => isCovered(stored[at], lookup));
    notes.push(...covered.map(({ note }) => note));
  }
  return { notes: notes.slice(0, countMax), examined };
}

/** Reads the metadata of responses. Follows a marker to the requested variant. */
async function storedFor(
  lookups: readonly LookupRequest[],
  listedAt: ReadHeads,
): Promise<readonly (StoredMetadata | undefined)[] | "unavailable"> {
  const first = await listedAt(lookups.map(({ key }) => key));
  if (first === "unavailable") return first;
  const leading = lookups.flatMap((one, at) => {
    const record = first[at];
    if (record?.kind !== "vary") return [];
    return [{ at, key: variantKey(one.key, record.names, one.forwarded) }];
  });
  const heads = leading.length === 0 ? [] : await listedAt(leading.map(({ key }) => key));
  if (heads === "unavailable") return heads;
  const variants = new Map(leading.map(({ at }, nth) => [at, heads[nth]]));
  return lookups.map((_, at) => metadataOf(variants.has(at) ? variants.get(at) : first[at]));
}

function metadataOf(record: ResponseHead | undefined): StoredMetadata | undefined {
  return record?.kind === "response" ? record.metadata : undefined;
}

/**
 * Returns a predicate for responses that the entry covers and that are older than the entry. A
 * missing response matches only by URL and route, because its tags are unknown.
 */
function coveredAndOlder(entry: Entry) {
  const isCovered = coveredBy(entry.targets);
  return (stored: StoredMetadata | undefined, { url, route }: LookupRequest): boolean => {
    const coverage: Coverage = stored ?? { url, route: route.name, tags: [] };
    return isCovered(coverage) && (stored === undefined || isOlder(stored, entry));
  };
}

/** Returns whether the response was requested before its isolate knew the entry. */
function isOlder({ stamp, requestedAtMs }: StoredMetadata, { position }: Entry): boolean {
  if (stamp === "none") return requestedAtMs < acceptedAtMs(position);
  return comparePositions(stamp.position, position) < 0;
}
