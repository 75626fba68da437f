// Tests the confirmation before a purge of everything on a terminal.
import { PassThrough } from "node:stream";
import { expect, it, vi } from "vitest";
import { main } from "../../src/main.ts";
import { FakeUser } from "../fakes/fake-world.ts";
import { openReached, operatorEnv } from "../fakes/site-as-fetch.ts";

it.each([
  { name: "yes", input: "y", code: 0, posted: 1, says: "" },
  { name: "no", input: "n", code: 130, posted: 0, says: "The answer was no." },
  { name: "Enter, which is no", input: "\r", code: 130, posted: 0, says: "The answer was no." },
  { name: "Ctrl-C", input: "\u0003", code: 130, posted: 0, says: "It was interrupted." },
  { name: "Ctrl-D", input: "\u0004", code: 130, posted: 0, says: "It was interrupted." },
  { name: "the end of stdin", input: "", code: 130, posted: 0, says: "It was interrupted." },
])(
  "a purge of everything obeys the answer to its confirmation: $name",
  async ({ input, code, posted, says }) => {
    const { fetch, asked } = openReached();
    const user = await FakeUser.at({ fetch, env: operatorEnv, isTty: true });
    const ran = await user.runs(["purge", "--everything"], { input });
    expect(ran.code).toBe(code);
    expect(ran.notes).toContain("Purge everything of");
    expect(ran.notes).toContain(says);
    expect(asked).toHaveLength(posted);
  },
);

it("a signal during the confirmation ends the command, and nothing is purged", async () => {
  const { fetch, asked } = openReached();
  const user = await FakeUser.at({ fetch, env: operatorEnv, isTty: true });
  const { world, notes, interrupt } = user.world(["purge", "--everything"]);
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => undefined });
  const ended = main({ ...world, input });
  await vi.waitFor(() => expect(notes.text).toContain("Purge everything of"), 60_000);
  interrupt();
  expect(await ended).toBe(130);
  expect(asked).toEqual([]);
});
