// The conditions in the worlds of write-behind: clock errors, and faults of messages, parties and
// servers.
import { fallMsMax } from "../../../src/write-behind/slice-times.ts";
import type { Weather } from "./parties-world.ts";

/**
 * - `steady`: messages overtake each other, and nothing fails.
 * - `lossy`: messages and answers are lost, repeated or late, and servers reject some messages.
 * - `killing`: as `lossy`, and parties are killed.
 * - `failing-over`: as `killing`, and Redis loses its last changes, and its clock falls back.
 * - `reviving`: as `lossy`, and Redis returns to a much older state.
 * - `corrected`: as `killing`, and the clocks of Redis, of a party or of all are set by a minute or an
 *   hour, forwards or back. The database may get a mark of the future.
 * - `skewed`: as `lossy`, and clocks of parties are wrong by up to five minutes. Redis's clock often
 *   falls back.
 */
export const behindKinds = [
  "steady",
  "lossy",
  "killing",
  "failing-over",
  "reviving",
  "skewed",
  "corrected",
] as const;
export type BehindKind = (typeof behindKinds)[number];

export interface Climate {
  readonly weather: Weather;
  /** The probability that a step kills a party. */
  readonly kill: number;
  /** The probability that Redis fails over in a step. */
  readonly failOver: number;
  /** The maximum number of newest states that a fail-over of Redis loses. */
  readonly lostMax: number;
  /** The maximum that any Redis server's clock is behind the true time. */
  readonly serverBehindMsMax: number;
  /** The probability that a step sets clocks. */
  readonly setClocks: number;
  /** The possible leads of a party's clock over the true time. */
  readonly aheadMs: readonly number[];
  /** The possible maximum pauses until the next event. */
  readonly quietMs: readonly number[];
}

export const calm: Weather = { lost: 0, twice: 0, refused: 0 };
const rough: Weather = { lost: 0.08, twice: 0.05, refused: 0.04 };
const steady: Climate = {
  weather: calm,
  kill: 0,
  failOver: 0,
  lostMax: 0,
  serverBehindMsMax: 0,
  setClocks: 0,
  aheadMs: [0, 0, 2_000, -2_000, 7_000, -8_000],
  quietMs: [100, 1_000, 3_000, 3_000, 10_000, 30_000],
};
const falling = { failOver: 0.04, serverBehindMsMax: fallMsMax };

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
  corrected: { ...steady, weather: rough, kill: 0.01, setClocks: 0.04 },
  skewed: {
    ...steady,
    weather: rough,
    serverBehindMsMax: falling.serverBehindMsMax,
    failOver: 0.06,
    aheadMs: [0, 9_000, 15_000, 300_000, -12_000, -18_000, -24_000, -60_000],
  },
};
