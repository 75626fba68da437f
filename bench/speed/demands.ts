// Defines the demands on a run, and checks them.
import { markdownTable, median, percent } from "../load/figures.ts";
import { bareName, byBrowser, constantName, edgeName, memoryName } from "./contests.ts";
import {
  addedShare,
  type MissTimes,
  originMs,
  relayName,
  restRttMs,
  slowName,
  storingMs,
  tidemarkName,
} from "./miss-times.ts";
import { medianSaid, ratiosOf, twoPlaces } from "./report.ts";
import type { ContestFigures } from "./rounds.ts";

interface Demand {
  readonly said: string;
  /** The measured value of each round; empty if not measured. */
  readonly seen: readonly number[];
  readonly bound: { readonly least: number } | { readonly below: number };
  readonly shown: (value: number) => string;
}

const hitDemands = ["", byBrowser].flatMap(
  (asking) =>
    [
      { title: `A hit of 10 KiB${asking}`, name: memoryName, to: bareName, bound: { least: 4 } },
      {
        title: `A hit of 10 KiB${asking}`,
        name: memoryName,
        to: constantName,
        bound: { least: 0.85 },
      },
      { title: `A hit of 10 KiB${asking}`, name: edgeName, to: bareName, bound: { least: 0.9 } },
      { title: `A hit of 1 MiB${asking}`, name: memoryName, to: bareName, bound: { least: 1 } },
      { title: `A hit of 1 MiB${asking}`, name: edgeName, to: bareName, bound: { least: 0.9 } },
    ] as const,
);

const contestDemands = [
  ...hitDemands,
  { title: "304 to `If-None-Match`", name: memoryName, to: bareName, bound: { least: 4 } },
  { title: "304 to `If-None-Match`", name: memoryName, to: constantName, bound: { least: 0.85 } },
  { title: "304 to `If-None-Match`", name: edgeName, to: bareName, bound: { least: 0.9 } },
] as const;

export function demandsTable(
  contests: readonly ContestFigures[],
  times: MissTimes | undefined,
): string {
  const demands = demandsOf(contests, times);
  return markdownTable(["demand", "bound", "measured", "holds"], demands.map(cells));
}

/** Formats the number of demands that hold, and a table of the others, for the documentation. */
export function missedDemands(
  contests: readonly ContestFigures[],
  times: MissTimes | undefined,
): string {
  const demands = demandsOf(contests, times);
  const missed = demands.filter((demand) => !isHeld(demand));
  const said = `The published run met ${demands.length - missed.length} of ${demands.length} bounds`;
  if (missed.length === 0) return `${said}.\n`;
  const rows = missed.map((demand) => cells(demand).slice(0, -1));
  return `${said}. It missed these:\n\n${markdownTable(["demand", "bound", "measured"], rows)}`;
}

function demandsOf(
  contests: readonly ContestFigures[],
  times: MissTimes | undefined,
): readonly Demand[] {
  const ratios = (title: string, asked: Parameters<typeof ratiosOf>[1]) => {
    const figures = contests.find(({ contest }) => contest.title === title);
    return figures === undefined ? [] : ratiosOf(figures, asked);
  };
  const added = (name: string) => (times === undefined ? [] : addedShare(times, name));
  const late = added(slowName).map((share, round) => share - (added(relayName)[round] ?? 0));
  const cpu = { name: memoryName, to: constantName, figure: "cpuUs" } as const;
  return [
    ...contestDemands.map(({ title, name, to, bound }): Demand => ({
      said: `${title}: requests/s of ${name} ÷ ${to}`,
      seen: ratios(title, { name, to, figure: "rates" }),
      bound,
      shown: twoPlaces,
    })),
    ...["A hit of 10 KiB", `A hit of 10 KiB${byBrowser}`].map((title): Demand => ({
      said: `${title}: CPU of ${memoryName} ÷ ${constantName}`,
      seen: ratios(title, cpu),
      bound: { below: 1.3 },
      shown: twoPlaces,
    })),
    {
      said: `A miss adds this share to the time of an origin ${originMs} ms away, beyond the read of Redis, which is ${restRttMs} ms away`,
      seen: added(tidemarkName).map((share) => share - restRttMs / originMs),
      bound: { below: 0.1 },
      shown: percent,
    },
    {
      said: `A write to Redis that takes ${storingMs} ms longer adds this share to the time of a miss`,
      seen: late,
      bound: { below: 0.1 },
      shown: percent,
    },
  ];
}

/** Returns whether a demand was measured and holds. A value equal to the bound is allowed. */
function isHeld({ seen, bound }: Demand): boolean {
  if (seen.length === 0) return false;
  const value = median(seen);
  return "least" in bound ? value >= bound.least : value <= bound.below;
}

function cells(demand: Demand): string[] {
  const { said, seen, bound, shown } = demand;
  const boundSaid = "least" in bound ? `≥ ${bound.least}` : `≤ ${shown(bound.below)}`;
  return [
    said,
    boundSaid,
    medianSaid(seen, shown),
    seen.length === 0 ? "not measured" : isHeld(demand) ? "yes" : "**no**",
  ];
}
