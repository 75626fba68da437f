// Many clients request a page that expires repeatedly.
import { counted, markdownTable } from "../load/figures.ts";
import {
  type Ground,
  latencies,
  latencyHead,
  measured,
  setOrigin,
  spread,
  warm,
} from "./measured.ts";

const lifetimeSeconds = 3;
const pace = { thinkMsMin: 500, thinkMsMax: 1_000 };
/**
 * The duration of the load: at least five lifetimes, even if each begins a second after the
 * previous lifetime has ended.
 */
const durationMs = 21_000;

const variants = [
  { said: "plain", path: "/plain/page" },
  { said: "stale-while-revalidate", path: "/swr/page" },
  { said: "early refresh", path: "/early/page" },
];

export async function expiry(ground: Ground): Promise<string> {
  const cacheControl = `max-age=${lifetimeSeconds}`;
  await setOrigin(ground, { delayMs: 1_000, cacheControl, isDown: false });
  const rows: string[][] = [];
  for (const { said, path } of variants) {
    for (const system of ground.systems) {
      await warm(ground, system, [path]);
      const clients = spread(system, 500, () => ({ paths: [path], pace }));
      const { samples, requests } = await measured(ground, system, { clients, durationMs });
      const perLifetime = (requests.length * lifetimeSeconds * 1_000) / durationMs;
      const waited = samples.filter(({ tookMs }) => tookMs > 500).length;
      rows.push([
        said,
        system.name,
        `${counted(requests.length)} of ${counted(samples.length)}`,
        perLifetime.toFixed(1),
        ...latencies(samples),
        counted(waited),
      ]);
    }
  }
  const head = ["", "", "origin requests", `per ${lifetimeSeconds} s`, ...latencyHead];
  return (
    `## A page that expires\n\n500 clients for ${durationMs / 1_000} s, one page with ` +
    `\`${cacheControl}\`, an origin that takes 1 s. The bare Worker supports neither stale-while-revalidate nor early refresh.\n\n` +
    markdownTable([...head, "waited over 500 ms"], rows)
  );
}
