// Tests `tidemark simulate` in the folder of a site: its output, suggestions and refusals.
import { execFileSync } from "node:child_process";
import { appendFileSync } from "node:fs";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import { root } from "../../../../local/bundling.ts";
import { main } from "../../src/main.ts";
import { FakeUser } from "../fakes/fake-world.ts";

const configured = (routes: string, general = "") =>
  `import { defineConfig } from "tidemark";\nexport default defineConfig({ ${general} routes: [${routes}] });\n`;

async function userWith(config = configured('{ name: "all", match: "*", fresh: "10s" }')) {
  const user = await FakeUser.at();
  await symlink(join(root, "src"), join(user.folder, "src"));
  const write = (name: string, text: string) => writeFile(join(user.folder, name), text);
  await write("tidemark.config.ts", config);
  await write("access.log", logOf(200));
  return { user, write };
}

/** Returns a log of a request every three seconds, for two pages in turn. */
function logOf(count: number): string {
  const lineOf = (nth: number) => {
    const at = new Date(Date.UTC(2026, 10, 1) + 3_000 * nth).toISOString();
    const time = `01/Nov/2026:${at.slice(11, 19)} +0000`;
    return `192.0.2.1 - - [${time}] "GET /${nth % 2}?mkt_tok=${nth} HTTP/1.1" 200 1000\n`;
  };
  return Array.from({ length: count }, (_, nth) => lineOf(nth)).join("");
}

it("simulate prints the figures, the routes and what it assumed", async () => {
  const { user } = await userWith(
    configured('{ name: "all", match: "*", fresh: "10s", query: { allow: [] } }'),
  );
  const { code, out, notes } = await user.runs(["simulate", "access.log"]);
  expect({ code, notes }).toEqual({ code: 0, notes: "" });
  // Each page is requested every six seconds, and fresh for ten: every second request is a miss.
  expect(out).toMatch(/^access.log: 200 requests in 0.17 hours, in the format common$/m);
  expect(out).toMatch(/^hit rate +50.0 %$/m);
  expect(out).toMatch(/^origin requests +100$/m);
  expect(out).toMatch(/^all +200 +50.0 % +50.0 % +0 /m);
  expect(out).toMatch(/^50 {2}\/0$/m);
  expect(out).toContain("- 200 requests: The log has no host, so it is www.example.com.");
});

it("simulate names the parts and rules that it does not run", async () => {
  const part = '{ kind: "route", name: "mine", traits: {}, contents: {} }';
  const route = `{ name: "all", match: "*", fresh: "10s", use: [${part}] }`;
  const parted = configured(route, 'parts: [{ kind: "site", name: "other", contents: {} }],');
  const { user, write } = await userWith();
  expect((await user.runs(["simulate", "access.log"])).out).not.toContain("Not simulated");
  await write("parted.config.ts", parted);
  for (const options of [
    ["--config", "parted.config.ts"],
    ["--against", "parted.config.ts"],
  ]) {
    const { out } = await user.runs(["simulate", "access.log", ...options]);
    expect(out).toContain("- Not simulated, because no part of a site runs: mine, other.");
  }
});

it("simulate runs the phases of rules that need a request alone, and names the others", async () => {
  const rules = `[
    defineRule({ name: "buckets", keyed: { "x-bucket": () => "b" }, fails: () => true }),
    defineRule({ name: "moved", admits: ({ path }) => path === "/0" ? new Response(null, { status: 302 }) : undefined }),
    defineRule({ name: "waits", admits: async () => { throw new Error("It ran."); } }),
    defineRule({ name: "late", admits: () => Promise.resolve(undefined) }),
    defineRule({ name: "secret", admits: (_, { secret }) => secret("KEY") && undefined }),
    defineRule({ name: "gate", checks: { cookies: ["pass"] }, admits: () => new Response("no", { status: 401 }) }),
  ]`;
  const config = configured(`{ name: "all", match: "*", fresh: "10s", use: ${rules} }`);
  const { user } = await userWith(`import { defineRule } from "tidemark";\n${config}`);
  const { out } = await user.runs(["simulate", "access.log"]);
  expect(out).toContain("- Rules that ran: buckets (keyed), moved (admits).");
  expect(out).toMatch(
    /- Rules that did not run, because .*: buckets \(fails\), waits \(admits\), late \(admits\), secret \(admits\), gate \(admits\)\./,
  );
  expect(out).not.toContain("no part of a site runs");
  // Half of the requests are for /0, which the rule answers.
  expect(out).toMatch(/^all +200 +.* 100 +[\d.]+ MiB$/m);
});

