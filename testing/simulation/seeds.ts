// Plays histories, one for each seed.

interface Seeds {
  /** The first seed. Default: 0. */
  readonly from?: number | undefined;
  readonly count: number;
}

interface Played {
  readonly violations: readonly string[];
  readonly usableCount: number;
}

type Play = (seed: number) => Promise<Played>;

/** @returns the first violation of each seed, and how often stored responses answered */
export async function sumOf({ from = 0, count }: Seeds, play: Play) {
  const broken: string[] = [];
  let usableCount = 0;
  for (let seed = from; seed < from + count; seed += 1) {
    const history = await play(seed);
    const [violation] = history.violations;
    if (violation !== undefined) broken.push(`seed ${seed}: ${violation}`);
    usableCount += history.usableCount;
  }
  return { broken, usableCount };
}

/**
 * @param sound plays the history without the fault
 * @returns the first seed with a violation, or `undefined`
 * @throws Error if that history has a violation without the fault
 */
export async function firstBroken({ from = 0, count }: Seeds, play: Play, sound: Play) {
  for (let seed = from; seed < from + count; seed += 1) {
    if ((await play(seed)).violations.length === 0) continue;
    const { broken } = await sumOf({ from: seed, count: 1 }, sound);
    if (broken.length > 0) throw new Error(`Without the fault, ${broken[0]}`);
    return seed;
  }
  return undefined;
}
