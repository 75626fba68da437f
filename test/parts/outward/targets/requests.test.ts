// Tests the exact requests to each vendor, against stand-ins that refuse like the real interfaces.
import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  cloudflareZone,
  fastly,
  type OutwardTarget,
  purgeRequests,
  signedWebhook,
  tidemarkSite,
} from "../../../../src/parts/outward/outward.ts";
import { adminTokenOf } from "../../../../src/protocol/variables/secrets.ts";
import type { EntryChanges } from "../../../../testing/examples/purges.ts";
import { openNetworkOfFakes } from "../../../../testing/fakes/fake-upstash.ts";
import { dueAfterMs, type OutwardAsked, OutwardWorld, secret } from "../outward-world.ts";

openNetworkOfFakes();

const zone = "023e105f4ecef8ad9ca31a8372d0c353";
const whsec = "whsec_Pgl4vj9dOMdPFMjzq42CcM/HYgd0fya2";
const known = { urls: "exact", tags: true } as const;

const vendors = {
  cloudflareZone: { target: cloudflareZone({ zone, plan: "free", ...known }), credential: secret },
  fastly: { target: fastly({ service: "SU1Z0isxPaozGVKXdv0eY", ...known }), credential: secret },
  purgeRequests: {
    target: purgeRequests({
      servers: ["http://varnish-1.internal:6081", "http://varnish-2.internal:6081/"],
      everything: { method: "BAN", headers: { "x-url": ".", "x-token": "{secret}" } },
      byUrl: {
        method: "BAN",
        headers: { "x-host": "{hostPattern}", "x-url": "{pattern}" },
        anyQuery: true,
      },
      byPrefix: { method: "BAN", headers: { "x-host": "{hostPattern}", "x-url": "{pattern}" } },
      byTags: { headers: { xkey: "{tags}", "x-tags": "{pattern}" } },
      tags: true,
    }),
    credential: secret,
  },
  tidemarkSite: {
    target: tidemarkSite({ url: "https://outer.example/_cache/purge", ...known }),
    credential: whsec,
  },
  signedWebhook: {
    target: signedWebhook({ url: "https://search.example/purged" }),
    credential: whsec,
  },
} satisfies Record<string, { target: OutwardTarget; credential: string }>;

/** A 2xx answer that each vendor gives. */
const confirmed = ({ url }: OutwardAsked) => {
  if (url.includes("cloudflare")) return Response.json({ success: true, errors: [] });
  if (url.includes("outer.example"))
    return Response.json({
      position: "1-0",
      visibleWithinSeconds: 10,
      visibleBy: "2026-11-20T09:05:17.845Z",
    });
  return new Response("{}", { status: 201 });
};

type Vendor = keyof typeof vendors;

const refusing =
  (status: number, text = "no") =>
  () =>
    new Response(text, { status });

/** Returns a world in which each vendor confirms. */
function confirming(): OutwardWorld {
  const world = new OutwardWorld();
  world.script = confirmed;
  return world;
}

/** Delivers one purge. */
async function delivered(vendor: Vendor, purge: EntryChanges, world = confirming()) {
  const { target, credential } = vendors[vendor];
  await world.purge({ tags: ["tag:old"] });
  world.clock.advance(1_500);
  const open = target.open("edge", { OUTWARD_SECRET_EDGE: credential });
  await open.deliver(world.ports, { callsMax: 8, isForced: false });
  await world.purge(purge);
  world.clock.advance(dueAfterMs / 1_000);
  const end = await open.deliver(world.ports, { callsMax: 8, isForced: false });
  return { end, open, world, asked: world.asked };
}

const lines = (asked: readonly OutwardAsked[]) =>
  asked.map(({ method, url, body }) => [method, url, body].filter((text) => text !== "").join(" "));

const api = "POST https://api.cloudflare.com/client/v4/zones/" + zone;
const all = { tags: ["everything"] };
const named = {
  tags: ["tag:a", "tag:b", "url:https://a.example/x?y=1", "host:b.example"],
  prefixes: ["https://a.example/news/"],
};

