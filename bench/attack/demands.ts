// Checks the demands on a row: honest clients' latency, errors and hits, and the Redis commands or
// calls of Durable Objects of an attack.
import { quantile } from "../load/figures.ts";
import type { Row } from "./row.ts";
import { crowdedMs } from "./site.ts";

const p99RatioMax = 2;
/** A request for a new URL costs a lookup and a write; extra requests of honest clients count too. */
const commandsMax = 2.5;
const crowdRatioMax = 3.5;
const alsoHitShareMin = 0.9;

export const demandsSaid =
  `honest p99 ≤ ${p99RatioMax} × calm except beside crowds (1.5 × and 64 MB beside stalled readers), ` +
  `no honest error, ` +
  `≤ ${commandsMax} Redis commands or calls of objects for an attacker's request, ` +
  `a crowd waits ≤ ${crowdRatioMax} × the origin's time, ` +
  `≥ ${100 * alsoHitShareMin} % hits in the last third on the extra requests of honest clients`;

/** The combined figures of the rows without an attack. */
export interface Calm {
  readonly p99Ms: number;
  readonly hitP99Ms: number;
  /** The mean number of origin requests per row. */
  readonly originRequests: number;
  readonly commands: Readonly<Record<string, number>>;
}

/** Computes percentiles of the honest requests of all rows, and means of the rows' counts. */
export function calmOf(rows: readonly Row[]): Calm {
  const tookMs = rows.flatMap(({ honest }) => honest.tookMs);
  const hitTookMs = rows.flatMap(({ honest }) => honest.hitTookMs);
  const names = new Set(rows.flatMap(({ commands }) => Object.keys(commands)));
  const mean = (of: (row: Row) => number) =>
    rows.reduce((sum, row) => sum + of(row), 0) / rows.length;
  return {
    p99Ms: quantile(tookMs, 0.99),
    hitP99Ms: quantile(hitTookMs, 0.99),
    originRequests: mean(({ originRequests }) => originRequests),
    commands: Object.fromEntries(
      Array.from(names, (name) => [name, mean(({ commands }) => commands[name] ?? 0)]),
    ),
  };
}

export interface Judged {
  readonly p99Ratio: number;
  readonly errorCount: number;
  readonly originBeyondCalm: number;
  /**
   * The number of commands beyond the calm number, per attacker's request; below 0 if the row has
   * fewer commands than calm rows.
   */
  readonly commandsEach: number;
  /** The median over crowds of the slowest request's time ÷ the origin's; 0 without crowds. */
  readonly crowdRatio: number;
  /** The bytes of heap and backing storage near the end; 0 if they are not measured. */
  readonly heldBytes: number;
  /** The missed demands, and the end of the runtime. Empty if the row meets all demands. */
  readonly broken: readonly string[];
}

export function judged(row: Row, calm: Calm): Judged {
  const { honest, assault, commands } = row;
  const sentCount = Math.max(1, assault?.sentCount ?? 0);
  const sum = (of: Readonly<Record<string, number>>) =>
    Object.values(of).reduce((total, count) => total + count, 0);
  const slowestMs = assault?.crowdSlowestMs ?? [];
  const figures = {
    p99Ratio: quantile(honest.tookMs, 0.99) / calm.p99Ms,
    errorCount: [...honest.faults.values()].reduce((total, count) => total + count, 0),
    originBeyondCalm: row.originRequests - calm.originRequests,
    commandsEach: (sum(commands) - sum(calm.commands)) / sentCount,
    crowdRatio: slowestMs.length === 0 ? 0 : quantile(slowestMs, 0.5) / crowdedMs,
    heldBytes: row.heldBytes,
  };
  const broken = brokenOf({ ...figures, alsoHitShare: honest.alsoHitShare }, row.attack);
  if (row.hasEnded) return { ...figures, broken: [...broken, "the runtime ended"] };
  // A row without an attack misses a demand only by an error.
  return { ...figures, broken: assault ? broken : broken.filter((what) => what === "errors") };
}

function brokenOf(
  figures: Omit<Judged, "originBeyondCalm" | "broken"> & Pick<Row["honest"], "alsoHitShare">,
  attack: Row["attack"],
): readonly string[] {
  const { p99Ratio, errorCount, commandsEach, alsoHitShare, crowdRatio, heldBytes } = figures;
  const own = attack?.demands ?? { p99RatioMax, heldBytesMax: Infinity };
  return [
    // 150 requests at once are half a second's work of one core, and honest requests wait meanwhile.
    ...(p99Ratio <= own.p99RatioMax || crowdRatio > 0 ? [] : ["p99"]),
    ...(errorCount === 0 ? [] : ["errors"]),
    ...(commandsEach <= commandsMax ? [] : ["commands"]),
    ...(crowdRatio <= crowdRatioMax ? [] : ["crowds"]),
    ...(heldBytes <= own.heldBytesMax ? [] : ["memory"]),
    ...(alsoHitShare >= alsoHitShareMin ? [] : ["hits in the end"]),
  ];
}

/**
 * @returns whether a row is acceptable: it meets all demands, or its attack states why it needs the
 *   rate limiter
 */
export function isAllowed({ attack }: Pick<Row, "attack">, { broken }: Judged): boolean {
  return broken.length === 0 || attack?.limiterNeeded !== undefined;
}
