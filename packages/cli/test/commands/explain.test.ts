// Tests `tidemark explain` against the real application.
import { expect, it } from "vitest";
import { operatorAt, pageTagged } from "../fakes/operator.ts";
import { siteUrl } from "../fakes/site-as-fetch.ts";

async function stored() {
  const reached = await operatorAt(pageTagged());
  await reached.site.get("/a");
  return reached;
}

it("explain prints sentences for a path of the site", async () => {
  const { user } = await stored();
  const { code, out, notes } = await user.runs(["explain", "/a"]);
  expect({ code, notes }).toEqual({ code: 0, notes: "" });
  expect(out).toContain(`GET ${siteUrl}/a`);
  expect(out).toContain("Verdict: serve, on the copy in memory");
  expect(out).toMatch(/[^\n]\n$/);
});

it("explain prints JSON for a URL with --json", async () => {
  const { user } = await stored();
  const { out } = await user.runs(["explain", `${siteUrl}/a?b=1&c=2`, "--json"]);
  expect(JSON.parse(out)).toMatchObject({
    handling: "looked-up",
    text: expect.arrayContaining(["Next step: forward."]) as string[],
  });
  expect(out.split("\n")).toHaveLength(2);
});

it("explain sends the method and each header field", async () => {
  const { user, asked } = await stored();
  const fields = ["--header", "Accept-Language: de", "--header", "Cookie: a=b"];
  expect((await user.runs(["explain", "/a", "--method", "POST", ...fields])).code).toBe(0);
  expect(asked).toEqual([
    "GET /_cache/explain?url=%2Fa&method=POST&header=accept-language%3A+de&header=cookie%3A+a%3Db",
  ]);
});

it("explain prints the reason if the site rejects the request, and exits with 1", async () => {
  const { user } = await stored();
  const { code, notes } = await user.runs(["explain", "/a", "--method", "A B"]);
  expect(code).toBe(1);
  expect(notes).toContain('"A B" is not a valid method');
});

it.each(["Accept-Language", ": de", "Accept Language: de", "x: a\nb"])(
  "explain rejects the header field %j, and sends no request",
  async (field) => {
    const { user, asked } = await stored();
    const { code, notes } = await user.runs(["explain", "/a", "--header", field]);
    expect({ code, asked }).toEqual({ code: 2, asked: [] });
    expect(notes).toContain('Write it like "Accept-Language: de".');
  },
);
