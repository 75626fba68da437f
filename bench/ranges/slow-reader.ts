// Compares a client that reads a new body as fast as it can, alone and beside a client that came first
// and reads 3 KB a second.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { quantile } from "../load/figures.ts";
import type { RangesOrigin } from "./origin.ts";

/** Larger than the window, and than the buffers of a connection. */
const bodyBytes = 16 * 1_048_576;
const turns = 100;

/** Returns once the first bytes have arrived, and then reads 3 KB a second. */
async function startSlowReader(url: string, path: string): Promise<{ leave: () => void }> {
  const { host, hostname, port } = new URL(url);
  const socket: Socket = connect({ host: hostname, port: Number(port) });
  socket.on("error", () => undefined);
  socket.write(`GET ${path} HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
  await once(socket, "readable");
  const timer = setInterval(() => socket.read(3_000), 1_000);
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

/** Takes both measurements in turns, on paths of their own, so that both have the same machine. */
export async function besideSlowReader(url: string, origin: RangesOrigin): Promise<string> {
  const bytes = new Uint8Array(bodyBytes);
  let text = "";
  for (const way of ["whole", "sliced"]) {
    const [alone, beside]: [number[], number[]] = [[], []];
    for (let nth = 0; nth < turns; nth += 1) {
      const paths = [`/${way}/alone-${nth}`, `/${way}/beside-${nth}`] as const;
      for (const path of paths) origin.add(path, { bytes, type: "application/octet-stream" });
      alone.push(await readWhole(url, paths[0]));
      const slow = await startSlowReader(url, paths[1]);
      beside.push(await readWhole(url, paths[1]));
      slow.leave();
    }
    const said = [0.5, 0.99].map((share) => {
      const [one, other] = [quantile(alone, share), quantile(beside, share)];
      return `p${100 * share} ${one.toFixed(0)} ms alone, ${other.toFixed(0)} ms beside, ${(other / one).toFixed(2)} ×`;
    });
    text += `A fast reader of 16 MiB beside one of 3 KB/s, ${way}: ${said.join("; ")}\n`;
  }
  return text;
}
