// Health of the built Worker: its status for everybody, its findings for the token's bearer.
import { afterAll, beforeAll, expect, it } from "vitest";
import { type ScriptedOrigin, startScriptedOrigin } from "../../testing/fakes/scripted-origin.ts";
import { adminToken, startWorld, until, type World } from "../../testing/worker/world.ts";
import type { Health } from "../admin/health/health-world.ts";

let world: World;
let origin: ScriptedOrigin;
beforeAll(async () => {
  origin = await startScriptedOrigin((_, response) => {
    response.setHeader("cache-control", "max-age=600").end("page");
  });
  world = await startWorld({ originUrl: origin.url });
});
afterAll(async () => {
  await world.stop();
  await origin.stop();
});

const ask = (init: RequestInit = {}) => fetch(`${world.colos[0]?.url}/_cache/health`, init);
const health = async () => {
  const seen = await ask({ headers: { authorization: `Bearer ${adminToken}` } });
  return (await seen.json()) as Health;
};

it("is well: by GET, by HEAD, with the token", async () => {
  const anybody = await ask();
  expect([anybody.status, await anybody.text()]).toEqual([200, '{"status":"ok"}']);
  expect((await ask({ method: "HEAD" })).status).toBe(200);
  // The embedded server has a bound of its own, far away.
  expect(await health()).toMatchObject({ status: "ok", findings: [] });
});

it("refuses a wrong token, and tells the bearer of the right one that it came", async () => {
  expect((await ask({ headers: { authorization: "Bearer other" } })).status).toBe(401);
  const findings = [{ code: "operator-refused", level: "info" }];
  expect(await health()).toMatchObject({ status: "ok", findings });
});

it("finds that the origin is down, and that it is back", async () => {
  const port = Number(new URL(origin.url).port);
  await origin.stop();
  const isUnable = async () => (await ask()).status === 503;
  let nth = 0;
  const page = () => fetch(`${world.colos[0]?.url}/${(nth += 1)}`).then((seen) => seen.text());
  await until(async () => (await page(), isUnable()), "the origin to be taken for down");
  expect((await health()).findings.map(({ code }) => code)).toContain("origin-down");
  origin = await startScriptedOrigin((_, response) => void response.end("page"), port);
  await until(async () => (await page(), !(await isUnable())), "the origin to be asked again");
  await until(async () => (await health()).status === "ok", "all to be well");
});
