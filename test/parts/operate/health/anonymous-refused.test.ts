// Tests the health finding about an origin that answers clients but refuses anonymous requests.
import { expect, it } from "vitest";
import { cc, closedGate, page } from "../../../../testing/fakes/origin-in-process.ts";
import { idle, openSite, read } from "../../../../testing/site/harness.ts";
import { adminToken } from "../../../../testing/site/purge-sender.ts";
import { found, healthOf } from "./health-world.ts";

const code = "anonymous-refused";
const odd = { headers: { "x-odd": "1" } };
const client = { headers: { "x-client": "1" } };

/** Lets the request of one client fail while another client waits for the same page. */
async function failBeside({ site, gates }: Opened, path: string): Promise<void> {
  const gate = closedGate();
  gates.set(path, gate);
  const leading = site.ask(path, odd).then(read);
  await idle();
  const waiting = site.ask(path, client).then(read);
  await idle();
  gate.open();
  await leading;
  expect((await waiting).status).toBe(200);
}

/** @param status of responses to anonymous requests. 0: no response, 520: Cloudflare's own in place of it */
function open(status: number) {
  const refusing = { isOn: true };
  const gates = new Map<string, ReturnType<typeof closedGate>>();
  const site = openSite({
    env: { ADMIN_TOKEN: adminToken },
    origin: async ({ headers, url }) => {
      if (headers.has("x-odd")) {
        await gates.get(new URL(url).pathname)?.opened;
        return page("for one client", {}, 500);
      }
      if (refusing.isOn && !headers.has("x-client")) {
        if (status === 0) throw new TypeError("fetch failed");
        return page("refused", {}, status);
      }
      return page("page", cc("max-age=60"));
    },
  });
  return { site, gates, refusing };
}

type Opened = ReturnType<typeof open>;

it.each([403, 429, 500, 502])(
  "the finding anonymous-refused lasts from a status %i to a served anonymous request",
  async (status) => {
    const opened = open(status);
    const { site, refusing } = opened;
    expect((await site.get("/stored", client)).status).toBe(200);
    expect(await found(site, code)).toBeUndefined();
    await failBeside(opened, "/a");
    expect(await found(site, code)).toMatchObject({ level: "info", about: 'origin "default"' });
    expect((await healthOf(site)).status).toBe("ok");
    refusing.isOn = false;
    await failBeside(opened, "/b");
    expect(await found(site, code)).toBeUndefined();
  },
);

it.each([0, 521])(
  "an origin without an answer, %i, is unreachable, and refuses nobody",
  async (status) => {
    const opened = open(status);
    const { site } = opened;
    await failBeside(opened, "/a");
    expect(await found(site, code)).toBeUndefined();
    await site.get("/b");
    expect(await found(site, "origin-unreachable")).toBeDefined();
  },
);

it("the finding anonymous-refused ends 15 minutes after the last refusal", async () => {
  const opened = open(403);
  const { site } = opened;
  await failBeside(opened, "/a");
  const since = (await found(site, code))?.since;
  expect(since).toBeTypeOf("string");
  site.clock.advance(14 * 60);
  await failBeside(opened, "/b");
  expect((await found(site, code))?.since).toBe(since);
  site.clock.advance(15 * 60);
  expect(await found(site, code)).toBeUndefined();
});
