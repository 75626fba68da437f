// Compares a client that reads a new body as fast as it can: alone, and beside a client that came first
// and reads 3 KB a second, or fast.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { quantile } from "../load/figures.ts";
import type { RangesOrigin } from "./origin.ts";

/** Larger than the window, and than the buffers of a connection. */
const bodyBytes = 16 * 1_048_576;
const turns = 100;

/** Opens a download and returns once its first bytes have arrived. Then reads 3 KB a second, or at once. */
async function startReader(url: string, path: string, pace: "slow" | "fast") {
  const { host, hostname, port } = new URL(url);
  const socket: Socket = connect({ host: hostname, port: Number(port) });
  socket.on("error", () => undefined);
  socket.write(`GET ${path} HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
  await once(socket, "readable");
  if (pace === "fast") socket.resume();
  const timer = setInterval(() => pace === "slow" && socket.read(3_000), 1_000);
  const leave = () => {
    clearInterval(timer);
    socket.destroy();
  };
  return { leave };
}

/** Reads a whole body. @returns milliseconds */
async function readWhole(url: string, path: string): Promise<number> {
  const sinceMs = performance.now();
  const response = await fetch(url + path);
  let bytes = 0;
  for await (const chunk of response.body ?? []) bytes += chunk.length;
  if (bytes !== bodyBytes) throw new Error(`${path} had ${bytes} bytes.`);
  return performance.now() - sinceMs;
}

/**
 * Measures in turns, on paths of their own, so that all have the same machine. Beside another client,
 * the reader joins a download that has begun, so that the ratio to a fast neighbour is the fair one.
 */
export async function besideSlowReader(url: string, origin: RangesOrigin): Promise<string> {
  const bytes = new Uint8Array(bodyBytes);
  let text = "";
  for (const way of ["whole", "sliced"]) {
    const tookMs = { alone: [] as number[], fast: [] as number[], slow: [] as number[] };
    for (let nth = 0; nth < turns; nth += 1) {
      for (const beside of ["alone", "fast", "slow"] as const) {
        const path = `/${way}/${beside}-${nth}`;
        origin.add(path, { bytes, type: "application/octet-stream" });
        const other = beside === "alone" ? undefined : await startReader(url, path, beside);
        tookMs[beside].push(await readWhole(url, path));
        other?.leave();
      }
    }
    const said = [0.5, 0.99].map((share) => {
      const [alone, fast, slow] = [tookMs.alone, tookMs.fast, tookMs.slow].map((all) =>
        quantile(all, share),
      ) as [number, number, number];
      const ratios = `${(slow / alone).toFixed(2)} × alone, ${(slow / fast).toFixed(2)} × beside a fast one`;
      return `p${100 * share} ${slow.toFixed(0)} ms, ${ratios}`;
    });
    text += `A fast reader of 16 MiB beside one of 3 KB/s, ${way}: ${said.join("; ")}\n`;
  }
  return text;
}
