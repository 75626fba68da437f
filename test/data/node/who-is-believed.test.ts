// Tests which fields Node believes about a client's address, scheme and host, behind no proxy and
// behind proxies.
import { connect } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { context, type NodeSite, startNodeSite } from "../../../testing/node/node-site.ts";
import { exchange, rawGet, type RawReply } from "../../../testing/node/raw-client.ts";
import { type RawOrigin, startRawOrigin } from "../../../testing/node/raw-origin.ts";
import { operate } from "../../../src/parts/operate/operate.ts";
import { derivedToken, tokenKey } from "../../../src/protocol/operator-token.ts";
import type { WrittenConfig } from "../../../src/config/written.ts";

let site: NodeSite | undefined;
let origin: RawOrigin | undefined;
afterEach(async () => {
  vi.restoreAllMocks();
  await site?.stop();
  await origin?.stop();
});

const page = (body: string, fields = "Cache-Control: no-store") =>
  `HTTP/1.1 200 OK\r\n${fields}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

async function open(
  config: WrittenConfig,
  answer: (request: string) => string = () => page("page"),
  hostname = "127.0.0.1",
): Promise<void> {
  origin = await startRawOrigin((request) => ({ bytes: answer(request) }));
  site = await startNodeSite(config, { ORIGIN_URL: origin.url }, hostname);
}

async function get(path: string, lines: readonly string[] = []): Promise<RawReply> {
  const [reply] = await exchange(site!.url, [rawGet(path, [...lines, "Connection: close"])]);
  return reply!;
}

/** Returns a field of the last request to the origin, or `undefined` if the request lacks it. */
const told = (name: string): string | undefined =>
  new RegExp(`^${name}: (.*)\\r$`, "im").exec(origin!.seen.at(-1) ?? "")?.[1];

const claims = [
  "CF-Connecting-IP: 192.0.2.66",
  "CF-Connecting-IPv6: 2001:db8::66",
  "CF-IPCountry: KP",
  "CF-Ray: 1-HAM",
  'CF-Visitor: {"scheme":"https"}',
  "cf_connecting_ip: 192.0.2.66",
  "True-Client-IP: 192.0.2.66",
  "X-Forwarded-For: 192.0.2.66",
  "X-Forwarded-Proto: https",
  "X-Forwarded-Host: evil.test",
  "Forwarded: for=192.0.2.66;proto=https;host=evil.test",
  "X-Real-IP: 192.0.2.66",
];

it("the operator's command explains a page at the host that a trusted proxy states", async () => {
  const [adminToken, host] = ["a-token-of-the-operator-5f1c", "shop.test:8443"];
  origin = await startRawOrigin(() => ({ bytes: page("page") }));
  const env = { ORIGIN_URL: origin.url, ADMIN_TOKEN: adminToken };
  site = await startNodeSite({ trustProxy: ["loopback"], parts: [operate()] }, env);
  const use = {
    scope: "debug",
    host,
    expiresAtSeconds: Math.floor(Date.now() / 1_000) + 60,
  } as const;
  const token = await derivedToken(await tokenKey(adminToken), use);
  const { fields } = await get("/a", [`X-Forwarded-Host: ${host}`, `Tidemark-Debug: ${token}`]);
  expect(fields.get("tidemark-explain")).toContain(host);
});

describe("without trustProxy,", () => {
  it.each([
    { id: "looked-up", more: [] },
    { id: "passed-by", more: ["Authorization: Basic x"] },
  ])("no field of a client is believed: $id", async ({ more }) => {
    await open({});
    await get("/a", [...claims, ...more]);
    expect(origin!.seen.at(-1)).not.toMatch(/192\.0\.2\.66|2001:db8|KP|evil|1-HAM/);
    expect(["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"].map(told)).toEqual([
      "127.0.0.1",
      "http",
      "site.test",
    ]);
  });

  it("clients with one address share a response, whatever CF-Connecting-IP says", async () => {
    const routes = [
      { name: "all", match: "*", key: { headers: ["cf-connecting-ip", "cf-ipcountry"] } },
    ];
    await open({ routes }, () => page("page", "Cache-Control: max-age=60"));
    await get("/a", ["CF-Connecting-IP: 192.0.2.1", "CF-IPCountry: DE"]);
    const { fields } = await get("/a", ["CF-Connecting-IP: 192.0.2.2", "CF-IPCountry: FR"]);
    expect(fields.get("cache-status")).toMatch(/; hit;|collapsed/);
    expect(origin!.seen.length).toBe(1);
  });

  it.each([
    { id: "its-own", said: "127.0.0.1", isStored: false },
    { id: "a-claimed-one", said: "192.0.2.66", isStored: true },
  ])(
    "a response with the client's address is stored only if the address is claimed: $id",
    async ({ said, isStored }) => {
      await open({}, () => page("page", `Cache-Control: max-age=60\r\nX-Client: ${said}`));
      const { fields } = await get("/a", ["CF-Connecting-IP: 192.0.2.66"]);
      expect(fields.get("cache-status")?.includes("stored")).toBe(isStored);
    },
  );

  it("a request target's scheme is ignored, and its host is kept", async () => {
    await open({});
    await get("https://other.test/a?b=1");
    expect([told("x-forwarded-proto"), told("x-forwarded-host")]).toEqual(["http", "other.test"]);
  });

  it("an IPv4 client of a socket for both families has its IPv4 address", async () => {
    await open({}, undefined, "::");
    await get("/a");
    expect(told("x-forwarded-for")).toBe("127.0.0.1");
  });

  it("a response with the address of a client that has left is not stored", async () => {
    const held: (() => void)[] = [];
    origin = await startRawOrigin(() => ({
      bytes: page("page", "Cache-Control: max-age=60\r\nX-Client: 127.0.0.1"),
      after: new Promise<void>((resolve) => held.push(resolve)),
    }));
    site = await startNodeSite({}, { ORIGIN_URL: origin.url });
    const socket = connect(Number(new URL(site.url).port), "127.0.0.1");
    socket.on("error", () => undefined);
    socket.write(rawGet("/gone"));
    await vi.waitFor(() => expect(held.length).toBe(1), 60_000);
    const closed = new Promise((resolve) => socket.on("close", resolve));
    socket.destroy();
    await closed;
    held[0]?.();
    const again = get("/gone");
    await vi.waitFor(() => expect(held.length).toBe(2), 60_000);
    held[1]?.();
    expect((await again).fields.get("cache-status")).not.toContain("hit");
  });
});

describe("behind a TLS proxy,", () => {
  const redirects = (request: string) =>
    /^x-forwarded-proto: https\r$/im.test(request)
      ? page("page", "Cache-Control: max-age=60")
      : "HTTP/1.1 301 Moved Permanently\r\nLocation: https://site.test/a\r\nCache-Control: max-age=60\r\nContent-Length: 0\r\n\r\n";

  it("a redirect to https does not loop, and is stored only for http", async () => {
    await open({ trustProxy: ["loopback"] }, redirects);
    const fields = (scheme: string) => [
      "X-Forwarded-For: 192.0.2.1",
      `X-Forwarded-Proto: ${scheme}`,
    ];
    expect((await get("/a", fields("http"))).status).toBe(301);
    for (let nth = 0; nth < 2; nth += 1) {
      const { status, body } = await get("/a", fields("https"));
      expect([status, body.toString()]).toEqual([200, "page"]);
    }
    expect((await get("/a", fields("http"))).status).toBe(301);
    expect(origin!.seen.length).toBe(2);
  });

  it("the operator's routes answer https requests without a request to the origin", async () => {
    await open({ trustProxy: 1 });
    expect((await get("/_cache/nothing", ["X-Forwarded-Proto: https"])).status).toBeLessThan(500);
    const trace = rawGet("/_cache/stats", ["X-Forwarded-Proto: https", "Connection: close"]);
    const [traced] = await exchange(site!.url, [trace.replace("GET", "TRACE")]);
    expect(traced?.status).toBe(404);
    expect(origin!.seen).toEqual([]);
  });

  it("a POST over https invalidates the page that is stored for https", async () => {
    await open({ trustProxy: 1 }, () => page("page", "Cache-Control: max-age=60"));
    const secure = ["X-Forwarded-Proto: https"];
    await get("/a", secure);
    const post = rawGet("/a", [...secure, "Content-Length: 0", "Connection: close"]);
    await exchange(site!.url, [post.replace("GET", "POST")]);
    const { fields } = await get("/a", secure);
    expect(fields.get("cache-status")).not.toContain("hit");
    expect(origin!.seen.length).toBe(3);
  });
});

describe("the option trustProxy", () => {
  const client = "198.51.100.7";

  it.each<[trust: WrittenConfig["trustProxy"], list: string | undefined, address: string]>([
    [1, `192.0.2.66, ${client}`, client],
    [2, `192.0.2.66, ${client}, 10.0.0.1`, client],
    [3, client, client],
    [1, undefined, "127.0.0.1"],
    [1, "", "127.0.0.1"],
    [["127.0.0.0/8", "10.0.0.0/8"], `192.0.2.66, ${client}, 10.9.9.9, 10.0.0.1`, client],
    [["loopback", "uniquelocal"], "10.0.0.2, 10.0.0.1", "10.0.0.2"],
    [["10.0.0.0/8"], "192.0.2.66", "127.0.0.1"],
    [["loopback"], `127.0.0.1, ${client}`, client],
    [["loopback", "2001:db8::/32"], "2001:db9::1, 2001:DB8:0::1", "2001:db9::1"],
    [["loopback", "10.0.0.0/8"], `${client}, ::ffff:10.0.0.1`, client],
    [1, "::ffff:c633:6407", client],
    [1, `${client}:4711`, client],
    [1, "[2001:db8::1]:4711", "2001:db8::1"],
    [1, "fe80::1%eth0", "fe80::1"],
    [2, "192.0.2.66, unknown, 10.0.0.1", "10.0.0.1"],
    [1, "<script>", "127.0.0.1"],
    [1, "010.0.0.1", "127.0.0.1"],
    [1, "::1]/x?y[", "127.0.0.1"],
  ])("with %j turns X-Forwarded-For %j into the address %s", async (trust, list, address) => {
    await open({ trustProxy: trust });
    await get("/a", list === undefined ? [] : [`X-Forwarded-For: ${list}`]);
    expect(told("x-forwarded-for")).toBe(address);
  });

  it("uses the last line of a repeated field, which is the nearest proxy's", async () => {
    await open({ trustProxy: 1 });
    await get("/a", ["X-Forwarded-For: 192.0.2.66", "X-Forwarded-For: 198.51.100.7"]);
    expect(told("x-forwarded-for")).toBe("198.51.100.7");
  });

  it.each([
    ["https", "shop.test", "https", "shop.test"],
    ["http, https", "evil.test, shop.test", "https", "shop.test"],
    ["HTTPS", "SHOP.test:8443", "https", "shop.test:8443"],
    ["ftp", "shop.test", "http", "shop.test"],
    ["https", "a/b?c@d", "https", "site.test"],
    ["", "", "http", "site.test"],
    ["https", "shop.test:99999", "http", "site.test"],
  ])(
    "with one proxy turns scheme %j and host %j into %s and %s",
    async (proto, host, ...counts) => {
      await open({ trustProxy: 1 });
      await get("/a", [`X-Forwarded-Proto: ${proto}`, `X-Forwarded-Host: ${host}`]);
      expect(["x-forwarded-proto", "x-forwarded-host"].map(told)).toEqual(counts);
    },
  );

  it("does not make CF-* fields and Forwarded believed", async () => {
    await open({ trustProxy: 1 });
    const others = claims.filter((line) => !line.startsWith("X-Forwarded"));
    await get("/a", others);
    expect(origin!.seen.at(-1)).not.toMatch(/192\.0\.2\.66|2001:db8|KP|evil|1-HAM|forwarded:/i);
  });

  it("logs once that it has no effect without the server's connection", async () => {
    const lines: string[] = [];
    vi.spyOn(console, "warn").mockImplementation((line: string) => void lines.push(line));
    const { createWorker } = await import("../../../src/worker.ts");
    const { defineConfig } = await import("../../../src/tidemark.ts");
    const worker = createWorker(defineConfig({ trustProxy: 1 }), {
      origins: { default: () => new Response("page") },
    });
    for (let nth = 0; nth < 2; nth += 1) {
      await worker.fetch(new Request("http://site.test/"), {}, context);
    }
    expect(lines.filter((line) => line.includes("trustProxy has no effect")).length).toBe(1);
  });
});

it.each([
  { id: "no proxy", trustProxy: false, field: "Host", isApart: true },
  { id: "a client", trustProxy: false, field: "X-Forwarded-Host", isApart: false },
  { id: "a trusted proxy", trustProxy: 1, field: "X-Forwarded-Host", isApart: true },
] as const)("the field by which a request is for operatorHost: $id", async (given) => {
  const { trustProxy, field, isApart } = given;
  await open({ operatorHost: "ops.test", trustProxy }, () =>
    page("page", "Cache-Control: max-age=60"),
  );
  const named = [`${field}: ops.test`];
  expect((await get("/a")).status).toBe(200);
  const status = async (path: string) => (await get(path, named)).status;
  expect(await status("/a")).toBe(isApart ? 404 : 200);
  expect(await status("/_cache/health")).toBe(200);
  expect(origin!.seen.length).toBe(1);
});
