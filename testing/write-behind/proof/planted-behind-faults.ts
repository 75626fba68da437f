// Counters with one fault each, which a run has to find: a change of the bundle's text, where names are still
// those of the source.

type Change = readonly [was: RegExp, becomes: string];

export const plantedBehindFaults = {
  /** Step 2 broken: a batch that comes again counts again. */
  "no-batch-known": [
    /if redis\.call\("EXISTS", KEYS\[4\]\) == 1 then return backlog\("accepted"\) end/,
    "",
  ],
  /** Step 5 broken: the database applies a chunk whatever its mark says. */
  "mark-not-asked": [/WHERE m\.slice IS NULL OR m\.slice < given\.slice\b/, "WHERE true"],
  /** Step 6 broken: a slice goes although the database has not confirmed it. */
  "dropped-unconfirmed": [
    /(await sink\d*\.apply\(\{ set\d*, slice[\s\S]*?catch \(error\) \{)\s*return \{ kind: "sink-failed", error \};/,
    "$1 return undefined;",
  ],
  /** A refusal that is certain is said of what may count. */
  "doubt-denied": [/kind: unknownTryCount > 0 \? "in-doubt" : "refused"/, 'kind: "refused"'],
} as const satisfies Record<string, Change>;

export type PlantedBehindFault = keyof typeof plantedBehindFaults;

export const isPlantedBehind = (name: string): name is PlantedBehindFault =>
  name in plantedBehindFaults;

/** @throws Error when the text to change is not there exactly once: a fault that is none proves nothing */
export function plantBehind(fault: PlantedBehindFault | undefined, text: string): string {
  if (fault === undefined) return text;
  const [was, becomes] = plantedBehindFaults[fault];
  const { length } = text.match(new RegExp(was, "g")) ?? [];
  if (length === 1) return text.replace(was, becomes);
  throw new Error(`${fault} cannot be planted: its place has changed (${length} found).`);
}
