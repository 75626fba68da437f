// Tests `npm start` as a user runs it: its output, its refusals, and its end.
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { rawRequest } from "../../testing/worker/raw-request.ts";
import { endAll, ended, freePorts, isOpen, startRun, told } from "./runs.ts";

const script = fileURLToPath(new URL("../../local/start.ts", import.meta.url));
const start = (args: readonly string[], env: Record<string, string> = {}) =>
  startRun(script, args, { env });

afterEach(endAll);

describe("npm start", () => {
  it("prints its addresses, runs next to another run, and closes its ports", async () => {
    const [port, otherPort] = [await freePorts(), await freePorts()];
    const first = start(["--port", String(port), "--colos", "2"], {
      ADMIN_TOKEN: "9c41e07f5bd2a386-given",
    });
    await told(first, "/_cache/stats\n");
    expect(first.output()).toContain(`http://127.0.0.1:${port}`);
    expect(first.output()).toContain(`http://127.0.0.1:${port + 1}`);
    expect(first.output()).toMatch(/PURGE_SECRET=whsec_\S+/);
    expect(first.output()).not.toMatch(/^ *ADMIN_TOKEN=/m);
    expect(first.output()).toContain(
      "ADMIN_TOKEN is that of your shell, which wins over .dev.vars.\n",
    );
    expect(first.output().match(/^ {2}curl /gm)).toHaveLength(4);
    expect(first.output()).toContain("/_cache/purge");
    const stats = await rawRequest(`http://127.0.0.1:${port}`, "/_cache/stats", {
      headers: { authorization: "Bearer 9c41e07f5bd2a386-given" },
    });
    expect(stats.status).toBe(200);
    const [token = ""] = /tm1\.read\.\S+/.exec(first.output()) ?? [];
    const part = await rawRequest(`http://127.0.0.1:${port}`, "/_cache/dashboard/overview", {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(part.status).toBe(200);

    const second = start(["--port", String(otherPort)]);
    await told(second, "/_cache/stats\n");
    expect((await rawRequest(`http://127.0.0.1:${otherPort}`, "/feed")).status).toBe(200);

    expect(await ended(first.child, "SIGINT")).toBe(0);
    expect(await isOpen(port)).toBe(false);
    expect(await isOpen(port + 1)).toBe(false);
    expect(await ended(second.child, "SIGTERM")).toBe(0);
    const ports = [...first.output().matchAll(/http:\/\/127\.0\.0\.1:(\d+)/g)];
    for (const [, used] of ports) expect(await isOpen(Number(used))).toBe(false);
    expect(first.errors() + second.errors()).toBe("");
  });

  it("starts although its origin is down, and answers 502", async () => {
    const port = await freePorts();
    const refused = start(["--port", String(port), "--origin", "http://127.0.0.1:9"]);
    await told(refused, "/_cache/stats\n");
    expect((await rawRequest(`http://127.0.0.1:${port}`, "/")).status).toBe(502);
    expect(await ended(refused.child, "SIGINT")).toBe(0);
  });

  it("warns of unreachable routes and of an unusable ADMIN_TOKEN", async () => {
    const folder = await mkdtemp(join(tmpdir(), "tidemark-test-"));
    const config = join(folder, "my.config.json");
    const routes = [
      { name: "any", match: "/:any" },
      { name: "one", match: "/one" },
      { name: "shop", match: "shop.test/*" },
      { name: "other", match: "other.test/*" },
    ];
    await writeFile(config, JSON.stringify({ routes }));
    const args = ["--port", String(await freePorts()), "--config", config];
    const run = start(args, {
      ADMIN_TOKEN: "s3cret",
      PURGE_SECRET: "",
      SITE_HOST: "www.test shop.test",
    });
    await told(run, "/_cache/stats\n");
    expect(await ended(run.child, "SIGINT")).toBe(0);
    await rm(folder, { recursive: true });
    expect(run.errors().trim().split("\n")).toEqual([
      expect.stringMatching(/^Warning: ADMIN_TOKEN is not usable/),
      expect.stringMatching(/^Warning: Route "one" is never reached\./),
      expect.stringMatching(/^Warning: Route "other" is never reached\. SITE_HOST /),
    ]);
    expect(run.errors()).not.toContain("s3cret");
  });

  it("takes secrets of hooks from the shell", async () => {
    const folder = await mkdtemp(join(tmpdir(), "tidemark-test-"));
    const config = join(folder, "tidemark.config.ts");
    const hooks = fileURLToPath(new URL("../../src/parts/hooks/hooks.ts", import.meta.url));
    const shop = "shopify()";
    await writeFile(
      config,
      `import { hooks, shopify } from "${hooks}"; export default { parts: [hooks({ shop: ${shop} })] };`,
    );
    const args = ["--port", String(await freePorts()), "--config", config];
    const run = start(args, { HOOK_SECRET_SHOP: "s3cret" });
    await told(run, "/_cache/stats\n");
    expect(await ended(run.child, "SIGINT")).toBe(0);
    await rm(folder, { recursive: true });
    expect(run.errors()).toContain("It has fewer than 16 characters");
  });

  it("lists its options with --help", async () => {
    const run = start(["--help"]);
    expect(await ended(run.child)).toBe(0);
    for (const option of ["origin", "port", "colos", "redis", "allowed-host", "config", "help"]) {
      expect(run.output()).toContain(`--${option}`);
    }
  });
});

describe("npm start with an unusable argument", () => {
  it.each([
    ["--port http", /--port is invalid.*whole number/],
    ["--redis redis://:hidden@127.0.0.1:9", /127\.0\.0\.1:9/],
    ["--config package.json", /"name".* is not a field of/],
    ["--config /nowhere.ts", /nowhere\.ts cannot be used/],
  ])("ends with 1 and one line: %s", async (args, says) => {
    const run = start(args.split(" "));
    expect(await ended(run.child)).toBe(1);
    expect(run.errors()).toMatch(says);
    expect(run.errors().trim().split("\n")).toHaveLength(1);
    expect(run.errors()).not.toContain("hidden");
  });

  it("ends with 1 and one line if the port is in use", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const run = start(["--port", String(port)]);
    expect(await ended(run.child)).toBe(1);
    expect(run.errors()).toMatch(new RegExp(`^Port ${port} cannot be used. Another process`));
    expect(run.errors().trim().split("\n")).toHaveLength(1);
    server.close();
  });
});
