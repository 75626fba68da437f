// Tests QUERY on workerd: its content is read, keyed, and reaches the origin as sent.
import { afterAll, expect, it } from "vitest";
import { bundledText } from "../../../testing/bundled-text.ts";
import { Running } from "../../../local/running.ts";
import { startScriptedOrigin } from "../../../testing/fakes/scripted-origin.ts";
import { startWorld } from "../../../testing/worker/world.ts";

const running = new Running();
afterAll(() => running.stop());
const asked: string[] = [];
const origin = await running.add(
  startScriptedOrigin((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method, headers } = request;
      const text = Buffer.concat(chunks).toString();
      asked.push(`${method} ${headers["content-type"]} ${headers["content-length"]} ${text}`);
      response.writeHead(200, { "cache-control": "max-age=600" });
      response.end(text);
    });
  }),
);
const contents = `
  import { defineConfig } from "./src/tidemark.ts";
  import { query } from "./src/parts/query/query.ts";
  import { createWorker } from "./src/worker.ts";
  const routes = [{ name: "search", match: "/*", use: [query("json")] }];
  export default createWorker(defineConfig({ routes }));
`;
const worker = await bundledText(contents);
const world = await running.add(startWorld({ originUrl: origin.url, worker }));
const { url } = world.colos[0]!;

async function ask(body: string) {
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${url}/search`, { method: "QUERY", headers, body });
  return [await response.text(), response.headers.get("cache-status") ?? ""];
}

it("answers equal contents from the cache, and forwards others as they are", async () => {
  const [first, again] = ['{"a": "ü", "b": 1}', '{"b":1,"a":"ü"}'];
  expect(await ask(first)).toEqual([first, expect.stringContaining("stored")]);
  expect(await ask(again)).toEqual([first, expect.stringContaining("hit")]);
  const large = JSON.stringify("x".repeat(65_536));
  for (let nth = 0; nth < 2; nth += 1) {
    expect(await ask(large)).toEqual([large, expect.stringContaining("detail=unkeyed-content")]);
  }
  expect(asked).toEqual([
    `QUERY application/json 19 ${first}`,
    `QUERY application/json 65538 ${large}`,
    `QUERY application/json 65538 ${large}`,
  ]);
});
