// Tests the proxy's meaningless answers. Each outage test fails if its own behaviour has no effect,
// so the other behaviours need no test here.
import { expect, it } from "vitest";
import { together } from "../../local/running.ts";
import { startScriptedOrigin } from "../../testing/fakes/scripted-origin.ts";
import { rawRequest } from "../../testing/worker/raw-request.ts";
import { rubbishBodies } from "./behaviour.ts";
import { TcpProxy } from "./tcp-proxy.ts";

it("sends meaningless bodies in well-formed HTTP until the proxy is open again", async () => {
  await together(async (running) => {
    const origin = await running.add(
      startScriptedOrigin((_, response) => void response.end("page")),
    );
    const proxy = await running.add(TcpProxy.start(origin.url));
    await proxy.become({ kind: "rubbish", seed: 1 });
    const bodies: string[] = [];
    for (let turn = 0; turn < 5; turn += 1) {
      const sent = { method: "POST", body: "x".repeat(300_000) };
      const answer = await rawRequest(proxy.url, "/", sent);
      expect([answer.status, answer.isCut]).toEqual([200, false]);
      bodies.push(answer.body.toString());
    }
    expect(rubbishBodies).toEqual(expect.arrayContaining(bodies));
    expect(new Set(bodies).size).toBeGreaterThan(1);
    await proxy.become({ kind: "open" });
    expect((await rawRequest(proxy.url, "/")).body.toString()).toBe("page");
  });
});