describe.each<{ vendor: Vendor; everything: string[]; names: string[]; soft: string[] }>([
  {
    vendor: "cloudflareZone",
    everything: [`${api}/purge_cache {"purge_everything":true}`],
    names: [
      `${api}/purge_cache {"files":["https://a.example/x?y=1","http://a.example/x?y=1"]}`,
      `${api}/purge_cache {"tags":["a","b"]}`,
      `${api}/purge_cache {"prefixes":["a.example/news"]}`,
      `${api}/purge_cache {"hosts":["b.example"]}`,
    ],
    soft: [`${api}/invalidate_cache {"tags":["a"]}`],
  },
  {
    vendor: "fastly",
    everything: ["POST https://api.fastly.com/service/SU1Z0isxPaozGVKXdv0eY/purge_all"],
    // Fastly knows neither prefixes nor hosts.
    names: ["POST https://api.fastly.com/service/SU1Z0isxPaozGVKXdv0eY/purge_all"],
    soft: [
      'POST https://api.fastly.com/service/SU1Z0isxPaozGVKXdv0eY/purge {"surrogate_keys":["a"]}',
    ],
  },
  {
    vendor: "tidemarkSite",
    everything: [
      'POST https://outer.example/_cache/purge {"everything":true,"mode":"hard","reason":"an outward purge"}',
    ],
    names: [
      'POST https://outer.example/_cache/purge {"urls":["https://a.example/x?y=1"],"prefixes":["https://a.example/news/"],"hosts":["b.example"],"tags":["a","b"],"mode":"hard","reason":"an outward purge"}',
    ],
    soft: [
      'POST https://outer.example/_cache/purge {"urls":[],"prefixes":[],"hosts":[],"tags":["a"],"mode":"soft","reason":"an outward purge"}',
    ],
  },
  {
    vendor: "signedWebhook",
    everything: [
      'POST https://search.example/purged {"type":"tidemark.purge","mode":"hard","everything":true,"urls":[],"hosts":[],"tags":[],"prefixes":[]}',
    ],
    names: [
      'POST https://search.example/purged {"type":"tidemark.purge","mode":"hard","everything":false,"urls":["https://a.example/x?y=1"],"hosts":["b.example"],"tags":["a","b"],"prefixes":["https://a.example/news/"]}',
    ],
    soft: [
      'POST https://search.example/purged {"type":"tidemark.purge","mode":"soft","everything":false,"urls":[],"hosts":[],"tags":["a"],"prefixes":[]}',
    ],
  },
])("$vendor", ({ vendor, everything, names, soft }) => {
  it("gets a purge of everything", async () => {
    expect(lines((await delivered(vendor, all)).asked)).toEqual(everything);
  });

  it("gets a purge of several names", async () => {
    expect(lines((await delivered(vendor, named)).asked)).toEqual(names);
  });

  it("gets a soft purge", async () => {
    expect(lines((await delivered(vendor, { tags: ["tag:a"], mode: "soft" })).asked)).toEqual(soft);
  });
});

describe.each(Object.keys(vendors) as Vendor[])("%s", (vendor) => {
  it("gets no redirect followed, and each request is within a time limit", async () => {
    const world = confirming();
    const inits: RequestInit[] = [];
    const { fetch } = world.ports;
    Object.assign(world.ports, {
      fetch: (url: string, init: RequestInit) => {
        inits.push(init);
        return fetch(url, init);
      },
    });
    await delivered(vendor, all, world);
    expect(inits.length).toBeGreaterThan(0);
    for (const { redirect, signal } of inits) {
      expect([redirect, signal instanceof AbortSignal]).toEqual(["manual", true]);
    }
  });

  it.each([429, 503, 302])("has not confirmed with %i", async (status) => {
    const world = new OutwardWorld();
    world.script = refusing(status);
    const { end, open, world: after } = await delivered(vendor, all, world);
    expect(end).toBe("failed");
    expect(await open.report(after.ports)).toMatchObject({ waitingCount: 1, failures: { status } });
  });

  it("leaks no credential into state, log or counts", async () => {
    const world = new OutwardWorld();
    world.script = ({ headers }) => Promise.reject(new Error(JSON.stringify(headers)));
    const { open } = await delivered(vendor, all, world);
    const told = JSON.stringify([world.lines, world.counted, await open.report(world.ports)]);
    expect(told).not.toContain(vendors[vendor].credential);
    expect(world.asked).toHaveLength(1);
  });
});

describe("an answer that only looks like a success", () => {
  it.each([
    {
      vendor: "cloudflareZone",
      answer: () => Response.json({ success: false, errors: [{ code: 1 }] }),
    },
    { vendor: "cloudflareZone", answer: () => new Response("<html>") },
    { vendor: "tidemarkSite", answer: () => Response.json({ dryRun: true }) },
    { vendor: "tidemarkSite", answer: () => new Response("ok") },
  ] as const)("of $vendor does not confirm", async ({ vendor, answer }) => {
    const world = new OutwardWorld();
    world.script = answer;
    const { open } = await delivered(vendor, all, world);
    expect(await open.report(world.ports)).toMatchObject({ failures: { outcome: "refused" } });
  });
});

