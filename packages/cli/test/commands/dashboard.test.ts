// Tests `tidemark dashboard`: the token that it prints, without a request.
import { expect, it } from "vitest";
import { FakeUser } from "../fakes/fake-world.ts";
import { adminToken, openReached, operatorEnv } from "../fakes/site-as-fetch.ts";

// The user has no network: a request would fail.
const user = () => FakeUser.at({ env: operatorEnv });

it("dashboard prints a token that the site accepts for reading alone", async () => {
  const { code, out, notes } = await (await user()).runs(["dashboard"]);
  expect(code).toBe(0);
  expect(notes).toBe(
    "Paste this token at https://www.example.com/_cache/. It can only read, until 2026-11-01T00:55:00.000Z.\n",
  );
  expect(out + notes).not.toContain(adminToken);
  const { site } = openReached();
  site.clock.advance((Date.UTC(2026, 10, 1) - site.clock.nowAtMs()) / 1_000);
  const headers = { authorization: `Bearer ${out.trim()}` };
  expect((await site.get("/_cache/stats", { headers })).status).toBe(200);
  const purge = { method: "POST", body: '{"everything":true}', headers };
  expect((await site.get("/_cache/purge", purge)).status).toBe(403);
});

it("dashboard --json names the page and the expiry", async () => {
  const args = ["dashboard", "--json", "--operator-path", "/_ops"];
  const { out } = await (await user()).runs([...args, "--site", "https://ops.example.com"]);
  expect(JSON.parse(out)).toEqual({
    url: "https://ops.example.com/_ops/",
    token: expect.stringMatching(/^tm1\.read\./) as string,
    expires: "2026-11-01T00:55:00.000Z",
  });
});

it("dashboard without a token exits with 2", async () => {
  const nobody = await FakeUser.at({ env: { TIDEMARK_SITE: operatorEnv.TIDEMARK_SITE } });
  const { code, out, notes } = await nobody.runs(["dashboard"]);
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(notes).toContain("There is no token for https://www.example.com.");
});
