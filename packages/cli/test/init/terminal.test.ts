// Tests the prompts of `tidemark init` on a terminal.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { expect, it, vi } from "vitest";
import { main } from "../../src/main.ts";
import { FakeUser } from "../fakes/fake-world.ts";
import { reaching } from "./reached-origin.ts";
import { staticSite } from "./sites/static-site.ts";

const origin = "https://static.test";

it("init asks for the origin", async () => {
  const user = await FakeUser.at({ ...reaching(origin, staticSite), isTty: true });
  const ran = await user.runs(["init", "--dry-run"], { input: `${origin}\r` });
  expect(ran.code).toBe(0);
  expect(ran.notes).toContain("Which site should be cached?");
  expect(ran.out).toContain(`Sets which pages of ${origin} are cached`);
});

it.each(["a signal", "the end of the input"])(
  "%s ends the question for the origin",
  async (ending) => {
    const user = await FakeUser.at({ isTty: true });
    const { world, notes, interrupt } = user.world(["init"]);
    const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => undefined });
    const ended = main({ ...world, input });
    await vi.waitFor(() => expect(notes.text).toContain("Which site should be cached?"), 60_000);
    if (ending === "a signal") interrupt();
    else input.end();
    expect(await ended).toBe(130);
  },
);

it("init asks for the region of the Durable Objects, and --yes leaves it open", async () => {
  const down = "\u001B[B";
  for (const [args, place] of [
    [[], '{ locationHint: "wnam" }'],
    [["--yes"], ""],
  ] as const) {
    const user = await FakeUser.at({ ...reaching(origin, staticSite), isTty: true });
    const ran = await user.runs(["init", origin, ...args], { input: [down, "\r"] });
    expect(ran.code).toBe(0);
    expect(ran.notes.includes("Where are most visitors?")).toBe(args.length === 0);
    const worker = await readFile(join(user.folder, "src/worker.ts"), "utf8");
    expect(worker).toContain(`durableObjects(${place})`);
  }
});

it.each([
  { answer: "y", code: 0, begins: "//" },
  { answer: "n", code: 130, begins: "mine" },
])(
  "init asks before it replaces a file, and obeys the answer $answer",
  async ({ answer, code, begins }) => {
    const user = await FakeUser.at({ ...reaching(origin, staticSite), isTty: true });
    const path = join(user.folder, "tidemark.config.ts");
    await writeFile(path, "mine");
    const ran = await user.runs(["init", origin], { input: ["\r", answer] });
    expect(ran.notes).toContain("Replace tidemark.config.ts?");
    expect(ran.code).toBe(code);
    expect((await readFile(path, "utf8")).startsWith(begins)).toBe(true);
  },
);
