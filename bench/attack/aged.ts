// Attacks on a site with old pages, and the preparation of such a site. The stamps of old pages are
// older than the view of a new isolate, which reads epochs.
import { Draws } from "../../testing/draws.ts";
import type { Colo, ColoSettings } from "../../local/colo.ts";
import { adminToken, storesSettled } from "../../testing/worker/world.ts";
import { ask } from "../load/ask.ts";
import { type Asking, type Attack } from "./attack.ts";

/** Together, the purges take more memory than a view may, so a new isolate knows only the newest. */
const purgeCount = 20;
const tagsPerPurge = 5_500;
const atOnce = 8;
const waitTimeoutMs = 20_000;

const pageCount = 360;
const shares = { "old-pages": 0.3, "long-paths": 0.06, "many-segments": 0.06 };

/** Alternates paths that are too long for a stored response with the longest that are stored. */
const longPath = (nth: number): string =>
  `/noise/1024/${nth}/`.padEnd(nth % 2 === 0 ? 15_000 : 2_048, "long-");

const manySegments = (nth: number): string => `/noise/1024/${nth}`.padEnd(2_047, "/a");

const attackOf = (
  name: keyof typeof shares,
  stores: "redis" | "cloudflare",
  { said, path }: { readonly said: string; readonly path: (nth: number) => string },
): Attack => ({
  name: stores === "redis" ? name : `${name}-objects`,
  said: `${said}, with ${stores === "redis" ? "Redis" : "Durable Objects"}`,
  manner: "ask",
  rateShare: shares[name],
  asking: (nth: number): Asking => ({ path: path(nth % pageCount) }),
  aged: { stores, pageCount },
});

const old = "pages that are older than 100,000 purged tags";

export const agedAttacks: readonly Attack[] = (["redis", "cloudflare"] as const).flatMap(
  (stores) => [
    attackOf("old-pages", stores, { said: old, path: (nth) => `/noise/1024/${nth}` }),
    attackOf("long-paths", stores, { said: `${old}, with long paths`, path: longPath }),
    attackOf("many-segments", stores, { said: `${old}, with 1,000 segments`, path: manySegments }),
  ],
);

/** Stores the attacker's pages, purges 100,000 other tags, and starts a new isolate. */
export async function age(
  { asking, aged }: Attack,
  colo: Colo,
  settings: Pick<ColoSettings, "worker" | "env">,
): Promise<void> {
  const draws = new Draws(1);
  await someAtOnce(aged?.pageCount ?? 0, async (nth) => {
    const { path } = asking(nth, draws);
    // The second request stores the page in the shared tier.
    for (let at = 0; at < 2; at += 1) await ask(colo.url + path, {}, { waitTimeoutMs });
  });
  await storesSettled(colo);
  for (let nth = 0; nth < purgeCount; nth += 1) {
    const tags = Array.from({ length: tagsPerPurge }, (_, at) => `${nth}-${at}`);
    const { status } = await ask(
      `${colo.url}/_cache/purge`,
      { authorization: `Bearer ${adminToken}` },
      { method: "POST", body: JSON.stringify({ tags }), waitTimeoutMs },
    );
    if (status !== 200) throw new Error(`A purge before the attack got ${status}.`);
  }
  await colo.replaceWorker(settings);
}

async function someAtOnce(count: number, run: (nth: number) => Promise<void>): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    for (let nth = next++; nth < count; nth = next++) await run(nth);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}
