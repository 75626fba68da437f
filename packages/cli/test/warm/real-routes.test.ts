// Tests `tidemark warm --within` with the operator's route of the real application.
import { expect, it } from "vitest";
import type { OperatorAnswer } from "../../../../src/protocol/answers.ts";
import { FakeUser } from "../fakes/fake-world.ts";
import { openReached, operatorEnv } from "../fakes/site-as-fetch.ts";

it("warm --within sends lists that the route accepts, even of the longest paths", async () => {
  const { fetch } = openReached({
    origin: () => new Response("page", { headers: { "cache-control": "max-age=600" } }),
  });
  const user = await FakeUser.at({ fetch, env: operatorEnv });
  const pathOf = (characters: number, at: number) =>
    `/a?q=${String(at).padStart(characters - "/a?q=".length, "x")}`;
  // Tidemark never stores paths of more than 2,048 bytes.
  const paths = Array.from({ length: 60 }, (_, at) => pathOf(at < 30 ? 8_192 : 2_048, at));
  const args = ["warm", "--within", "--list", "-", "--json"];
  const { code, out } = await user.runs(args, { input: paths.join("\n") });
  expect(code).toBe(0);
  expect(JSON.parse(out).results).toMatchObject({ warmed: 30, "passed-by": 30, failed: 0 });
});

it("warm --within fails if the Worker makes no progress", async () => {
  const told: OperatorAnswer<"warm"> = { done: [], next: 0, total: 1 };
  const user = await FakeUser.at({ fetch: async () => Response.json(told), env: operatorEnv });
  const { code, notes } = await user.runs(["warm", "/a", "--within"]);
  expect(code).toBe(1);
  expect(notes).toContain("its answers do not advance beyond 0");
});