it("simulate says first what it assumed if there are no hits", async () => {
  const { user } = await userWith(configured('{ name: "all", match: "*" }'));
  const { out } = await user.runs(["simulate", "access.log"]);
  expect(out).toMatch(/^hit rate +0.0 %$/m);
  expect(out.indexOf("Set one with --fresh")).toBeLessThan(out.indexOf("hit rate"));
  expect(out.match(/^Assumed$/gm)).toHaveLength(1);
});

it("simulate shows the bill of a month at the rate of a log of an hour", async () => {
  const { user, write } = await userWith();
  await write("access.log", logOf(1_201));
  const { out } = await user.runs(["simulate", "access.log"]);
  expect(out).toMatch(/^a month at this rate: requests +864,720$/m);
  // Each request has a parameter of its own: a lookup and a write for each, and a read of the journal.
  expect(out).toMatch(/^ {2}dollars, all in Redis +\$\d+\.\d\d$/m);
});

it("simulate --against shows another configuration beside the first", async () => {
  const { user, write } = await userWith(
    configured('{ name: "all", match: "*", fresh: "10s", query: { allow: [] } }'),
  );
  await write(
    "other.config.ts",
    configured('{ name: "all", match: "*", fresh: "1h", query: { allow: [] } }'),
  );
  const { out } = await user.runs(["simulate", "access.log", "--against", "other.config.ts"]);
  expect(out).toMatch(/^hit rate +50.0 % +99.0 % +\+49.0 points$/m);
  expect(out).toMatch(/^origin requests +100 +2 +-98$/m);
});

it("simulate names the faulty configuration of two", async () => {
  const { user, write } = await userWith();
  await write("other.config.ts", configured('{ name: "all", match: "*", fresh: "soon" }'));
  const ran = await user.runs(["simulate", "access.log", "--against", "other.config.ts"]);
  expect([ran.code, ran.notes]).toEqual([1, expect.stringContaining("/other.config.ts: ")]);
});

it("simulate --suggest shows only the changes that help, as configuration", async () => {
  const { user } = await userWith();
  const { out } = await user.runs(["simulate", "access.log", "--suggest", "--json"]);
  const { suggestions } = JSON.parse(out) as {
    suggestions: { what: string; snippet: string; hitRatePoints: number }[];
  };
  expect(suggestions.map(({ snippet }) => snippet)).toEqual([
    'key: { query: { strip: ["mkt_tok"] } }',
    '{ name: "all", …, tiers: ["memory", "edge"] }',
  ]);
  expect(suggestions[0]?.hitRatePoints).toBeCloseTo(50);
});

it("simulate --suggest reads the same lines of a log that grows", async () => {
  const { user } = await userWith();
  const listen = Reflect.get(AbortSignal.prototype, "addEventListener") as (
    ...of: unknown[]
  ) => void;
  // Each reading begins with a listener for interruptions.
  const listening = vi.spyOn(AbortSignal.prototype, "addEventListener");
  listening.mockImplementation(function grows(this: AbortSignal, ...given: unknown[]) {
    appendFileSync(join(user.folder, "access.log"), logOf(200));
    listen.apply(this, given);
  });
  onTestFinished(() => listening.mockRestore());
  const { out } = await user.runs(["simulate", "access.log", "--suggest", "--json"]);
  const { lines, suggestions } = JSON.parse(out) as { lines: object; suggestions: object[] };
  expect(lines).toMatchObject({ requests: 200 });
  expect(suggestions).toHaveLength(2);
});

it("simulate --suggest refuses a pipe", async () => {
  const { user } = await userWith();
  execFileSync("mkfifo", [join(user.folder, "pipe")]);
  const { code, notes } = await user.runs(["simulate", "pipe", "--suggest"]);
  expect([code, notes]).toEqual([2, expect.stringContaining("a pipe can be read only once")]);
});

