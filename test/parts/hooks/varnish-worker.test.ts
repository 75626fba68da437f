// The dialect of Varnish on workerd: which methods of its clients arrive, and what they purge.
import { expect, it } from "vitest";
import { cacheStatusOf, rawRequest } from "../../../testing/worker/raw-request.ts";
import { worldOfFile } from "../../../testing/worker/world-of-file.ts";

const token = "k3mQ8vRz2nLw7xTc5yBp";
const config = `await (async () => {
  const { varnish } = await import("tidemark/hooks");
  return { parts: [operate(), varnish({ tokenHeader: "x-purge-token" })] };
})()`;
const { url, origin } = await worldOfFile(
  (_, response) =>
    void response
      .writeHead(200, { "cache-control": "max-age=600", "x-magento-tags": "cat_p_1,FPC" })
      .end("page"),
  { config, env: { HOOK_SECRET_VARNISH: token } },
);

const isStored = async (path: string) =>
  cacheStatusOf(await rawRequest(url, path)).includes("; hit");
const send = (method: string, path: string, headers: Record<string, string>) =>
  rawRequest(url, path, { method, headers });

it.each([
  {
    method: "PURGE",
    to: "/",
    fields: { "x-magento-tags-pattern": "((^|,)cat_p_1(,|$))" },
  },
  { method: "BAN", to: "/", fields: { "x-host": ".*", "x-url": "^/page-.*" } },
])("a $method of $to arrives, and purges with the token alone: $fields", async (row) => {
  const { method, to, fields } = row;
  const path = "/page-1";
  await isStored(path);
  expect(await isStored(path)).toBe(true);
  const forwards = origin.seen.length;
  expect((await send(method, to, { ...fields, "x-purge-token": `${token}x` })).status).toBe(403);
  expect(await isStored(path)).toBe(true);
  const answer = await send(method, to, { ...fields, "x-purge-token": token });
  expect([answer.status, origin.seen.length]).toEqual([200, forwards]);
  expect(await isStored(path)).toBe(false);
});

it("a PURGEKEYS does not arrive: workerd answers it", async () => {
  const answer = await send("PURGEKEYS", "/", { "xkey-purge": "FPC", "x-purge-token": token });
  expect(answer.status).toBe(501);
});
