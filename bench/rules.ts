// Measures what a gate and `nonce()` add to a hit in memory: CPU time in this process, in turns.
//   npm run bench -- rules [--rounds 25]
// Needs parts: nonce.
import { parseArgs } from "node:util";
import { defineRule } from "../src/part/define-rule.ts";
import type { RoutePart } from "../src/part/port/part.ts";
import type { Rule } from "../src/part/port/rule.ts";
import { nonce } from "../src/parts/nonce/nonce.ts";
import { cc, page } from "../testing/fakes/origin-in-process.ts";
import { openSite } from "../testing/site/harness.ts";
import { machineSaid, markdownTable, median, medianInterval } from "./load/figures.ts";

const hitCount = 400;
const own = "bm9uY2Utb2YtdGhlLW9yaWdpbg";

/** A page of HTML with twenty scripts. */
function htmlOf(bytes: number): string {
  const part = `<script nonce="${own}"></script>${"<p>A sentence of the page.</p>".repeat(bytes / 20 / 30)}`;
  return part.repeat(20).slice(0, bytes);
}

const gateOf = (admits: NonNullable<Rule["admits"]>): RoutePart =>
  defineRule({ name: "gate", checks: { headers: ["authorization"] }, admits });

const bytesOf = (text: string) => new TextEncoder().encode(text);
const key = crypto.subtle.importKey(
  "raw",
  bytesOf("key"),
  { name: "HMAC", hash: "SHA-256" },
  false,
  ["sign", "verify"],
);
const signature = await crypto.subtle.sign("HMAC", await key, bytesOf("client"));

interface Row {
  readonly title: string;
  readonly bytes: number;
  readonly use: RoutePart[];
  /** The row to compare with, and the demand. */
  readonly to?: string;
  readonly ratioMax?: number;
  readonly addsMsMax?: number;
}

const rows: readonly Row[] = [
  { title: "a hit, 1 KiB", bytes: 1_024, use: [] },
  {
    title: "a gate that compares, 1 KiB",
    bytes: 1_024,
    use: [gateOf(({ headers }) => (headers.get("authorization") === "a" ? "checked" : undefined))],
    to: "a hit, 1 KiB",
    ratioMax: 1.3,
  },
  {
    title: "a gate that awaits a known value, 1 KiB",
    bytes: 1_024,
    use: [
      gateOf(async ({ headers }) => {
        const isKnown = await Promise.resolve(headers.get("authorization") === "a");
        return isKnown ? "checked" : undefined;
      }),
    ],
    to: "a hit, 1 KiB",
  },
  {
    title: "a gate with HMAC, 1 KiB",
    bytes: 1_024,
    use: [
      gateOf(async () => {
        const isRight = await crypto.subtle.verify("HMAC", await key, signature, bytesOf("client"));
        return isRight ? "checked" : undefined;
      }),
    ],
    to: "a hit, 1 KiB",
  },
  { title: "a hit, 100 KB", bytes: 100_000, use: [] },
  {
    title: "nonce(), 100 KB",
    bytes: 100_000,
    use: [nonce()],
    to: "a hit, 100 KB",
    addsMsMax: 2,
  },
];

/** Opens a site with a stored page, and returns a function that measures its hits, in µs of CPU each. */
async function opened({ bytes, use }: Row): Promise<() => Promise<number>> {
  const fields = cc("max-age=3600, s-maxage=3600", {
    etag: '"e"',
    "content-security-policy": `script-src 'nonce-${own}'`,
  });
  const html = htmlOf(bytes);
  const routes = [{ name: "pages", match: "*", use }];
  const site = openSite({ config: { routes }, origin: () => page(html, fields) });
  const headers = use.some(({ name }) => name === "gate") ? { authorization: "a" } : {};
  await site.get("/", { headers });
  return async () => {
    const before = process.cpuUsage();
    for (let nth = 0; nth < hitCount; nth += 1) {
      const answer = await site.ask("/", { headers });
      if (answer.headers.get("cache-status")?.includes("; hit") !== true)
        throw new Error(`No hit: ${answer.status} ${answer.headers.get("cache-status")}`);
      await answer.arrayBuffer();
    }
    const { user, system } = process.cpuUsage(before);
    return (user + system) / hitCount;
  };
}

const { values } = parseArgs({ options: { rounds: { type: "string", default: "25" } } });
const roundCount = Number(values.rounds);
const runs = await Promise.all(rows.map(opened));
const times: number[][] = rows.map(() => []);
// The first rounds are not counted: their code is not yet compiled.
for (let round = -3; round < roundCount; round += 1) {
  for (let step = 0; step < runs.length; step += 1) {
    const at = (round + 3 + step) % runs.length;
    // No row pays for the garbage of the row before.
    globalThis.gc?.();
    const took = (await runs[at]?.()) ?? NaN;
    if (round >= 0) times[at]?.push(took);
  }
}
const missed: string[] = [];
const lines = rows.map(({ title, to, ratioMax = Infinity, addsMsMax = Infinity }, at) => {
  const taken = times[at] ?? [];
  const base = times[rows.findIndex((row) => row.title === to)];
  if (base === undefined) return [title, median(taken).toFixed(1), "", ""];
  const ratios = taken.map((took, round) => took / (base[round] ?? NaN));
  const added = median(taken.map((took, round) => took - (base[round] ?? NaN)));
  if (medianInterval(ratios)[0] > ratioMax) missed.push(`${title}: more than ${ratioMax} × ${to}`);
  if (added > 1_000 * addsMsMax) missed.push(`${title}: adds more than ${addsMsMax} ms`);
  const interval = medianInterval(ratios).map((ratio) => ratio.toFixed(2));
  return [
    title,
    median(taken).toFixed(1),
    added.toFixed(1),
    `${median(ratios).toFixed(2)} (${interval.join("–")})`,
  ];
});
process.stdout.write(`${machineSaid()}; ${roundCount} rounds of ${hitCount} hits.\n\n`);
process.stdout.write(
  markdownTable(["", "CPU per hit, µs", "adds, µs", "ratio to the hit without"], lines),
);
if (missed.length > 0) {
  process.exitCode = 1;
  process.stdout.write(`\nNot reached: ${missed.join("; ")}.\n`);
}
