// All clients request a page at once that is not cached.
import { counted, markdownTable } from "../load/figures.ts";
import { type Ground, latencies, latencyHead, measured, setOrigin, spread } from "./measured.ts";

export async function coldKey(ground: Ground): Promise<string> {
  await setOrigin(ground, { delayMs: 1_000, cacheControl: "max-age=600", isDown: false });
  const rows: string[][] = [];
  for (const system of ground.systems) {
    const clients = spread(system, 500, () => ({ paths: ["/cold"], pace: "once" }));
    const { samples, requests } = await measured(ground, system, { clients });
    rows.push([system.name, counted(requests.length), ...latencies(samples)]);
  }
  return (
    "## A cold page\n\n500 clients at once, one page with `max-age=600`, an origin that takes 1 s.\n\n" +
    markdownTable(["", "origin requests", ...latencyHead], rows)
  );
}
