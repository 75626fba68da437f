// Webhooks on workerd: each algorithm and encoding by the runtime's own cryptography, and purges that are seen.
import { createHmac } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ScriptedOrigin, startScriptedOrigin } from "../../testing/fakes/scripted-origin.ts";
import { cacheStatusOf, rawRequest } from "../../testing/worker/raw-request.ts";
import { startWorld, type World } from "../../testing/worker/world.ts";

const secret = "k3mQ8vRz2nLw7xTc5yBp";
const algorithms = ["sha1", "sha256", "sha512"] as const;
const encodings = ["hex", "base64", "base64url"] as const;
const schemes = algorithms.flatMap((algorithm) =>
  encodings.map((encoding) => ({ name: `${algorithm}-${encoding}`, algorithm, encoding })),
);

const config = `await (async () => {
  const { hmacSender } = await import("tidemark/senders");
  const hook = ({ algorithm, encoding }) =>
    hmacSender({
      header: "x-signature",
      algorithm,
      encoding,
      maxBytes: 100_000,
      mapping: (payload) => ({ prefixes: [payload.path] }),
    });
  const schemes = ${JSON.stringify(schemes)};
  return { hooks: Object.fromEntries(schemes.map((one) => [one.name, hook(one)])) };
})()`;

let origin: ScriptedOrigin;
let world: World;

beforeAll(async () => {
  origin = await startScriptedOrigin((_, response) => {
    response.writeHead(200, { "cache-control": "max-age=600" });
    response.end("page");
  });
  const secrets = schemes.map(({ name }) => [
    `HOOK_SECRET_${name.toUpperCase().replace("-", "_")}`,
    secret,
  ]);
  const env = Object.fromEntries(secrets) as Record<string, string>;
  world = await startWorld({ originUrl: origin.url, config, env });
});

afterAll(async () => {
  await world.stop();
  await origin.stop();
});

describe.each(schemes)("$name", ({ name, algorithm, encoding }) => {
  const url = () => world.colos[0]!.url;
  const deliver = (sent: string, signed = sent) =>
    rawRequest(url(), `/_cache/hooks/${name}`, {
      method: "POST",
      headers: { "x-signature": createHmac(algorithm, secret).update(signed).digest(encoding) },
      body: sent,
    });

  it("purges what is signed, and nothing else", async () => {
    const path = `/page-${name}`;
    const stored = async () => cacheStatusOf(await rawRequest(url(), path)).includes("hit");
    await stored();
    expect(await stored()).toBe(true);
    const body = JSON.stringify({ path, title: "Größe" });
    expect((await deliver(`${body} `, body)).status).toBe(401);
    expect(await stored()).toBe(true);
    const answer = await deliver(body);
    expect(JSON.parse(answer.body.toString())).toMatchObject({ targets: { prefixes: 1 } });
    expect(await stored()).toBe(false);
  });

  it("takes a body up to its bound", async () => {
    const sized = (length: number) => `"${"x".repeat(length - 2)}"`;
    expect((await deliver(sized(100_000))).status).toBe(500);
    expect((await deliver(sized(100_001))).status).toBe(413);
  });
});