it("simulate reads stdin, and prints JSON", async () => {
  const { user } = await userWith();
  const { code, out } = await user.runs(["simulate", "-", "--json"], { input: logOf(10) });
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({
    log: "stdin",
    lines: { requests: 10 },
    policies: [{ requests: 10, hitRate: 0 }],
  });
});

/** Installs a package with this text as its rules. */
async function userWithPackage(rules: string) {
  const user = await FakeUser.at();
  const inFolder = (name: string) => join(user.folder, name);
  await mkdir(inFolder("node_modules/tidemark"), { recursive: true });
  const exports = { "./worker": "./worker.js", "./rules": "./rules.js" };
  await writeFile(inFolder("node_modules/tidemark/package.json"), JSON.stringify({ exports }));
  const worker = "export const createWorker = () => undefined;";
  await writeFile(inFolder("node_modules/tidemark/worker.js"), worker);
  await writeFile(inFolder("node_modules/tidemark/rules.js"), rules);
  const purge = { renewalLagMs: 10_000, allowanceMs: 1_000 };
  await writeFile(
    inFolder("tidemark.config.js"),
    `export default ${JSON.stringify({ purge, parts: [], routes: [] })};`,
  );
  await writeFile(inFolder("access.log"), logOf(3));
  return user;
}

it("simulate replays the log with the package that the folder has installed", async () => {
  const user = await userWithPackage(`
    const shared = { reads: 0, found: 0, writes: 0, rows: 0, bytes: 0 };
    const counts = { shared, coloCount: 1, isolateCount: 1, evictedCount: 0 };
    const play = () => ({ route: "of the package", outcome: "hit" });
    export const openReplay = async () => ({ ...counts, play });`);
  const { code, out } = await user.runs(["simulate", "access.log"]);
  expect([code, out]).toEqual([0, expect.stringMatching(/^of the package +3 +100.0 %/m)]);
});

it("simulate names an installed package that is too old", async () => {
  const user = await userWithPackage("export const storingOf = () => undefined;");
  const { code, notes } = await user.runs(["simulate", "access.log"]);
  expect([code, notes]).toEqual([1, expect.stringContaining("has no openReplay. Install the ver")]);
});

it.each([
  ["a log that is missing", ["none.log"], 1, "none.log cannot be read."],
  ["a folder", ["."], 1, ". cannot be read."],
  [
    "a configuration that is missing",
    ["access.log", "--config", "none.ts"],
    1,
    "There is no such file.",
  ],
  ["suggestions for stdin", ["-", "--suggest"], 2, "stdin can be read only once"],
  ["an unknown format", ["tidemark.config.ts"], 2, "is in an unknown format."],
  ["a host with a path", ["access.log", "--host", "a.example/b"], 2, "Write it like www.example"],
  ["a lifetime without a unit", ["access.log", "--fresh", "5"], 2, "The command line is invalid"],
])("simulate refuses %s", async (_name, args, code, why) => {
  const { user } = await userWith();
  const ran = await user.runs(["simulate", ...args, "--json"]);
  expect(ran.code).toBe(code);
  expect(ran.out).toContain(why);
});

it("simulate names the file that a folder without a configuration lacks", async () => {
  const user = await FakeUser.at();
  const { code, notes } = await user.runs(["simulate", "access.log"]);
  expect([code, notes]).toEqual([2, expect.stringContaining("has no tidemark.config.ts. Pass --")]);
});

it("simulate accepts an empty log", async () => {
  const { user, write } = await userWith();
  await write("empty.log", "");
  const { code, out } = await user.runs(["simulate", "empty.log"]);
  expect([code, out]).toEqual([0, "empty.log: 0 requests in 0.00 hours, in the format common\n"]);
});

it("simulate ends when it is interrupted", async () => {
  const { user } = await userWith();
  const { world, output, interrupt } = user.world(["simulate", "access.log"]);
  interrupt();
  expect([await main(world), output.text]).toEqual([130, ""]);
});
