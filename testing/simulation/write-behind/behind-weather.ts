// The conditions in the worlds of write-behind: faults of messages, parties and servers, and clock
// errors.
import { usualTimes } from "../../../src/write-behind/slice-times.ts";
import type { Weather } from "./parties-world.ts";

/**
 * `steady`: messages overtake each other, and nothing fails. `lossy`: messages and answers are
 * lost, repeated or late, and servers reject some. `killing`: parties are also killed.
 * `failing-over`: Redis loses its last writes, and its clock goes back. `reviving`: Redis returns
 * to a much older state. `skewed`: clocks of isolates are wrong by up to minutes.
 */
export const behindKinds = [
  "steady",
  "lossy",
  "killing",
  "failing-over",
  "reviving",
  "skewed",
] as const;
export type BehindKind = (typeof behindKinds)[number];

export interface Climate {
  readonly weather: Weather;
  /** The probability for each step. */
  readonly kill: number;
  readonly failOver: number;
  /** The maximum number of last changes that Redis loses. */
  readonly lostMax: number;
  /** The maximum lag of a server's clock, over all fail-overs together. */
  readonly serverBehindMsMax: number;
  readonly aheadMs: readonly number[];
  /** The longest time until the next event. */
  readonly quietMs: readonly number[];
}

export const calm: Weather = { lost: 0, twice: 0, refused: 0 };
const rough: Weather = { lost: 0.08, twice: 0.05, refused: 0.04 };
const { restMs, lateMs } = usualTimes;
const steady: Climate = {
  weather: calm,
  kill: 0,
  failOver: 0,
  lostMax: 0,
  serverBehindMsMax: 0,
  aheadMs: [0, 0, 2_000, -2_000, 7_000, -8_000],
  quietMs: [100, 1_000, 3_000, 3_000, 10_000, 30_000],
};
const falling = { failOver: 0.04, serverBehindMsMax: restMs - lateMs - 1 };

export const climates: Readonly<Record<BehindKind, Climate>> = {
  steady,
  lossy: { ...steady, weather: rough },
  killing: { ...steady, weather: rough, kill: 0.04 },
  "failing-over": { ...steady, ...falling, weather: rough, kill: 0.01, lostMax: 6 },
  reviving: {
    ...steady,
    ...falling,
    weather: rough,
    failOver: 0.015,
    lostMax: 60,
    quietMs: [3_000, 30_000, 60_000],
  },
  skewed: {
    ...steady,
    weather: rough,
    serverBehindMsMax: falling.serverBehindMsMax,
    failOver: 0.06,
    aheadMs: [0, 9_000, 15_000, 300_000, -12_000, -18_000, -24_000, -60_000],
  },
};
