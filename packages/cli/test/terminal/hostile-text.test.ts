// Tests all commands with a site that puts an attack on terminals into every text. The output must
// contain neither control sequences nor forged lines of the site.
import { symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { main } from "../../src/main.ts";
import { FakeUser } from "../fakes/fake-world.ts";
import { operatorEnv, siteUrl } from "../fakes/site-as-fetch.ts";
import { type Answer, evil, honestForm, sites } from "./hostile-site.ts";

const commands: readonly (readonly string[])[] = [
  ["purge", "--tag", "a"],
  ["purge", "--tag", `a,${evil}`, "--reason", evil],
  ["purge", "--tag", "a", "--dry-run"],
  ["purge", "--everything", "--yes"],
  ["stats"],
  ["stats", "--isolate"],
  ["health"],
  ["journal"],
  ["switch"],
  ["switch", "on", evil],
  ["outward"],
  ["outward", "deliver", evil],
  ["outward", "skip", evil, "--yes"],
  ["explain", "/a"],
  ["warm", "--within", "--list", "-"],
  ["warm", "/a", `/${evil}`],
  ["warm", "--sitemap", `${siteUrl}/sitemap.xml`],
  ["warm", "--list", evil],
  ["doctor", "--page", "/"],
  ["init", siteUrl, "--dry-run"],
  ["init", siteUrl, "--out", evil, "--region", "weur"],
  ["health", "--site", evil],
  [evil],
  [`--${evil}`],
  [`--json=${evil}`],
  ["journal", "--last", evil],
];

/** The command lines as text, and their words. */
const titled = commands.map(
  (words) => [words.join(" ").replaceAll(evil, "ATTACK"), words] as const,
);

const own = {
  tty: { isTty: true, env: operatorEnv },
  "tty without colours": { isTty: true, env: { ...operatorEnv, NO_COLOR: "1" } },
  pipe: { isTty: false, env: { ...operatorEnv, TIDEMARK_DEBUG: "1" } },
} as const;

// The command's own styles, and the sequence that clears its progress line.
// oxlint-disable-next-line no-control-regex
const ours = /\u001b\[(?:[12]|22|3[1-79]|9[1-7])m|\r\u001b\[2K/g;
const obeyed = /(?!\t|\n)\p{Cc}|[\p{Zl}\p{Zp}\p{Bidi_Control}]/u;

const forged = /^(?: {2})?FORGED.*/m;
const red = "\u001b[31mred";

/** @returns the parts of the attack that the text contains */
function harmIn(text: string, { isForgeable = false } = {}): unknown[] {
  const obeyedIn = obeyed.exec(text.replace(ours, ""));
  const forgedIn = isForgeable ? null : forged.exec(text);
  return [obeyedIn, forgedIn, text.includes(red) ? red : null].filter((one) => one !== null);
}

async function userAt(answer: Answer, changed: (typeof own)[keyof typeof own]) {
  const reach: typeof fetch = async (input, init) =>
    answer(new URL(input instanceof Request ? input.url : String(input)), init);
  // The input answers no to a question, and contains the attack as a list.
  const user = await FakeUser.at({ fetch: reach, input: `n/a\n${evil}`, ...changed });
  return {
    folder: user.folder,
    /** Runs the command. A pause ends at once, and advances the clock. */
    runs: async (args: readonly string[]) => {
      const { world, output, notes } = user.world(args);
      let atMs = world.nowAtMs();
      const sleep = async (ms: number) => void (atMs += ms);
      await main({ ...world, sleep, nowAtMs: () => atMs });
      return { out: output.text, notes: notes.text };
    },
  };
}

describe.each(sites)("a site that $name", ({ answer }) => {
  it.each(titled)(
    "cannot put control sequences or forged lines into the output of `tidemark %s`",
    async (_line, args) => {
      for (const [where, settings] of Object.entries(own)) {
        const user = await userAt(answer, settings);
        const { out, notes } = await user.runs(args);
        // explain prints a text of several lines that the site wrote.
        expect(harmIn(out, { isForgeable: args[0] === "explain" })).toEqual([]);
        // With TIDEMARK_DEBUG, the source of an error is indented below the message.
        const untraced = where === "pipe" ? notes.replace(/^ {2}.*\n/gm, "") : notes;
        expect(harmIn(untraced)).toEqual([]);
      }
    },
  );

  it.each(titled)("cannot break the JSON output of `tidemark %s`", async (_line, args) => {
    if (args[0]?.startsWith("comple") === true) return;
    const user = await userAt(answer, own.pipe);
    const [first = "", ...others] = args;
    const { out } = await user.runs([first, ...others, "--json"]);
    expect(out).not.toMatch(obeyed);
    for (const line of out.split("\n").slice(0, -1)) expect(() => JSON.parse(line)).not.toThrow();
  });
});

it("doctor and init print no control sequences from names and links in a folder", async () => {
  const user = await userAt(honestForm, own.tty);
  const wrangler = {
    name: evil,
    main: evil,
    vars: { [evil]: evil },
    kv_namespaces: [{ binding: evil }],
    r2_buckets: [{ binding: evil }],
  };
  await writeFile(join(user.folder, "wrangler.json"), JSON.stringify(wrangler));
  await symlink(evil, join(user.folder, ".dev.vars"));
  for (const args of [["doctor"], ["init", siteUrl, "--region", "weur"]]) {
    const { out, notes } = await user.runs(args);
    expect(harmIn(out + notes)).toEqual([]);
  }
});
