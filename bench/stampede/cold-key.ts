// All clients request a page at once that is not cached.
import { counted, markdownTable } from "../load/figures.ts";
import { type Ground, latencies, latencyHead, measured, setOrigin, spread } from "./measured.ts";

const variants = [
  { path: "/cold", cacheControl: "max-age=600" },
  // This page is stale when it arrives, because the origin takes as long as the lifetime.
  { path: "/cold-and-short", cacheControl: "max-age=1" },
];

export async function coldKey(ground: Ground): Promise<string> {
  const rows: string[][] = [];
  for (const { path, cacheControl } of variants) {
    await setOrigin(ground, { delayMs: 1_000, cacheControl, isDown: false });
    for (const system of ground.systems) {
      const clients = spread(system, 500, () => ({ paths: [path], pace: "once" }));
      const { samples, requests } = await measured(ground, system, { clients });
      const cells = [`\`${cacheControl}\``, system.name, counted(requests.length)];
      rows.push([...cells, ...latencies(samples)]);
    }
  }
  return (
    "## A cold page\n\n500 clients at once, one page, an origin that takes 1 s.\n\n" +
    markdownTable(["", "", "origin requests", ...latencyHead], rows)
  );
}
