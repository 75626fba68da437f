// The dialect of Varnish on Node: which methods of its clients arrive, and whose address counts.
import { afterEach, expect, it } from "vitest";
import { type NodeSite, startNodeSite } from "../../../testing/node/node-site.ts";
import { exchange } from "../../../testing/node/raw-client.ts";
import { type RawOrigin, startRawOrigin } from "../../../testing/node/raw-origin.ts";
import { varnish } from "../../../src/parts/hooks/hooks.ts";
import type { WrittenConfig } from "../../../src/config/written.ts";

let site: NodeSite | undefined;
let origin: RawOrigin | undefined;
afterEach(async () => {
  await site?.stop();
  await origin?.stop();
});

const page = "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 4\r\n\r\npage";

/** Sends a request, and returns the status and the code of the error. */
async function send(config: WrittenConfig, method: string, lines: readonly string[] = []) {
  origin = await startRawOrigin(() => ({ bytes: page }));
  site = await startNodeSite(config, { ORIGIN_URL: origin.url });
  const fields = ["Host: site.test", ...lines, "Connection: close"].join("\r\n");
  const [reply] = await exchange(site.url, [`${method} /a HTTP/1.1\r\n${fields}\r\n\r\n`]);
  const [, code] = /"code":"([\w-]+)"/.exec(reply?.body.toString() ?? "") ?? [];
  return { status: reply?.status, code, forwards: origin.seen.length };
}

// The site has no journal, so an accepted sender gets 503.
const accepted = { status: 503, code: "unavailable", forwards: 0 };
const refused = { status: 403, code: "not-allowed", forwards: 0 };
const claims = ["X-Forwarded-For: 203.0.113.7", "CF-Connecting-IP: 203.0.113.7"];

it.each([
  { id: "the connection", addresses: ["127.0.0.1"], lines: [], expected: accepted },
  {
    id: "X-Forwarded-For, untrusted",
    addresses: ["203.0.113.7"],
    lines: claims,
    expected: refused,
  },
  {
    id: "X-Forwarded-For of a trusted proxy",
    addresses: ["203.0.113.7"],
    lines: claims,
    trustProxy: 1,
    expected: accepted,
  },
  {
    id: "the proxy itself, which is not the sender",
    addresses: ["127.0.0.1"],
    lines: claims,
    trustProxy: 1,
    expected: refused,
  },
])("a PURGE counts as sent from $id", async ({ addresses, lines, trustProxy, expected }) => {
  const parts = [varnish({ addresses })];
  expect(await send({ parts, trustProxy }, "PURGE", lines)).toEqual(expected);
});

it.each(["BAN", "PURGEKEYS"])("a %s does not arrive: Node's parser refuses it", async (method) => {
  const parts = [varnish({ addresses: ["127.0.0.1"] })];
  expect(await send({ parts }, method)).toEqual({ status: 400, code: undefined, forwards: 0 });
});
