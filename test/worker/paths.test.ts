// Tests request targets and hosts that an attacker may send, byte for byte, on workerd and on Node.
// The route and the request to the origin use the same path, or the client gets 400.
import { once } from "node:events";
import { type AddressInfo, createConnection } from "node:net";
import { serve } from "@hono/node-server";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Running } from "../../local/running.ts";
import { defineConfig } from "../../src/config/config.ts";
import { inProcess } from "../../src/node-stores.ts";
import { createWorker } from "../../src/worker.ts";
import { startScriptedOrigin } from "../../testing/fakes/scripted-origin.ts";
import { adminToken, startWorld } from "../../testing/worker/world.ts";

const running = new Running();
const hosts: { name: string; port: number }[] = [];

beforeAll(async () => {
  const [bucket, site] = await Promise.all(
    ["bucket", "site"].map((name) =>
      running.add(
        startScriptedOrigin((request, response) => {
          response.writeHead(200, { "cache-control": "max-age=600" });
          response.end(`${name} ${request.method} ${request.url}`);
        }),
      ),
    ),
  );
  const config = {
    origins: { bucket: { url: bucket!.url } },
    routes: [{ name: "assets", match: "/assets/*", origin: "bucket" }],
  };
  const text = JSON.stringify(config);
  const world = await running.add(startWorld({ originUrl: site!.url, config: text }));
  hosts.push({ name: "workerd", port: Number(new URL(world.colos[0]!.url).port) });
  const { fetch: answer } = createWorker(defineConfig(config), { stores: inProcess() });
  const env = { ORIGIN_URL: site!.url, ADMIN_TOKEN: adminToken, SITE_HOST: "site.test" };
  const context = {
    waitUntil: () => undefined,
    passThroughOnException: () => undefined,
    props: {},
  };
  const server = serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: (request) => answer(request, env, context),
  });
  if (!server.listening) await once(server, "listening");
  hosts.push({ name: "Node", port: (server.address() as AddressInfo).port });
  await running.add(Promise.resolve({ stop: async () => void server.close() }));
});
afterAll(() => running.stop());

/**
 * Sends this request line and Host byte for byte.
 *
 * @returns the request that reached an origin; otherwise the status, or "closed"
 */
async function sent(port: number, line: string, host = "site.test"): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let received = "";
  const socket = createConnection({ host: "127.0.0.1", port }, () => {
    const body = line.startsWith("PUT") ? "Content-Length: 0\r\n" : "";
    socket.write(`${line} HTTP/1.1\r\nHost: ${host}\r\n${body}Connection: close\r\n\r\n`);
  });
  socket.on("data", (chunk) => (received += chunk.toString("latin1")));
  socket.on("error", () => resolve());
  socket.on("close", () => resolve());
  await promise;
  const [head = "", ...body] = received.split("\r\n\r\n");
  const said = /(?:bucket|site) \S+ \S+/.exec(body.join(""))?.[0];
  return said ?? /^HTTP\/1.1 (\d+)/.exec(head)?.[1] ?? "closed";
}

describe.each([
  { nth: 0, runtime: "workerd" },
  { nth: 1, runtime: "Node" },
])("a request on $runtime", ({ nth }) => {
  const port = () => hosts[nth]!.port;

  it.each([
    { line: "/assets/a", path: "bucket /assets/a" },
    { line: "/assets/../private/dump.sql", path: "site /private/dump.sql" },
    { line: "/assets/%2e%2e/private/dump.sql", path: "site /private/dump.sql" },
    { line: "/assets/.%2E/private/dump.sql", path: "site /private/dump.sql" },
    { line: "/assets/a/b/../../../private/dump.sql", path: "site /private/dump.sql" },
    { line: "/assets/./../private/dump.sql", path: "site /private/dump.sql" },
    { line: "/private/../assets/a", path: "bucket /assets/a" },
    { line: "/assets/a%2fb", path: "bucket /assets/a%2fb" },
    { line: "/a;b/c", path: "site /a;b/c" },
    { line: "/%7ea%2D/caf%c3%a9?b=%2f%2D&&a=%7E&b=1&", path: "site" },
    { line: "/a?X-Amz-Date=1&X-Amz-Credential=a%2Fb%2f&X-Amz-Signature=c%2d", path: "site" },
    { line: "/a!$'()*+,:=@?b=!$()*+,:;=@/?[]{}|^`\\&c=%zz%", path: "site" },
    { line: "/a?", path: "site /a" },
    { line: "/a?%27='", path: "site /a?%27=%27" },
    { line: "http://elsewhere.test/assets/../private", path: "site /private" },
  ])("reaches the origin of its resolved path, in the client's spelling: $line", async (row) => {
    const { line, path } = row;
    const [name, rest = line] = path.split(" ");
    for (const method of ["GET", ...(nth === 0 ? ["PUT", "GET"] : [])]) {
      expect(await sent(port(), `${method} ${line}`)).toBe(`${name} ${method} ${rest}`);
    }
  });

  it.each([
    "/assets/..%2fprivate",
    "/assets/..%5cprivate",
    "/assets/..%252fprivate",
    "/assets/..;/private",
    "/assets/%c0%ae%c0%ae/private",
    "/assets/%2%65%2%65/private",
    "/assets/..%00/private",
    "//assets/a",
    "/assets./a",
  ])("gets 400 if an origin may read its path differently: %s", async (path) => {
    for (const method of ["GET", "PUT"]) {
      expect(await sent(port(), `${method} ${path}`)).toBe("400");
    }
  });

  it("has its backslashes replaced by slashes on workerd, and gets 400 on Node", async () => {
    const said = await sent(port(), "GET /assets\\..\\private");
    expect(said).toBe(nth === 0 ? "site GET /private" : "400");
  });

  it("gets 404 on workerd and is forwarded on Node if its path leaves /_cache/ again", async () => {
    const said = await sent(port(), "GET /_cache/../private");
    expect(said).toBe(nth === 0 ? "404" : "site GET /private");
  });

  it.each(["/assets/a\u0001b", "/assets/\t../b"])(
    "gets 400 if its path has control characters: %j",
    async (path) => {
      expect(await sent(port(), `GET ${path}`)).toBe("400");
    },
  );

  it.each(["u@evil.test", "[", "a b", "h.test:99999", "a%2fb", "site.test\r\nHost: b.test"])(
    "gets 400 if its Host is invalid or repeated: %j",
    async (host) => {
      expect(await sent(port(), "GET /private", host)).toBe("400");
    },
  );

  it.each(["OPTIONS *", "GET @evil.test/x", "GET ?x"])(
    "gets 400 or a closed connection if its target is not a path or URL: %s",
    async (line) => {
      expect(await sent(port(), line)).toMatch(/^(?:400|closed)$/);
    },
  );

  it.each([
    "/assets/../_cache/stats",
    "/assets/..%2f_cache/stats",
    "/assets/..;/_cache/stats",
    "/%2%65/../_cache",
  ])("gets 400, 401 or 404 if its path may mean a path below /_cache/: %s", async (path) => {
    expect(await sent(port(), `GET ${path}`)).toMatch(/^(?:404|401|400)$/);
  });
});
