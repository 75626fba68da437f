// Questions before what cannot be undone, as a terminal asks them.
import { expect, it } from "vitest";
import { FakeUser } from "../fakes/fake-world.ts";
import { openReached, operatorEnv } from "../fakes/site-as-fetch.ts";

it.each([
  { name: "yes", input: "y", code: 0, posted: 1, says: "" },
  { name: "no", input: "n", code: 130, posted: 0, says: "The answer was no." },
  { name: "Enter, which is no", input: "\r", code: 130, posted: 0, says: "The answer was no." },
  { name: "Ctrl-C", input: "\u0003", code: 130, posted: 0, says: "It was interrupted." },
])("$name", async ({ input, code, posted, says }) => {
  const { fetch, asked } = openReached();
  const user = await FakeUser.at({ fetch, env: operatorEnv, isTty: true });
  const ran = await user.runs(["purge", "--everything"], { input });
  expect(ran.code).toBe(code);
  expect(ran.notes).toContain("Purge everything of");
  expect(ran.notes).toContain(says);
  expect(asked).toHaveLength(posted);
});
