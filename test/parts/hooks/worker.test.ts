// Webhooks on workerd: the runtime's cryptography verifies each algorithm and encoding.
import { createHmac } from "node:crypto";
import { expect, it } from "vitest";
import { cacheStatusOf, rawRequest } from "../../../testing/worker/raw-request.ts";
import { worldOfFile } from "../../../testing/worker/world-of-file.ts";

const secret = "k3mQ8vRz2nLw7xTc5yBp";
const algorithms = ["sha1", "sha256", "sha512"] as const;
const encodings = ["hex", "base64", "base64url"] as const;
const schemes = algorithms.flatMap((algorithm) =>
  encodings.map((encoding) => ({ name: `${algorithm}-${encoding}`, algorithm, encoding })),
);

const config = `await (async () => {
  const { hmacSender, hooks } = await import("tidemark/hooks");
  const hook = ({ algorithm, encoding }) =>
    hmacSender({
      header: "x-signature",
      algorithm,
      encoding,
      mapping: (payload) => ({ prefixes: [payload.path] }),
    });
  const schemes = ${JSON.stringify(schemes)};
  const senders = Object.fromEntries(schemes.map((one) => [one.name, hook(one)]));
  return { parts: [operate(), hooks(senders)] };
})()`;

const secrets = schemes.map(({ name }) => [
  `HOOK_SECRET_${name.toUpperCase().replace("-", "_")}`,
  secret,
]);
const env = Object.fromEntries(secrets) as Record<string, string>;
const { url } = await worldOfFile(
  (_, response) => void response.writeHead(200, { "cache-control": "max-age=600" }).end("page"),
  { config, env },
);

it.each(schemes)(
  "a webhook signed with $name purges its prefix, and one with a wrong signature gets 401",
  async (scheme) => {
    const { name, algorithm, encoding } = scheme;
    const path = `/page-${name}`;
    const isStored = async () => cacheStatusOf(await rawRequest(url, path)).includes("hit");
    const deliver = (sent: string, signed = sent) =>
      rawRequest(url, `/_cache/hooks/${name}`, {
        method: "POST",
        headers: { "x-signature": createHmac(algorithm, secret).update(signed).digest(encoding) },
        body: sent,
      });
    await isStored();
    expect(await isStored()).toBe(true);
    const body = JSON.stringify({ path, title: "Größe" });
    expect((await deliver(`${body} `, body)).status).toBe(401);
    expect(await isStored()).toBe(true);
    const answer = await deliver(body);
    expect(JSON.parse(answer.body.toString())).toMatchObject({ targets: { prefixes: 1 } });
    expect(await isStored()).toBe(false);
  },
);
