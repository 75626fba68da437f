// Runs random histories of a counter's set. Chunks are repeated, and applied slices are sent again
// in other chunks. The expected values follow only from the changes and the sink's mark.
import type { Add, CounterSink, Mark } from "../../../src/write-behind/sinks/sink.ts";
import { Draws } from "../../../testing/draws.ts";
import { newSet } from "../../../testing/write-behind/set-under-test.ts";

/** Sorted by UTF-8 bytes. */
const keys = ["A", "a", "a\u0001", "aa", "b", "é", "\uffff", "😀"];

interface Slice {
  readonly slice: number;
  readonly changes: readonly Add[];
}

interface Part extends Slice {
  readonly mark: Mark;
}

type Counts = Readonly<Record<string, number>>;

/** The values after a chunk, and the values that the mark promises, both without zeros. */
interface Step {
  readonly held: Counts;
  readonly promised: Counts;
}

/** Runs a history. The last step compares the last values with those of all slices. */
export async function runHistory(sink: CounterSink, seed: number): Promise<readonly Step[]> {
  const draws = new Draws(seed);
  const set = newSet();
  const slices = Array.from({ length: 6 }, (_, index) => drawSlice(draws, 100 + index));
  const sent: Part[] = [];
  const steps: Step[] = [];
  const send = async (part: Part) => {
    await sink.apply({ set, ...part });
    const { values, mark } = await sink.read(set, keys);
    steps.push({ held: without0([...values]), promised: comesTo(slices, mark) });
  };
  for (const slice of slices) {
    for (const part of cut(draws, slice)) {
      await send(part);
      sent.push(part);
      if (draws.isLucky(0.3)) await send(draws.oneOf(sent));
      const past = slices.filter((one) => one.slice < slice.slice);
      if (past.length > 0 && draws.isLucky(0.1)) {
        for (const again of cut(draws, draws.oneOf(past))) await send(again);
      }
    }
  }
  const whole = { slice: 105, key: null };
  return [...steps, { held: steps.at(-1)?.held ?? {}, promised: comesTo(slices, whole) }];
}

function drawSlice(draws: Draws, slice: number): Slice {
  const changed = keys.filter(() => draws.isLucky(0.6));
  const changes = changed.map((key) => ({
    key,
    by: Math.round(draws.between(-9, 9)),
    isReset: draws.isLucky(0.2),
  }));
  return { slice, changes };
}

/**
 * Splits a slice into parts. The last part may be empty. Its mark has no key, so it ends the slice.
 */
function cut(draws: Draws, { slice, changes }: Slice): readonly Part[] {
  const parts: Part[] = [];
  let part: Add[] = [];
  for (const change of changes) {
    part.push(change);
    if (!draws.isLucky(0.4)) continue;
    parts.push({ slice, changes: part, mark: { slice, key: change.key } });
    part = [];
  }
  return [...parts, { slice, changes: part, mark: { slice, key: null } }];
}

function comesTo(slices: readonly Slice[], mark: Mark | undefined): Counts {
  const counts: Record<string, number> = {};
  for (const { slice, changes } of slices) {
    for (const { key, by, isReset } of changes) {
      const isWithin =
        mark !== undefined &&
        (slice < mark.slice ||
          (slice === mark.slice &&
            (mark.key === null || keys.indexOf(key) <= keys.indexOf(mark.key))));
      if (isWithin) counts[key] = (isReset ? 0 : (counts[key] ?? 0)) + by;
    }
  }
  return without0(Object.entries(counts));
}

function without0(counts: readonly [string, number][]): Counts {
  return Object.fromEntries(counts.filter(([, count]) => count !== 0));
}
