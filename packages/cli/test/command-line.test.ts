// Command lines that are refused, and how failures are told.
import { describe, expect, it } from "vitest";
import { main } from "../src/main.ts";
import { OutputClosed } from "../src/world.ts";
import { FakeUser } from "./fakes/fake-world.ts";
import { mistypedRows } from "./mistyped-rows.ts";
import { openReached, operatorEnv } from "./fakes/site-as-fetch.ts";

async function atSite() {
  const { fetch, asked } = openReached();
  return { user: await FakeUser.at({ fetch, env: operatorEnv }), asked, fetch };
}

describe("what is mistyped sends nothing, and ends with 2", () => {
  it.each(mistypedRows)("$name", async ({ args, env = {} }) => {
    const { user, asked } = await atSite();
    const { code, notes, out } = await user.runs(args, { env: { ...operatorEnv, ...env } });
    expect({ code, asked }).toEqual({ code: 2, asked: [] });
    expect(notes).not.toBe("");
    const hasError = args.includes("--json");
    expect(hasError ? Object.keys(JSON.parse(out)) : out).toEqual(hasError ? ["error"] : "");
  });
});

const taken = [
  { name: "a value with a dash, behind =", args: ["--tag=-a"], targets: { tags: 1 } },
  { name: "a single dash as a value", args: ["--tag", "-"], targets: { tags: 1 } },
  { name: "--yes twice", args: ["--everything", "--yes", "--yes"], targets: { everything: true } },
  { name: "short names", args: ["-t", "a", "-u", "/b"], targets: { tags: 1, urls: 1 } },
] as const;

describe("what is taken", () => {
  it.each(taken)("$name", async ({ args, targets }) => {
    const { user } = await atSite();
    const { code, out } = await user.runs(["--json", "purge", ...args]);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ targets });
  });
});

const secrets = ["--token=hush-1", "--admin-token=hu'sh-1", "--Secret=hush-1", "--bearer=hush-1"];

it.each(["--header=authorization: Bearer hush-1", "--apikey=hu'=sh-1\nb", "-k=hush-1"])(
  "does not repeat what stands behind an unknown option: %s",
  async (arg) => {
    const { user } = await atSite();
    const { code, out, notes } = await user.runs(["purge", "--tag", "a", "--json", arg]);
    expect(code).toBe(2);
    expect(out + notes).not.toContain("sh-1");
  },
);

it.each(secrets)("does not repeat a secret: %s", async (arg) => {
  const { user } = await atSite();
  const { code, out, notes } = await user.runs(["purge", "--tag", "a", "--json", arg]);
  expect(code).toBe(2);
  expect(out + notes).not.toContain("sh-1");
  expect(notes).toContain("TIDEMARK_TOKEN");
});

it("leaves what stands behind -- to the command", async () => {
  const { user } = await atSite();
  const { code, out } = await user.runs(["complete", "--", "purge", "-tag", "--tag", "--ev"]);
  expect({ code, out }).toEqual({ code: 0, out: ":4\n" });
});

it("tells a refusal as JSON with --json", async () => {
  const { user } = await atSite();
  const ran = await user.runs(["purge", "--tagg", "a", "--json"]);
  const { error } = JSON.parse(ran.out);
  expect(error).toMatchObject({ code: "usage", why: expect.stringMatching(/^unknown option/) });
});

describe("a failure that nobody foresaw", () => {
  const ran = async (args: readonly string[], env = {}) => {
    const user = await FakeUser.at({ env });
    const { world, output, notes } = user.world(args);
    const home = undefined as unknown as string;
    return { code: await main({ ...world, home }), out: output.text, notes: notes.text };
  };

  it("is told without a stack, and ends with 1", async () => {
    const { code, out, notes } = await ran(["health", "--json"]);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ error: { code: "failed" } });
    expect(notes).toContain("TIDEMARK_DEBUG=1");
    expect(notes).not.toContain("    at ");
  });

  it("is told with its stack if TIDEMARK_DEBUG is set", async () => {
    expect((await ran(["health"], { TIDEMARK_DEBUG: "1" })).notes).toContain("    at ");
  });
});

it("shows no control character of an answer", async () => {
  const reason = "\u001b]0;owned\u0007\u009b2J";
  const entry = { position: "1-0", at: null, by: "admin", id: "", mode: "hard", reason };
  const tags = ["\u001b[2Ja"];
  const fetch = async () => Response.json({ entries: [{ ...entry, tags }], next: null });
  const user = await FakeUser.at({ fetch, env: operatorEnv });
  const { out } = await user.runs(["journal"]);
  // oxlint-disable-next-line no-control-regex
  expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  expect(out).toContain("purges tags \ufffd[2Ja");
});

it("ends without a word once nobody reads stdout", async () => {
  const interruption = new AbortController();
  const fetch = async () => {
    interruption.abort(new OutputClosed());
    throw new TypeError("fetch failed");
  };
  const user = await FakeUser.at({ fetch, env: operatorEnv });
  const { world, notes } = user.world(["health"]);
  expect(await main({ ...world, interrupted: interruption.signal })).toBe(141);
  expect(notes.text).toBe("");
});
