// Posts to random colos at random times, so that the pages of `switchedKind` bypass the cache or
// use it again. At the end, posts up to 20 times until these pages use the cache.
import { setTimeout as delay } from "node:timers/promises";
import type { Draws } from "../draws.ts";
import { pause } from "./fault.ts";
import { switchedKind } from "./checker/operations.ts";
import type { ReadFrom } from "./readers.ts";
import type { Recorder } from "./recorder.ts";
import { adminToken } from "./site-under-test.ts";

const tryTimeoutMs = 8_000;
/** Multiples of N above 1, so that the checker can judge reads between two posts. */
const pauses = [1.5, 5] as const;
const lastTriesMax = 20;

export async function switchOn(
  given: { colos: readonly ReadFrom[]; recorder: Recorder; maxLagMs: number },
  draws: Draws,
  isOver: () => boolean,
): Promise<void> {
  const { colos, recorder, maxLagMs } = given;
  let isBypassed = false;
  while (!isOver()) {
    if (await posted(draws.oneOf(colos), !isBypassed, recorder)) isBypassed = !isBypassed;
    await pause(pauses, { draws, maxLagMs });
  }
  for (let tries = 0; tries < lastTriesMax; tries += 1) {
    if (await posted(draws.oneOf(colos), false, recorder)) return;
    await delay(1_000);
  }
}

async function posted(colo: ReadFrom, isBypassed: boolean, recorder: Recorder): Promise<boolean> {
  const invokedAtMs = recorder.nowMs();
  const answer = await fetch(`${colo.url}/_cache/switch`, {
    method: "POST",
    headers: { authorization: `Bearer ${adminToken}` },
    body: JSON.stringify({ bypass: isBypassed ? [switchedKind] : false }),
    signal: AbortSignal.timeout(tryTimeoutMs),
  }).catch(() => undefined);
  await answer?.text().catch(() => undefined);
  const isAccepted = answer?.status === 200;
  const returnedAtMs = recorder.nowMs();
  recorder.switches.push({ colo: colo.name, isBypassed, invokedAtMs, returnedAtMs, isAccepted });
  return isAccepted;
}
