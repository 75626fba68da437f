// The order of items that share a limit of each run of the cron trigger.

const minuteMs = 60_000;
/** Irrational, so that runs at any interval of minutes begin with each item in turn. */
const goldenRatio = 0.618_033_988_749_895;

/** Returns the items, rotated by the minute, so that a limit of each run affects each in turn. */
export function rotated<Item>(items: readonly Item[], atMs: number): readonly Item[] {
  const turns = Math.round(atMs / minuteMs) * goldenRatio;
  const at = Math.floor((turns % 1) * items.length);
  return [...items.slice(at), ...items.slice(0, at)];
}
