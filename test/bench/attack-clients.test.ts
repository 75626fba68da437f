// Honest clients tell a right answer from every wrong one, and come when they come.
import { expect, it } from "vitest";
import { attacks } from "../../bench/attack/attacks.ts";
import { instantsMs } from "../../bench/load/pace.ts";
import { faultOf, pageBody, pagePath } from "../../bench/attack/site.ts";
import { ask } from "../../bench/load/ask.ts";
import { Draws } from "../../testing/draws.ts";
import { startScriptedOrigin } from "../../testing/fakes/scripted-origin.ts";

const path = pagePath(3);
const wanted = { page: 3, path, cookie: "", mayBe304: false, notBeforeMs: 1_000 };
const body = pageBody(3, { path, cookie: "", madeAtMs: 1_000 });
const ofAnother = (page: number) =>
  pageBody(page, { path: pagePath(page), cookie: "", madeAtMs: 1_000 });

it.each([
  { id: "right", status: 200, given: body, fault: undefined },
  { id: "cut", status: 200, given: body.slice(0, -1), fault: "wrong body" },
  { id: "cut-in-head", status: 200, given: body.slice(0, 9), fault: "not a page" },
  { id: "another-page", status: 200, given: ofAnother(4), fault: "another page" },
  {
    id: "another-client",
    status: 200,
    given: pageBody(3, { path, cookie: "session=1", madeAtMs: 1_000 }),
    fault: "another client's page",
  },
  {
    id: "purged",
    status: 200,
    given: pageBody(3, { path, cookie: "", madeAtMs: 999 }),
    fault: "older than a purge",
  },
  { id: "unasked-304", status: 304, given: "", fault: "status 304" },
  { id: "failed", status: 502, given: "", fault: "status 502" },
  { id: "broken", status: 0, given: "", fault: "no whole answer" },
])("looks at an answer: $id", ({ status, given, fault }) => {
  expect(faultOf({ status, body: given }, wanted)).toBe(fault);
});

it("takes a 304 where it asked with the page's tag", () => {
  expect(faultOf({ status: 304, body: "" }, { ...wanted, mayBe304: true })).toBeUndefined();
});

it("comes at the rate that is said, in order, and never after the end", () => {
  const instants = instantsMs(new Draws(1), { perSecond: 100, seconds: 60 });
  expect(instants.length).toBeGreaterThan(5_700);
  expect(instants.length).toBeLessThan(6_300);
  expect(instants.at(-1)).toBeLessThan(60_000);
  expect(instants.toSorted((a, b) => a - b)).toEqual(instants);
});

it("gives up on what is never answered", async () => {
  const silent = await startScriptedOrigin(() => undefined);
  const { status } = await ask(silent.url, {}, { waitTimeoutMs: 10 });
  await silent.stop();
  expect(status).toBe(0);
});

it("sends what it is told to", async () => {
  const origin = await startScriptedOrigin((request, response) => {
    void request.toArray().then((chunks) => response.end(`${request.method} ${chunks.join("")}`));
  });
  const { body: said } = await ask(origin.url, {}, { method: "POST", body: "a=1" });
  await origin.stop();
  expect(said).toBe("POST a=1");
});

it("names each attack once, and makes the same requests of the same seed", () => {
  expect(new Set(attacks.map(({ name }) => name)).size).toBe(attacks.length);
  for (const { asking } of attacks) {
    const [one, other] = [asking(7, new Draws(1)), asking(7, new Draws(1))];
    expect({ ...one, headers: Object.keys(one.headers ?? {}) }).toEqual({
      ...other,
      headers: Object.keys(other.headers ?? {}),
    });
    expect(Buffer.byteLength(one.body ?? "")).toBeLessThanOrEqual(65_536);
  }
});