describe("credentials", () => {
  it("are sent as each vendor expects them", async () => {
    const headersOf = async (vendor: Vendor) => (await delivered(vendor, all)).asked[0]?.headers;
    expect(await headersOf("cloudflareZone")).toMatchObject({ authorization: `Bearer ${secret}` });
    expect(await headersOf("fastly")).toMatchObject({ "fastly-key": secret });
    expect(await headersOf("purgeRequests")).toMatchObject({ "x-token": secret });
  });

  it.each(["tidemarkSite", "signedWebhook"] as const)(
    "%s signs by Standard Webhooks",
    async (vendor) => {
      const { asked } = await delivered(vendor, all);
      const { headers = {}, body = "" } = asked[0] ?? {};
      const text = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
      const key = Buffer.from(whsec.slice(6), "base64");
      const signature = createHmac("sha256", key).update(text).digest("base64");
      expect(headers["webhook-signature"]).toBe(`v1,${signature}`);
    },
  );

  it.each([secret, whsec.slice(0, -3)])(
    "of a webhook must have the form of Standard Webhooks, unlike %s",
    (one) => {
      const env = { OUTWARD_SECRET_SEARCH: one };
      expect(vendors.signedWebhook.target.open("search", env).faults).toMatchObject([
        { why: "It is not whsec_ and base64." },
      ]);
    },
  );

  it("are optional for servers of your own, unless a template sends one", () => {
    const servers = ["http://a"];
    const open = purgeRequests({ servers, everything: {} }).open("edge", {});
    expect(open.faults).toEqual([]);
    expect(vendors.purgeRequests.target.open("edge", {}).faults).toMatchObject([
      { why: "OUTWARD_SECRET_EDGE is not set." },
    ]);
  });

  it("that another variable also holds are reported", () => {
    const env = { OUTWARD_SECRET_EDGE: secret, ADMIN_TOKEN: secret };
    const { faults } = vendors.fastly.target.open("edge", env);
    expect(faults).toMatchObject([
      { why: "OUTWARD_SECRET_EDGE and ADMIN_TOKEN hold the same secret." },
    ]);
    expect(JSON.stringify(faults)).not.toContain(secret);
  });

  it("make ADMIN_TOKEN unusable if both are the same", () => {
    const env = { ADMIN_TOKEN: secret, OUTWARD_SECRET_EDGE: secret };
    expect(adminTokenOf(env)).toMatchObject({
      why: expect.stringContaining("OUTWARD_SECRET_EDGE") as string,
    });
  });

  it("contain no white space", () => {
    const open = vendors.fastly.target.open("edge", { OUTWARD_SECRET_EDGE: `${secret} ${secret}` });
    expect(open.faults).toMatchObject([
      {
        why: "OUTWARD_SECRET_EDGE contains white space.",
        hint: "Set OUTWARD_SECRET_EDGE to the API token.",
      },
    ]);
  });
});

it("servers of one's own get each template filled in", async () => {
  const purge = {
    tags: ["tag:a", "tag:b", "url:https://a.example/x.html?y=1"],
    prefixes: ["/news/"],
  };
  const { asked } = await delivered("purgeRequests", purge);
  const sent = asked.map(({ method, url, headers }) => [method, url, headers]);
  const url = "http://varnish-1.internal:6081/";
  expect(sent).toEqual([
    ["BAN", url, { "x-host": "^a[.]example$", "x-url": "^/x[.]html([?]|$)" }],
    ["BAN", url, { "x-host": ".", "x-url": "^/news/" }],
    // A ban of Varnish ends at white space.
    ["PURGE", url, { xkey: "a b", "x-tags": "(^|[[:space:],])(a|b)([[:space:],]|$)" }],
  ]);
});

it("a server that fails delays no purge of the others", async () => {
  const { target } = vendors.purgeRequests;
  const env = { OUTWARD_SECRET_VARNISH: secret };
  const opened = target.servers.map((server) => target.open("varnish", env, server));
  const world = confirming();
  const deliverAll = async () => {
    world.clock.advance(dueAfterMs / 1_000);
    const how = { callsMax: 8, isForced: false };
    for (const open of opened) await open.deliver(world.ports, how);
  };
  const reached = () => world.asked.splice(0).map(({ url, headers }) => [url, headers["xkey"]]);
  await world.purge({ tags: ["tag:old"] });
  await deliverAll();
  reached();
  world.script = ({ url }) => new Response("", { status: url.includes("varnish-1") ? 503 : 200 });
  for (const tag of ["a", "b"]) {
    await world.purge({ tags: [`tag:${tag}`] });
    await deliverAll();
  }
  expect(reached()).toEqual([
    ["http://varnish-1.internal:6081/", "a"],
    ["http://varnish-2.internal:6081/", "a"],
    ["http://varnish-1.internal:6081/", "a b"],
    ["http://varnish-2.internal:6081/", "b"],
  ]);
  world.script = confirmed;
  await deliverAll();
  expect(reached()).toEqual([["http://varnish-1.internal:6081/", "a b"]]);
  expect(opened.map(({ name }) => name)).toEqual([
    "varnish@http://varnish-1.internal:6081",
    "varnish@http://varnish-2.internal:6081/",
  ]);
});

it("lists of over 100 items are divided into several requests", async () => {
  const tags = Array.from({ length: 150 }, (_, nth) => `tag:t${nth}`);
  const { asked } = await delivered("cloudflareZone", { tags });
  const sizes = asked.map(({ body }) => (JSON.parse(body) as { tags: string[] }).tags.length);
  expect(sizes).toEqual([100, 50]);
});
