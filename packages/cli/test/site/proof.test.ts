// Tests what a server learns from the command's requests. Only the site itself receives a token
// with which it could act as the operator, and that token expires.
import { expect, it } from "vitest";
import { FakeUser } from "../fakes/fake-world.ts";
import { adminToken, openReached, operatorEnv, realSites } from "../fakes/site-as-fetch.ts";

/** Returns a network of one server, which records the values of all request fields. */
function keeping(answer: (url: URL, headers: Headers) => Promise<Response>) {
  const seen: string[] = [];
  const reach: typeof fetch = async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const headers = new Headers(init?.headers);
    for (const [, value] of headers) seen.push(value, value.replace(/^Bearer /i, ""));
    return answer(url, headers);
  };
  realSites.add(reach);
  return { seen, reach };
}

const commands = [
  ["doctor"],
  ["health"],
  ["explain", "/"],
  ["purge", "--everything", "--yes"],
  ["stats"],
  ["warm", "/a", "--within"],
];

/** @returns the texts that the real site accepts as credentials */
async function taken(texts: readonly string[]): Promise<string[]> {
  const { site } = openReached();
  const opening: string[] = [];
  for (const text of new Set(texts)) {
    const bearer = await site.ask("/_cache/stats", {
      headers: { authorization: `Bearer ${text}` },
    });
    const debug = await site.ask("/", { headers: { "tidemark-debug": text } });
    if (bearer.status === 200 || debug.headers.has("tidemark-explain")) opening.push(text);
  }
  return opening;
}

it.each(commands.map((args) => ({ id: args[0], args })))(
  "a server that is not Tidemark receives no usable credential: $id",
  async ({ args }) => {
    const proof = { proof: "A".repeat(43), atSeconds: 1_900_000_000 };
    const { seen, reach } = keeping(async () => Response.json(proof));
    const user = await FakeUser.at({ fetch: reach, env: operatorEnv });
    const { out, notes } = await user.runs(args);
    expect(out + notes).toContain("did not prove that it knows the ADMIN_TOKEN");
    expect(seen.join("\n")).not.toContain(adminToken);
    expect(await taken(seen)).toEqual([]);
  },
);

it("a server that relays requests to the real site receives no usable credential", async () => {
  const real = openReached();
  const { seen, reach } = keeping(async ({ pathname, search }, headers) =>
    real.site.ask(`https://www.example.com${pathname}${search}`, {
      headers: Object.fromEntries(headers),
    }),
  );
  const env = { ...operatorEnv, TIDEMARK_SITE: "https://evil.example" };
  const user = await FakeUser.at({ fetch: reach, env });
  const { code, notes } = await user.runs(["stats"]);
  expect(code).toBe(1);
  expect(notes).toContain("The challenge is not signed");
  expect(await taken(seen)).toEqual([]);
});

it("the site itself receives a token that expires, and not the ADMIN_TOKEN", async () => {
  const real = openReached();
  const { seen, reach } = keeping(async (url, headers) =>
    real.site.ask(url.href, { headers: Object.fromEntries(headers) }),
  );
  const user = await FakeUser.at({ fetch: reach, env: operatorEnv });
  expect((await user.runs(["stats"])).code).toBe(0);
  expect(seen.join("\n")).not.toContain(adminToken);
  const token = seen.find((text) => text.startsWith("tm1.operator."));
  const headers = { authorization: `Bearer ${token}` };
  expect((await real.site.ask("/_cache/stats", { headers })).status).toBe(200);
  real.site.clock.advance(61);
  expect((await real.site.ask("/_cache/stats", { headers })).status).toBe(401);
});
