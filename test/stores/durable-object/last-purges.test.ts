// The rows that the SQLite of workerd reads to look up a record among purged targets.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Colo, startColo } from "../../../local/colo.ts";
import { namesCovering } from "../../../src/purge/journal/book.ts";
import type { RowsAsk } from "./last-purges-worker.ts";

let colo: Colo;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tidemark-purged-"));
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("last-purges-worker.ts", import.meta.url))],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    logLevel: "silent",
  });
  const worker = outputFiles[0]?.text ?? "";
  const shared = { objects: { PURGED: "Purged" }, host: "ROWS", folder };
  colo = await startColo({ name: "ROWS", worker, port: 0, env: {}, shared });
});

afterAll(async () => {
  await colo.stop();
  await rm(folder, { recursive: true });
});

/** The names of a record with 20 tags at a path of 15,000 characters and 1,900 slashes. */
const names = namesCovering({
  url: `https://a.example${"/deeper".repeat(1_900)}`.padEnd(15_000, "a"),
  route: "",
  tags: Array.from({ length: 20 }, (_, at) => `never-purged-${at}`),
});

it.each([1_000, 10_000, 100_000])(
  "a look-up reads at most four rows for each name, beside %i purged targets",
  async (purged) => {
    const ask: RowsAsk = { purged, names };
    const answer = await fetch(colo.url, { method: "POST", body: JSON.stringify(ask) });
    const { isCovered, rowsRead } = (await answer.json()) as Record<string, unknown>;
    expect(isCovered).toBe(false);
    expect(names.length).toBeLessThan(100);
    expect(rowsRead).toBeLessThanOrEqual(4 * names.length);
  },
);
