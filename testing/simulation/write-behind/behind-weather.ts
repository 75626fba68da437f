// What the worlds of write-behind are like: what befalls messages, parties and servers, and how wrong clocks
// are.
import { usualTimes } from "../../../src/write-behind/slice-times.ts";
import type { Weather } from "./parties-world.ts";

/**
 * `steady`: everything overtakes everything, and nothing fails. `lossy`: messages and answers are lost, come
 * twice or late, and servers refuse. `killing`: parties are killed as well. `failing-over`: Redis loses what it
 * accepted last, and its clock falls back. `reviving`: Redis comes back as it was long ago. `skewed`: clocks of
 * isolates are wrong by up to minutes.
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
  /** For each step. */
  readonly kill: number;
  readonly failOver: number;
  /** How many of the last changes of its state Redis loses at most. */
  readonly lostMax: number;
  /** How far a server's clock may be behind: it falls back by that at most, however many take over. */
  readonly serverBehindMsMax: number;
  readonly aheadMs: readonly number[];
  /** How long it takes at most until something happens again. */
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
