// Outward purges on workerd: its `fetch` sends methods such as BAN, and its cryptography signs.
import { createServer } from "node:net";
import { afterAll, expect, it } from "vitest";
import { listening } from "../../../testing/listening.ts";
import { rawRequest } from "../../../testing/worker/raw-request.ts";
import { worldOfFile } from "../../../testing/worker/world-of-file.ts";
import { adminToken } from "../../../testing/worker/world.ts";

const asked: string[] = [];
// Node's HTTP server refuses BAN, so this server reads heads itself.
const server = createServer((socket) => {
  socket.on("error", () => undefined);
  socket.once("data", (bytes) => {
    const head = bytes.toString();
    const [, line = ""] = /^(.*) HTTP/.exec(head) ?? [];
    const [, signature = "none"] = /^(?:webhook-signature|x-token): (...)/im.exec(head) ?? [];
    asked.push(`${line} ${signature}`);
    socket.end("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok");
  });
});
const { url: origin, stop } = await listening(server);
afterAll(stop);

const config = `await (async () => {
  const { outward, purgeRequests, signedWebhook } = await import("tidemark/outward");
  const template = { path: "/ban", headers: { "x-token": "{secret}" } };
  const everything = { ...template, method: "BAN" };
  const servers = [${JSON.stringify(origin)}];
  const byTags = { ...template, path: "/purge/{tags}" };
  const targets = {
    varnish: purgeRequests({ servers, everything, byTags, tags: true, alsoAtOnce: true }),
    search: signedWebhook({ url: servers[0] + "/hook", alsoAtOnce: true }),
  };
  return { parts: [operate(), outward(targets)] };
})()`;
const env = {
  OUTWARD_SECRET_VARNISH: "kq7RwZ2mVx9TtB4nLc8Y",
  OUTWARD_SECRET_SEARCH: "whsec_Pgl4vj9dOMdPFMjzq42CcM/HYgd0fya2",
};
const { url } = await worldOfFile((_, response) => void response.end("page"), { config, env });

const purge = (order: object) =>
  rawRequest(url, "/_cache/purge", {
    method: "POST",
    headers: { authorization: `Bearer ${adminToken}` },
    body: JSON.stringify(order),
  });

/** Waits for these requests. The first read of an empty journal may also cause a BAN. */
async function arrived(...wanted: readonly string[]): Promise<void> {
  while (!wanted.every((one) => asked.includes(one))) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  asked.length = 0;
}

it("a purge reaches the targets, with the methods and signatures that they expect", async () => {
  expect((await purge({ tags: ["a"] })).status).toBe(200);
  await arrived("POST /hook v1,", "PURGE /purge/a kq7");
  await purge({ everything: true });
  await arrived("BAN /ban kq7", "POST /hook v1,");
});
