// Tests outward purges with a real Varnish in front of three colos, in real time. The colo that accepts
// a purge is not behind Varnish, so Varnish could store the old page again.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { freePort } from "../../../local/free-port.ts";
import { isVarnishInstalled, startVarnish } from "./varnish-server.ts";
import { rawRequest } from "../../../testing/worker/raw-request.ts";
import { adminToken, sleep, until } from "../../../testing/worker/world.ts";
import { beginJournal, worldOfFile } from "../../../testing/worker/world-of-file.ts";

const secret = "kq7RwZ2mVx9TtB4nLc8Y";
const purge = { maxLagSeconds: 2, clockAllowanceSeconds: 0.5 };
const dueAfterMs = 2_500;
const page = readFileSync("docs/outward.md", "utf8");
const [, vcl = ""] = /```vcl\n(.*?)```/s.exec(page) ?? [];
const [, target = ""] = /varnish: (purgeRequests\(\{.*?\n {6}\}\)),/s.exec(page) ?? [];
const [, headers = ""] = /^const headers = (.*);$/m.exec(page) ?? [];

const varnishPort = await freePort();
const varnishUrl = `http://127.0.0.1:${varnishPort}`;
let version = 1;

const world = await worldOfFile(
  (_, response) =>
    void response.writeHead(200, { "cache-control": "max-age=600" }).end(`version ${version}`),
  {
    colos: 4,
    env: { OUTWARD_SECRET_VARNISH: secret },
    // The configuration and the VCL of docs/outward.md.
    config: `await (async () => {
      const { outward, purgeRequests } = await import("tidemark/outward");
      const headers = ${headers};
      const varnish = ${target.replace(/servers: \[[^\]]*\]/, `servers: ["${varnishUrl}"]`)};
      return { cacheInFront: true, purge: ${JSON.stringify(purge)}, parts: [operate(), outward({ varnish })] };
    })()`,
  },
);
const [accepting, ...behind] = world.colos;

const bearer = { authorization: `Bearer ${adminToken}` };
const seen = async () =>
  (await rawRequest(varnishUrl, "/a?b=1", { headers: { host: "site.test" } })).body.toString();

/** Returns whether Varnish has confirmed all purges. */
async function isDelivered(): Promise<boolean> {
  const { body } = await rawRequest(accepting!.url, "/_cache/outward", { headers: bearer });
  const { targets } = JSON.parse(body.toString()) as {
    targets: { waiting: number; reset: unknown; cursor: unknown }[];
  };
  return targets.every(
    ({ waiting, reset, cursor }) => waiting === 0 && reset === null && cursor !== null,
  );
}

it.runIf(isVarnishInstalled)(
  "after a publish, Varnish shows no old page once the purge was delivered",
  async () => {
    const backends = behind.map(({ url }) => Number(new URL(url).port));
    const varnish = await startVarnish(
      varnishPort,
      backends,
      vcl.replace("the value of OUTWARD_SECRET_VARNISH", secret),
    );
    try {
      await beginJournal(world);
      const lagsMs: number[] = [];
      for (let publish = 1; publish <= 4; publish += 1) {
        const before = `version ${version}`;
        await until(async () => (await seen()) === before, before);
        expect(await seen()).toBe(before);
        version += 1;
        const order = JSON.stringify({ urls: ["http://site.test/a?b=1"] });
        const init = { method: "POST", headers: bearer, body: order };
        expect((await rawRequest(accepting!.url, "/_cache/purge", init)).status).toBe(200);
        const acceptedAtMs = Date.now();
        await until(async () => {
          await seen();
          await sleep(100);
          return isDelivered();
        }, "the delivery");
        expect(await seen()).toBe(`version ${version}`);
        lagsMs.push(Date.now() - acceptedAtMs);
      }
      console.log(
        `Varnish had the new page after ${lagsMs.join(", ")} ms; due after ${dueAfterMs} ms.`,
      );
    } finally {
      await varnish.stop();
    }
  },
);
