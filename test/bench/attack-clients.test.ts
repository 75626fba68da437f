// Tests that the clients of the attack bench recognize wrong responses, and that attacks depend
// only on the seed.
import { expect, it } from "vitest";
import { attacks } from "../../bench/attack/attacks.ts";
import { faultOf, pageBody, pagePath } from "../../bench/attack/site.ts";
import { Draws } from "../../testing/draws.ts";

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
])("`faultOf` names the fault of a response: $id", ({ status, given, fault }) => {
  expect(faultOf({ status, body: given }, wanted)).toBe(fault);
});

it("`faultOf` accepts a 304 to a conditional request", () => {
  expect(faultOf({ status: 304, body: "" }, { ...wanted, mayBe304: true })).toBeUndefined();
});

it("attacks have unique names, and the same requests except field values for a seed", () => {
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
