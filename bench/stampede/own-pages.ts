// All clients request a `private` page at once. Counts clients that get the page of another client,
// and measures whether clients wait for each other.
import { counted, markdownTable } from "../load/figures.ts";
import { type Ground, latencies, latencyHead, measured, setOrigin, spread } from "./measured.ts";

const variants = [
  { said: "a session cookie for each client", path: "/account", hasCookie: true },
  { said: "no cookie", path: "/anonymous", hasCookie: false },
];

export async function ownPages(ground: Ground): Promise<string> {
  await setOrigin(ground, { delayMs: 1_000, cacheControl: "private", isDown: false });
  const rows: string[][] = [];
  for (const { said, path, hasCookie } of variants) {
    for (const system of ground.systems) {
      const clients = spread(system, 500, (at) => ({
        paths: [path],
        pace: "once",
        ...(hasCookie ? { cookie: `session=s${at}` } : {}),
      }));
      const { samples, requests } = await measured(ground, system, { clients });
      const foreign = samples.filter(({ outcome }) => outcome === "foreign").length;
      const cells = [said, system.name, counted(requests.length), ...latencies(samples)];
      rows.push([...cells, counted(foreign)]);
    }
  }
  return (
    "## A private page\n\n500 clients at once, one URL with `private`, an origin that takes " +
    "1 s. *max* is the longest time that a client waited.\n\n" +
    markdownTable(["", "", "origin requests", ...latencyHead, "another client's page"], rows)
  );
}
