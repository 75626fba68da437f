// Measures the memory of `Headers` objects. The runtime keeps it outside the heap and does not
// report it, so the figure is the growth of a process that creates many objects.
import { startColo } from "../../local/colo.ts";
import { workerdMebibytes } from "../../testing/worker/process-memory.ts";

const perRequest = 1_000;
const warmingRequests = 20;
const measuredRequests = 60;

const worker = (fieldCount: number, valueLength: number) => `
  const value = "v".repeat(${valueLength});
  const fields = Array.from({ length: ${fieldCount} }, (_, at) => ["x-field-" + at, value]);
  const base = new Headers(fields);
  const held = [];
  export default {
    fetch() {
      for (let at = 0; at < ${perRequest}; at += 1) held.push(new Headers(base));
      return new Response();
    },
  };
`;

/**
 * Returns the number of bytes of each `Headers` object. No other runtime of this process may run
 * meanwhile.
 */
export async function headersBytes(fieldCount: number, valueLength: number): Promise<number> {
  const script = worker(fieldCount, valueLength);
  const colo = await startColo({ name: "headers", worker: script, port: 0, env: {} });
  try {
    await askTimes(colo.url, warmingRequests);
    const before = workerdMebibytes();
    await askTimes(colo.url, measuredRequests);
    const grownBytes = (workerdMebibytes() - before) * 1_048_576;
    return grownBytes / (measuredRequests * perRequest);
  } finally {
    await colo.stop();
  }
}

async function askTimes(url: string, times: number): Promise<void> {
  for (let at = 0; at < times; at += 1) await (await fetch(url)).arrayBuffer();
}
